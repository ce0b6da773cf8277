import { encodeErr } from '../../protocol/packets.js';
import { CONNECTION_FAILURE, ServerErrors } from '../../protocol/errorCodes.js';

// The packets that a client gets when the server's own answer will not come.

/** The packets that a client gets before its connection is closed; null for a packet that is not sent. */
export interface LastPackets {
  /** Ends the response under way. */
  readonly end: Buffer | null;
  /** Answers a command to which the client has got nothing of an answer. */
  readonly refusal: Buffer | null;
}

/** The client gets no packet but those that were decided before. */
export const NO_LAST_PACKETS: LastPackets = { end: null, refusal: null };

/**
 * The error for a command that is not run, before the connection closes. Pools must give up the connection: SQLAlchemy
 * goes by the error number, JDBC pools by the class of the SQLSTATE.
 */
const NOT_RUN = { code: ServerErrors.CONNECTION_KILLED.code, sqlState: CONNECTION_FAILURE };

/** The reason why a command waits that will not be answered. */
export type Waiting =
  /** The command waits for the rest of a cut response, and Sluice still has the command. */
  | 'kept'
  /** The same, but the server got the command before the cut. So it is not known whether the command was run. */
  | 'sentAhead'
  /** The command waits for the outcome of the attempt to kill the statement before it. Sluice still has the command. */
  | 'killing';

const NOT_SENT = 'this command was not run';
const FATES: Readonly<Record<Waiting, { readonly fate: string; readonly remedy: string }>> = {
  kept: { fate: NOT_SENT, remedy: 'give the statement before it a LIMIT, or let Sluice stop such statements (kill)' },
  sentAhead: {
    fate: 'whether this command, which was sent ahead, was run is not known',
    remedy: 'give the statement before it a LIMIT, or wait for its end before the next',
  },
  killing: { fate: NOT_SENT, remedy: 'connect again, and give the statement before it a LIMIT' },
};

/** Returns the answer to a command that waits in vain, with the reason. */
export function notRunPacket(reason: string, waiting: Waiting): Buffer {
  const { fate, remedy } = FATES[waiting];
  return encodeErr(1, { ...NOT_RUN, message: `sluice: ${reason}, so ${fate} and the connection is closed; ${remedy}` });
}

/** Returns the error for a command whose session is ended on request. */
export function endedPacket(sequenceId: number): Buffer {
  const message = 'sluice: the session was ended on request at the admin endpoint; connect again';
  return encodeErr(sequenceId, { ...NOT_RUN, message });
}

/** Returns the error that replaces all held back rows of a response whose end will not come. */
export function heldLostPacket(sequenceId: number): Buffer {
  const message = 'sluice: the server closed the connection before the end of this result, of which nothing was sent ' +
    '(onExceed hold); connect again';
  return encodeErr(sequenceId, { ...ServerErrors.NET_READ_ERROR, message });
}

/** Returns the error that replaces a request for a file that the client must not see. */
export function unaskedFilePacket(sequenceId: number): Buffer {
  const message = 'sluice: the server asked for a file that no LOAD DATA LOCAL of this client has offered; ' +
    'the connection is closed';
  return encodeErr(sequenceId, { ...ServerErrors.NET_READ_ERROR, message });
}
