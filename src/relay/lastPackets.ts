import { encodeErr } from '../protocol/packets.js';

// What a client gets where the server's own answer is not going to come.

/** ER_NET_READ_ERROR, of the class that drivers and pools take for a lost connection. */
const SERVER_LOST = { code: 1158, sqlState: '08S01' };

/** The error that takes the place of all that was held back of a response whose end is not going to come. */
export function heldLostPacket(sequenceId: number): Buffer {
  const message = 'sluice: the server closed the connection before the end of this result, of which nothing was sent ' +
    '(onExceed hold); connect again';
  return encodeErr(sequenceId, { ...SERVER_LOST, message });
}

/** The error that takes the place of a request for a file that the client must not see. */
export function unaskedFilePacket(sequenceId: number): Buffer {
  const message = 'sluice: the server asked for a file that no LOAD DATA LOCAL of this client has offered; the connection is closed';
  return encodeErr(sequenceId, { ...SERVER_LOST, message });
}
