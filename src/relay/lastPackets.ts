import { encodeErr } from '../protocol/packets.js';

// What a client gets where the server's own answer is not going to come.

/** The packets that a client gets before its connection is closed; null where there is none. */
export interface LastPackets {
  /** Ends the response under way. */
  readonly end: Buffer | null;
  /** Answers a command that does not go to the server. */
  readonly refusal: Buffer | null;
}

/** ER_NET_READ_ERROR, of the class that drivers and pools take for a lost connection. */
const SERVER_LOST = { code: 1158, sqlState: '08S01' };

/**
 * For a command that did not run, and a connection that closes: pools have to take it for lost. (1927 is MariaDB's
 * ER_CONNECTION_KILLED, which SQLAlchemy knows; JDBC pools go by class 08.)
 */
const NOT_RUN = { code: 1927, sqlState: '08S01' };

/** The answer to a command that waited behind the rest of a cut response, which was given up for this reason. */
export function notRunPacket(reason: string): Buffer {
  const message = `sluice: ${reason}, so this command was not run and the connection is closed; ` +
    'give the statement before it a LIMIT, or let Sluice stop such statements (kill)';
  return encodeErr(1, { ...NOT_RUN, message });
}

/** The error that takes the place of all that was held back of a response whose end is not going to come. */
export function heldLostPacket(sequenceId: number): Buffer {
  const message = 'sluice: the server closed the connection before the end of this result, of which nothing was sent ' +
    '(onExceed hold); connect again';
  return encodeErr(sequenceId, { ...SERVER_LOST, message });
}

/** The error that takes the place of a request for a file that the client must not see. */
export function unaskedFilePacket(sequenceId: number): Buffer {
  const message = 'sluice: the server asked for a file that no LOAD DATA LOCAL of this client has offered; ' +
    'the connection is closed';
  return encodeErr(sequenceId, { ...SERVER_LOST, message });
}
