import { Capability } from './capabilities.js';

// An SSLRequest is the front of a HandshakeResponse41 with the capability flag SSL: flags, largest packet, collation,
// filler. Servers take the flags from it and not from the HandshakeResponse that follows inside TLS. (MySQL manual,
// "Protocol::SSLRequest"; MySQL 9.7, `parse_client_handshake_packet`.)

const SSL_REQUEST_BYTES = 32;
const SSL = Number(Capability.SSL);

/** Whether a client's first packet asks for TLS. Servers ignore its length. */
export function isSslRequest(payload: Buffer): boolean {
  return payload.length >= 4 && (payload.readUInt32LE(0) & SSL) !== 0;
}

/** The payload of the SSLRequest that precedes this HandshakeResponse41. */
export function sslRequestFor(response: Buffer): Buffer {
  return withSsl(response.subarray(0, SSL_REQUEST_BYTES));
}

/** A copy of a HandshakeResponse41's payload with the SSL flag, as a client sends it inside TLS. */
export function withSsl(response: Buffer): Buffer {
  return withFlags(response, response.readUInt32LE(0) | SSL);
}

/**
 * A copy of a payload that came inside TLS, without the SSL flag and with the flags of the SSLRequest, which are those
 * that count.
 */
export function withoutSsl(response: Buffer, sslRequest: Buffer): Buffer {
  return response.length < 4 ? response : withFlags(response, sslRequest.readUInt32LE(0) & ~SSL);
}

function withFlags(payload: Buffer, flags: number): Buffer {
  const changed = Buffer.from(payload);
  changed.writeUInt32LE(flags >>> 0, 0);
  return changed;
}
