import type { Limits } from '../config.js';
import { commandName } from '../protocol/commands.js';
import type { ServerError } from '../protocol/packets.js';
import type { Judgement } from '../policy/guard.js';
import { statementText } from '../policy/statementText.js';
import type { Usage } from '../session/usage.js';

/** How the response that a record tells of ended. */
export type Outcome =
  /** All of it was forwarded. */
  | 'completed'
  /** It was cut, and the rest discarded to its end. */
  | 'drained'
  /** Both connections were closed. */
  | 'closed'
  | 'client-gone'
  | 'upstream-gone';

/** Whose response it was. */
export interface Origin {
  readonly user: string;
  readonly schema: string;
  /** The client's address, as `10.0.0.7:51234`. */
  readonly client: string;
  /** The connection attribute `program_name`, where the client sent it. */
  readonly program: string | null;
  /** The server's number for the connection. */
  readonly connectionId: number | null;
  /** Sluice's number for the session. */
  readonly session: number;
}

/** What ended a response. */
export interface Ending {
  readonly outcome: Outcome;
  /** All of the response has been seen. */
  readonly isComplete: boolean;
  /** The error with which the server itself ended it. */
  readonly error: ServerError | null;
  /** When, on the session's clock in ms. */
  readonly atMs: number;
  /** Bytes that were discarded behind the cut. */
  readonly drainedBytes: number;
  /** How long the client was not reading what it had been sent, in ms. */
  readonly stallMs: number;
}

/** JSON's form of a limit: null is unlimited. */
function limitField(limit: Limits): Record<'rows' | 'bytes', number | null> {
  const field = (amount: number): number | null => (amount === Infinity ? null : amount);
  return { rows: field(limit.rows), bytes: field(limit.bytes) };
}

/** The statement as a record holds it: at most `maxBytes` of it, never half a character. */
function sqlFields(usage: Usage, maxBytes: number): { sql: string | null; sqlTruncated: boolean } {
  const { text, isTruncated } = statementText(usage.command);
  if (text === null) return { sql: null, sqlTruncated: false };
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return { sql: text, sqlTruncated: isTruncated };
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return { sql: bytes.toString('utf8', 0, end), sqlTruncated: true };
}

/**
 * The audit record of a response that was acted upon. All sizes in bytes, all times in ms; the README describes it
 * field by field.
 * @param sqlBytes how much of the statement's text it holds
 */
export function resultRecord(
  usage: Usage, judgement: Judgement, origin: Origin, ending: Ending, sqlBytes: number,
): Record<string, unknown> {
  const { command } = usage;
  const round = (ms: number): number => Math.round(ms * 1000) / 1000;
  return {
    event: 'result',
    action: judgement.action,
    reason: judgement.reason,
    rule: judgement.rule,
    limit: limitField(judgement.limit),
    rows: usage.rows,
    bytes: usage.bytes,
    complete: ending.isComplete,
    forwardedRows: usage.forwardedRows,
    forwardedBytes: usage.forwardedBytes,
    drainedBytes: ending.drainedBytes,
    resultSets: usage.resultSets,
    columns: usage.columns,
    largestRowBytes: usage.largestRowBytes,
    command: commandName(command.code),
    ...sqlFields(usage, sqlBytes),
    ...origin,
    firstRowMs: usage.firstRowAtMs === 0 ? null : round(usage.firstRowAtMs - command.startedAtMs),
    durationMs: round(ending.atMs - command.startedAtMs),
    stallMs: round(ending.stallMs),
    outcome: ending.outcome,
    ...(ending.error === null ? {} : { serverError: ending.error }),
  };
}
