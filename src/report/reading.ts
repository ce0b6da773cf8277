import { hostOf } from '../config/address.js';
import { NO_TAGS } from '../sql/tags.js';
import { isObject } from '../config/schema/section.js';
import type { Execution, Fate } from '../statistics/execution.js';
import { heaviestColumn } from '../statistics/heaviestColumn.js';
import { scopeOf, type Scope } from './scope.js';

/** The contents of a line of an audit file. */
export type Reading =
  | { readonly kind: 'result'; readonly record: ResultRecord }
  /** A statement that was refused, or would have been. */
  | { readonly kind: 'refusal'; readonly record: RefusalRecord }
  /** Another event, such as a stall. */
  | { readonly kind: 'event'; readonly event: string }
  /** No audit record. */
  | { readonly kind: 'bad' };

/** The fields of a record about a statement and its client. */
type StatementFacts =
  Pick<Execution, 'atMs' | 'digest' | 'digestText' | 'sql' | 'user' | 'schema' | 'program' | 'client' | 'tags'>;

/** The record of a statement that was refused, or would have been. */
export interface RefusalRecord extends StatementFacts {
  readonly action: string;
  readonly rule: string;
}

/** The record of a result, for reports. */
export interface ResultRecord extends Execution {
  readonly action: string;
  readonly reason: string;
  readonly rule: string;
  /** The trace or the transaction that it is part of; null if of neither. */
  readonly scope: Scope | null;
  readonly responseClass: string;
  /** The signal that classified it as a stream; empty if there was none. */
  readonly signal: string;
  /** Whether `sql` is only the front of the statement. */
  readonly isSqlTruncated: boolean;
  /** The limit, threshold or floor that it has passed; null means unlimited. */
  readonly limit: { readonly rows: number | null; readonly bytes: number | null };
  /** The number of results that it stands for. The others were not recorded. */
  readonly standsFor: number;
  /** The number of samples that were due since the previous one, and left out because that second had too many. */
  readonly droppedSamples: number;
}

const BAD: Reading = { kind: 'bad' };

const FATES: Readonly<Record<string, Fate>> = {
  'cut': 'cut', 'truncate': 'cut', 'close': 'cut', 'would-cut': 'would-cut', 'admit': 'admitted',
};

/** Reads a line of an audit file. A line in any other form is not a record. */
export function readRecord(line: string): Reading {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return BAD;
  }
  return readFields(found);
}

/** Reads a record as it was before it became a line. */
export function readFields(found: unknown): Reading {
  if (!isObject(found) || typeof found['event'] !== 'string') return BAD;
  const { event, action } = found;
  const facts = statementIn(found);
  if (event === 'refused' && (action === 'refuse' || action === 'would-refuse')) {
    return facts === null ? BAD : { kind: 'refusal', record: { ...facts, action, rule: textOf(found['rule']) } };
  }
  if (event !== 'result') return { kind: 'event', event };
  const record = facts === null ? null : resultIn(found, facts);
  return record === null ? BAD : { kind: 'result', record };
}

function statementIn(found: Record<string, unknown>): StatementFacts | null {
  const atMs = typeof found['time'] === 'string' ? Date.parse(found['time']) : NaN;
  if (Number.isNaN(atMs)) return null;
  return {
    atMs,
    digest: textOf(found['digest']),
    digestText: typeof found['digestText'] === 'string' ? found['digestText'] : null,
    sql: typeof found['sql'] === 'string' ? found['sql'] : null,
    user: textOf(found['user']),
    schema: textOf(found['schema']),
    program: textOf(found['program']),
    client: hostOf(textOf(found['client'])),
    tags: tagsIn(found['tags']),
  };
}

function resultIn(found: Record<string, unknown>, facts: StatementFacts): ResultRecord | null {
  const { rows, bytes, largestRowBytes, durationMs, action } = found;
  if (typeof action !== 'string') return null;
  if (!isCount(rows) || !isCount(bytes) || !isCount(largestRowBytes) || !isAmount(durationMs)) return null;
  return {
    // One by one: V8 takes 70 times as long for `...facts`, since the record then has more fields than it lays out.
    atMs: facts.atMs, digest: facts.digest, digestText: facts.digestText, sql: facts.sql, user: facts.user,
    schema: facts.schema, program: facts.program, client: facts.client, tags: facts.tags,
    rows, bytes, largestRowBytes, durationMs, action,
    rule: textOf(found['rule']),
    scope: scopeOf(found),
    firstRowMs: isAmount(found['firstRowMs']) ? found['firstRowMs'] : null,
    stallMs: isAmount(found['stallMs']) ? found['stallMs'] : 0,
    fate: FATES[action] ?? 'passed',
    hasResult: found['resultSets'] !== 0 || rows > 0,
    // A statement that was killed on the server would have continued.
    isLowerBound: found['complete'] !== true || found['outcome'] === 'killed',
    requestBytes: isAmount(found['requestBytes']) ? found['requestBytes'] : 0,
    affectedRows: isAmount(found['affectedRows']) ? found['affectedRows'] : 0,
    heaviestColumn: heaviestIn(found['columnBytes'], found['columnBytesResultSet']),
    reason: textOf(found['reason']),
    isSqlTruncated: found['sqlTruncated'] === true,
    responseClass: textOf(found['class']),
    signal: textOf(found['signal']),
    limit: limitIn(found['limit']),
    standsFor: isAmount(found['standsFor']) ? Math.max(1, found['standsFor']) : 1,
    droppedSamples: isAmount(found['droppedSamples']) ? found['droppedSamples'] : 0,
  };
}

/** A refused statement among executions. It has no result, and all its sizes are 0. */
export function refusedExecution({ action, rule: _rule, ...facts }: RefusalRecord): Execution {
  return {
    ...facts, ...NO_RESULT, fate: action === 'refuse' ? 'refused' : 'would-refuse',
  };
}

const NO_RESULT = {
  rows: 0, bytes: 0, largestRowBytes: 0, heaviestColumn: null, requestBytes: 0, affectedRows: 0, firstRowMs: null,
  durationMs: 0, stallMs: 0, hasResult: false, isLowerBound: false,
};

/** Whether it is a number of things, as a baseline has them. Durations have fractions. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && isAmount(value);
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/**
 * @param value the columns of a record, the heaviest first, and the rest of them
 * @param resultSet the number of their result set, if there are several
 */
function heaviestIn(value: unknown, resultSet: unknown): string | null {
  const columns = Array.isArray(value) ? value.filter(isObject) : [];
  const bytesOf = ({ bytes }: Record<string, unknown>): number => (isAmount(bytes) ? bytes : 0);
  const [first] = columns;
  if (first === undefined) return null;
  const { position, name, table } = first;
  const text = (found: unknown): string | null => (typeof found === 'string' ? found : null);
  return heaviestColumn(
    { position: isAmount(position) ? position : 1, name: text(name), table: text(table), bytes: bytesOf(first) },
    columns.reduce((sum, column) => sum + bytesOf(column), 0),
    isAmount(resultSet) ? resultSet : null,
  );
}

function tagsIn(value: unknown): ReadonlyMap<string, string> {
  if (!isObject(value)) return NO_TAGS;
  return new Map(Object.entries(value).map(([name, found]) => [name, textOf(found)]));
}

function limitIn(value: unknown): ResultRecord['limit'] {
  const limit = isObject(value) ? value : {};
  const amount = (found: unknown): number | null => (isAmount(found) ? found : null);
  return { rows: amount(limit['rows']), bytes: amount(limit['bytes']) };
}
