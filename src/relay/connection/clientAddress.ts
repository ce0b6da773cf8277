import type { Socket } from 'node:net';
import { formatAddress } from '../../config/address.js';
import { plainIp } from '../../protocol/ipAddress.js';
import type { ClientEnds } from '../../protocol/proxyHeader.js';

/** The address of a client. */
export interface ClientAddress {
  /** Its IP address, or "unix". */
  readonly host: string;
  /** The form for records and the log: with its port, if it has one. */
  readonly text: string;
  /** Both ends of its connection; null if it has no IP address. */
  readonly ends: ClientEnds | null;
}

/** A client over a Unix socket. Every user who may open the socket's file can be one. */
const LOCAL: ClientAddress = { host: 'unix', text: 'unix', ends: null };

/** The address at the other end of an accepted connection. */
export function clientAddressAt({ remoteAddress, remotePort, localAddress, localPort }: Socket): ClientAddress {
  if (remoteAddress === undefined || localAddress === undefined) return LOCAL;
  return clientAddressOf({
    source: { host: plainIp(remoteAddress), port: remotePort ?? 0 },
    destination: { host: plainIp(localAddress), port: localPort ?? 0 },
  });
}

/** The client whose connection has these ends. */
export function clientAddressOf(ends: ClientEnds): ClientAddress {
  return { host: ends.source.host, text: formatAddress(ends.source), ends };
}
