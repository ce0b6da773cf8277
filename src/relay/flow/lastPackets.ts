import { encodeErr } from '../../protocol/packets.js';
import { CONNECTION_FAILURE, ServerErrors } from '../../protocol/errorCodes.js';

// What a client gets where the server's own answer is not going to come.

/** The packets that a client gets before its connection is closed; null where there is none. */
export interface LastPackets {
  /** Ends the response under way. */
  readonly end: Buffer | null;
  /** Answers a command that does not go to the server. */
  readonly refusal: Buffer | null;
}

/**
 * Answers a command that is not run, before the connection closes. Pools must give the connection up: SQLAlchemy
 * goes by the number, JDBC pools go by the class of the SQLSTATE.
 */
const NOT_RUN = { code: ServerErrors.CONNECTION_KILLED.code, sqlState: CONNECTION_FAILURE };

/** What a command waits for that is not going to be answered. */
export type Waiting =
  /** The rest of a cut response; it is still with Sluice. */
  | 'kept'
  /** The same; the server has had it since before that response was cut, so nobody knows whether it was run. */
  | 'sentAhead'
  /** Word of the attempt to kill the statement before it; it is still with Sluice. */
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

/** The answer to a command that waits in vain, for this reason. */
export function notRunPacket(reason: string, waiting: Waiting): Buffer {
  const { fate, remedy } = FATES[waiting];
  return encodeErr(1, { ...NOT_RUN, message: `sluice: ${reason}, so ${fate} and the connection is closed; ${remedy}` });
}

/** The error that takes the place of all that was held back of a response whose end is not going to come. */
export function heldLostPacket(sequenceId: number): Buffer {
  const message = 'sluice: the server closed the connection before the end of this result, of which nothing was sent ' +
    '(onExceed hold); connect again';
  return encodeErr(sequenceId, { ...ServerErrors.NET_READ_ERROR, message });
}

/** The error that takes the place of a request for a file that the client must not see. */
export function unaskedFilePacket(sequenceId: number): Buffer {
  const message = 'sluice: the server asked for a file that no LOAD DATA LOCAL of this client has offered; ' +
    'the connection is closed';
  return encodeErr(sequenceId, { ...ServerErrors.NET_READ_ERROR, message });
}
