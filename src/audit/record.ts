import type { AuditSettings, Limits } from '../config/config.js';
import type { PendingCommand } from '../conversation/command.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import { cutError, type Admission } from '../policy/judgement.js';
import type { Judgement } from '../policy/terms.js';
import type { Refused } from '../policy/refusal.js';
import type { Sample } from '../policy/sampler.js';
import type { Statement } from '../policy/statement.js';
import type { TraceContext } from '../policy/traceContext.js';
import { commandName } from '../protocol/commands.js';
import type { ServerError } from '../protocol/packets.js';
import { finiteOrNull } from '../config/finiteOrNull.js';
import { frontText } from '../protocol/frontText.js';

/** The end of a record's response. */
export type Outcome =
  /** All of it was forwarded. */
  | 'completed'
  /** It was cut, and the rest discarded to its end. */
  | 'drained'
  /** It was cut, and the server was made to stop. */
  | 'killed'
  /** Both connections were closed. */
  | 'closed'
  /** From some point on it could not be followed. */
  | 'unparsed'
  | 'client-gone'
  | 'upstream-gone';

/** The client of a response. */
export interface Origin {
  readonly user: string;
  readonly schema: string;
  /** The client's address, such as `10.0.0.7:51234`. */
  readonly client: string;
  /** The connection attribute `program_name`; null if the client did not send it. */
  readonly program: string | null;
  /** The server's number for the connection. */
  readonly connectionId: number | null;
  /** Sluice's number for the session. */
  readonly session: number;
  /** The server, such as `db.example.com:3306`, or the path of its socket. */
  readonly upstream: string;
}

/** The reason for a record. */
export type Recorded = Judgement | Admission | Sample | (Omit<Judgement, 'reason'> & { readonly reason: 'stall' });

/** The reason why rows are exempt from limits: a change of data returns them. */
export const RETURNING = 'returning';

/** The state of a response when its record was written. */
export interface Progress {
  /** Null while the response continues. */
  readonly outcome: Outcome | null;
  /** Whether all of the response was seen. */
  readonly isComplete: boolean;
  /** The server's own error that ended the response; null if there was none. */
  readonly error: ServerError | null;
  /** The time of the record, on the session's clock in ms. */
  readonly atMs: number;
  /** Bytes that were discarded after the cut. */
  readonly drainedBytes: number;
  /** The time for which the client did not read the bytes that it had been sent, in ms. */
  readonly stallMs: number;
  /** The number of the transaction that is open after it, in its session; null outside one. */
  readonly transaction: number | null;
}

/** A limit as JSON; null means unlimited. */
function limitField(limit: Limits): Record<'rows' | 'bytes', number | null> {
  return { rows: finiteOrNull(limit.rows), bytes: finiteOrNull(limit.bytes) };
}

/** The statement in the form that the settings ask for: at most `sqlBytes` of it, never half a character. */
export function statementFields(
  { text, isTruncated, digest }: Statement, { sql, sqlBytes }: AuditSettings,
): Record<string, unknown> {
  const digestFields = { digest: digest?.hash ?? null, digestText: sql === 'none' ? null : digest?.text ?? null };
  if (text === null || sql !== 'full') return { sql: null, sqlTruncated: false, ...digestFields };
  const bytes = Buffer.from(text);
  if (bytes.length <= sqlBytes) return { sql: text, sqlTruncated: isTruncated, ...digestFields };
  return { sql: frontText(bytes, sqlBytes), sqlTruncated: true, ...digestFields };
}

/**
 * The heaviest columns in the rows that were counted, and the others together: of the heaviest result set. An
 * expression is named by its text, so names stand only in records that hold the statement.
 */
function columnFields({ heaviestColumns, resultSets }: GovernedUsage, { sql }: AuditSettings): Record<string, unknown> {
  if (heaviestColumns === null || heaviestColumns.rows === 0 || heaviestColumns.isBroken) return {};
  const shares = heaviestColumns.shares();
  const shown = shares.slice(0, COLUMNS_SHOWN).map(({ position, name, table, bytes, largest }) =>
    (name === null || sql !== 'full'
      ? { position, name: null, table: null, bytes, largest } : { name, table, bytes, largest }));
  const others = shares.slice(COLUMNS_SHOWN);
  const rest = {
    columns: others.length, bytes: others.reduce((sum, { bytes }) => sum + bytes, 0),
    largest: Math.max(...others.map(({ largest }) => largest)),
  };
  return {
    columnBytes: others.length === 0 ? shown : [...shown, rest], columnBytesRows: heaviestColumns.rows,
    ...(resultSets > 1 ? { columnBytesResultSet: heaviestColumns.resultSet } : {}),
  };
}

const COLUMNS_SHOWN = 8;

/** The values of a prepared statement's parameters, if the settings ask for them. */
export function parameterFields(
  { parameters }: Pick<PendingCommand, 'parameters'>, settings: AuditSettings,
): Record<string, unknown> {
  if (!settings.params || parameters === null) return {};
  return { params: parameters.values, paramsTruncated: parameters.isTruncated };
}

/** The tags that the settings ask for, and the trace: they name the part of the application, and its request. */
function tagFields({ tags, trace }: GovernedUsage, { tags: wanted }: AuditSettings): Record<string, unknown> {
  const shown = wanted.filter((name) => tags.has(name)).map((name) => [name, tags.get(name)]);
  return {
    ...(shown.length === 0 ? {} : { tags: Object.fromEntries(shown) }),
    ...(trace === null ? {} : traceFields(trace)),
  };
}

function traceFields({ traceId, spanId, sampled, hasTracestate }: TraceContext): Record<string, unknown> {
  return { traceId, spanId, sampled, ...(hasTracestate ? { tracestate: true } : {}) };
}

function sampleFields({ standsFor, droppedSamples }: Sample): Record<string, unknown> {
  return { standsFor, droppedSamples };
}

function rounded(amount: number | null): number | null {
  return amount === null ? null : Math.round(amount);
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/**
 * The audit record of a command that was refused before the server got it, or would have been.
 * @param atMs the time of its answer, on the session's clock; of a command that passed, when it was judged
 */
export function refusalRecord(
  { usage, refusal: { action, reason, rule } }: Refused, origin: Origin, atMs: number, settings: AuditSettings,
): Record<string, unknown> {
  const { command } = usage;
  return {
    event: 'refused',
    action,
    reason,
    rule: rule.name,
    requestBytes: command.requestBytes,
    command: commandName(command.code),
    ...statementFields(usage.statement, settings),
    ...parameterFields(command, settings),
    ...tagFields(usage, settings),
    ...origin,
    ...(usage.server === null ? {} : { dbSystem: usage.dbSystem }),
    durationMs: round(atMs - command.startedAtMs),
    ...(action === 'refuse' ? { errorCode: rule.refusal.code } : {}),
  };
}

/**
 * The audit record of a response: `result` for one about which something was done, `stall` for one whose client does
 * not read. All sizes are in bytes, all times in ms. src/help/records.md describes each field; `slowLog.ts` and
 * `telemetry/otlp/recordAttributes.ts` have forms of their own for some.
 */
export function responseRecord(
  event: 'result' | 'stall',
  usage: GovernedUsage,
  judgement: Recorded,
  origin: Origin,
  progress: Progress,
  settings: AuditSettings,
): Record<string, unknown> {
  const { command, terms } = usage;
  return {
    event,
    action: judgement.action,
    reason: judgement.reason,
    rule: judgement.rule,
    limit: limitField(judgement.limit),
    rows: usage.rows,
    bytes: usage.bytes,
    complete: progress.isComplete,
    forwardedRows: usage.forwardedRows,
    forwardedBytes: usage.forwardedBytes,
    drainedBytes: progress.drainedBytes,
    resultSets: usage.resultSets,
    columns: usage.columns,
    largestRowBytes: usage.largestRowBytes,
    ...columnFields(usage, settings),
    requestBytes: command.requestBytes,
    ...(command.affectedRows === 0 ? {} : { affectedRows: command.affectedRows }),
    command: commandName(command.code),
    ...statementFields(usage.statement, settings),
    ...parameterFields(command, settings),
    ...tagFields(usage, settings),
    ...origin,
    ...(progress.transaction === null ? {} : { transaction: progress.transaction }),
    ...(usage.server === null ? {} : { dbSystem: usage.dbSystem }),
    class: terms.responseClass,
    signal: terms.signal,
    ...(usage.looks.some(({ class: found }) => found === 'streaming') ? { looks: usage.looks } : {}),
    firstRowMs: usage.firstRowAtMs === 0 ? null : round(usage.firstRowAtMs - command.startedAtMs),
    durationMs: round(progress.atMs - command.startedAtMs),
    stallMs: round(progress.stallMs),
    outcome: progress.outcome,
    ...(judgement.action === 'cut' ? { errorCode: cutError(usage, judgement).code } : {}),
    ...(judgement.action === 'sample' ? sampleFields(judgement) : {}),
    ...(judgement.action === 'admit' ? { rowsPerSecond: rounded(judgement.rowsPerSecond) } : {}),
    ...(usage.exempted === null ? {} : { exempt: RETURNING }),
    ...(progress.error === null ? {} : { serverError: progress.error }),
    ...(usage.givenUp === null ? {} : { givenUp: usage.givenUp }),
    ...(usage.isClosedBehindError ? { closedBehindError: true } : {}),
    ...(usage.isStatementEnded ? { statementEnded: true } : {}),
  };
}
