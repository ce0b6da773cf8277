import type { Socket } from 'node:net';
import { encodeErr } from '../../protocol/packets.js';

/** ER_CONNECT_TO_FOREIGN_DATA_SOURCE: a server that another server needs cannot be had. */
export const UPSTREAM_UNAVAILABLE = 1429;
/** ER_CON_COUNT_ERROR. */
const TOO_MANY_CONNECTIONS = 1040;

/** The ERR packet for a client whose upstream server cannot be had. It takes the place of the greeting. */
export function upstreamUnavailable(message: string): Buffer {
  return beforeGreeting(UPSTREAM_UNAVAILABLE, message);
}

/** The ERR packet for a client that is one too many. It takes the place of the greeting. */
export function tooManyConnections(max: number): Buffer {
  return beforeGreeting(TOO_MANY_CONNECTIONS, `Too many connections: connections.max is ${max}`);
}

/** Before the greeting no capability is agreed, so an ERR packet carries no SQLSTATE. (MySQL 9.7, `net_send_error`.) */
function beforeGreeting(code: number, message: string): Buffer {
  return encodeErr(0, { code, sqlState: '', message: `sluice: ${message}` });
}

/** A client that does not read its refusal is not waited for any longer. */
const REFUSAL_TIMEOUT_MS = 2000;

/** Sends a client its last packet, then closes. */
export function refuse(client: Socket, packet: Buffer): void {
  const timer = setTimeout(() => client.destroy(), REFUSAL_TIMEOUT_MS);
  client.on('close', () => clearTimeout(timer));
  client.end(packet, () => client.destroy());
}
