import { hostOf } from '../config/address.js';
import { isObject } from '../config/schema/section.js';
import type { Execution, Fate } from '../statistics/execution.js';

/** What a line of an audit file holds. */
export type Reading =
  | { readonly kind: 'result'; readonly record: ResultRecord }
  /** Another event, such as a stall. */
  | { readonly kind: 'event'; readonly event: string }
  /** No audit record. */
  | { readonly kind: 'bad' };

/** The record of a result, as a report looks at it. */
export interface ResultRecord extends Execution {
  readonly action: string;
  readonly reason: string;
  readonly responseClass: string;
  /** What told that it is read as a stream; empty where nothing did. */
  readonly signal: string;
  /** There is more of the statement than `sql` has. */
  readonly isSqlTruncated: boolean;
  /** The limit, threshold or floor that it has passed; null is unlimited. */
  readonly limit: { readonly rows: number | null; readonly bytes: number | null };
  /** How many results it stands for, all others of which were not recorded. */
  readonly standsFor: number;
  /** Samples that were due since the one before it, and left out because there were too many at once. */
  readonly droppedSamples: number;
}

const BAD: Reading = { kind: 'bad' };

const FATES: Readonly<Record<string, Fate>> = {
  'cut': 'cut', 'truncate': 'cut', 'close': 'cut', 'would-cut': 'would-cut', 'admit': 'admitted',
};

/** Reads a line of an audit file. What is not as the audit writes it is no record, whatever else it is. */
export function readRecord(line: string): Reading {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return BAD;
  }
  if (!isObject(found) || typeof found['event'] !== 'string') return BAD;
  if (found['event'] !== 'result') return { kind: 'event', event: found['event'] };
  const record = resultIn(found);
  return record === null ? BAD : { kind: 'result', record };
}

function resultIn(found: Record<string, unknown>): ResultRecord | null {
  const atMs = typeof found['time'] === 'string' ? Date.parse(found['time']) : NaN;
  const { rows, bytes, largestRowBytes, durationMs, action } = found;
  if (Number.isNaN(atMs) || typeof action !== 'string') return null;
  if (!isAmount(rows) || !isAmount(bytes) || !isAmount(largestRowBytes) || !isAmount(durationMs)) return null;
  return {
    atMs, rows, bytes, largestRowBytes, durationMs, action,
    firstRowMs: isAmount(found['firstRowMs']) ? found['firstRowMs'] : null,
    stallMs: isAmount(found['stallMs']) ? found['stallMs'] : 0,
    fate: FATES[action] ?? 'passed',
    // What was killed on the server would have gone on.
    isLowerBound: found['complete'] !== true || found['outcome'] === 'killed',
    digest: textOf(found['digest']),
    digestText: typeof found['digestText'] === 'string' ? found['digestText'] : null,
    sql: typeof found['sql'] === 'string' ? found['sql'] : null,
    user: textOf(found['user']),
    schema: textOf(found['schema']),
    program: textOf(found['program']),
    client: hostOf(textOf(found['client'])),
    reason: textOf(found['reason']),
    isSqlTruncated: found['sqlTruncated'] === true,
    responseClass: textOf(found['class']),
    signal: textOf(found['signal']),
    limit: limitIn(found['limit']),
    standsFor: isAmount(found['standsFor']) ? Math.max(1, found['standsFor']) : 1,
    droppedSamples: isAmount(found['droppedSamples']) ? found['droppedSamples'] : 0,
  };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function limitIn(value: unknown): ResultRecord['limit'] {
  const limit = isObject(value) ? value : {};
  const amount = (found: unknown): number | null => (isAmount(found) ? found : null);
  return { rows: amount(limit['rows']), bytes: amount(limit['bytes']) };
}
