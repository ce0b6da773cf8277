// Records in the form of Percona Server's extended slow query log, for pt-query-digest and similar tools:
//
//     # Time: 2026-11-20T12:00:00.000000Z
//     # User@Host: app[app] @  [10.0.0.7]  Id: 42
//     # Schema: shop  Query_time: 0.012500  Rows_sent: 2000  Bytes_sent: 64000
//     use shop;
//     SET timestamp=1795521600;
//     SELECT * FROM orders;
//
// Such tools split the file at lines that begin with `#` after a `;`, look for `# Name: value` in them, and take the
// rest as SQL. So the lines of a statement are indented, except for the first one, which is indented only if it looks
// like a head. No value of a head contains white space.

import { hostOf } from '../config/address.js';
import { shownAsItself } from './plainText.js';

/** The fields of a record, as in JSON. */
type AuditFields = Readonly<Record<string, unknown>>;

/**
 * A line that readers of slow logs take for a line of a head, such as the server's own greeting and the settings of a
 * statement.
 */
const LIKE_HEAD = /^(?:#|use\b|set\b|time\b|tcp\b|\S*mysqld,)/i;

const CUT_ACTIONS: readonly unknown[] = ['cut', 'truncate', 'close'];

/**
 * Makes an entry of a slow log.
 * @param atMs the time of writing, in ms since 1970
 * @returns a whole entry with its line feed; null for a record that is no execution of a statement
 */
export function slowLogEntry(record: AuditFields, atMs: number): string | null {
  if (record['event'] === 'refused') return entry(record, atMs, refusedHead(record));
  return record['event'] === 'result' ? entry(record, atMs, resultHead(record)) : null;
}

/** The lines between the head's first two and its tags. */
type Lines = readonly string[];

function entry(record: AuditFields, atMs: number, lines: Lines): string {
  const schema = word(record['schema']);
  return [
    `# Time: ${new Date(atMs).toISOString().replace('Z', '000Z')}`,
    `# User@Host: ${userAtHost(record)}  Id: ${Number(record['connectionId'] ?? 0)}`,
    ...lines,
    ...tagHead(record),
    ...(schema === '' ? [] : [`use ${schema};`]),
    `SET timestamp=${Math.floor(atMs / 1000)};`,
    `${statement(record)};\n`,
  ].join('\n');
}

function resultHead(record: AuditFields): Lines {
  return [
    head({
      Schema: word(record['schema']), Query_time: seconds(record['durationMs']),
      First_row_time: seconds(record['firstRowMs']),
    }),
    head({ Rows_sent: number(record['rows']), Bytes_sent: number(record['bytes']) }),
    head({
      Rows_forwarded: number(record['forwardedRows']), Bytes_forwarded: number(record['forwardedBytes']),
      Largest_row_bytes: number(record['largestRowBytes']), Stall_time: seconds(record['stallMs']),
    }),
    head({
      Cut: yesOrNo(CUT_ACTIONS.includes(record['action'])),
      Would_cut: yesOrNo(record['action'] === 'would-cut'), Admitted: record['action'] === 'admit' ? 'Yes' : '',
      Complete: yesOrNo(record['complete'] === true), Rule: word(record['rule']), Program: word(record['program']),
      Stands_for: number(record['standsFor']),
    }),
  ];
}

/** A refused statement has no result: tools that rank by time or rows count it with none. */
function refusedHead(record: AuditFields): Lines {
  return [
    head({ Schema: word(record['schema']), Query_time: seconds(0) }),
    head({ Rows_sent: number(0), Bytes_sent: number(0) }),
    head({
      Refused: yesOrNo(record['action'] === 'refuse'), Would_refuse: yesOrNo(record['action'] === 'would-refuse'),
      Rule: word(record['rule']), Program: word(record['program']),
    }),
  ];
}

/** A line of the head, with the known values only. */
function head(values: Readonly<Record<string, string>>): string {
  const known = Object.entries(values).filter(([, value]) => value !== '');
  return `# ${known.map(([name, value]) => `${name}: ${value}`).join('  ')}`;
}

/** The line with the tags and the trace; none if neither is known. */
function tagHead({ tags, traceId, spanId }: AuditFields): string[] {
  const named = typeof tags === 'object' && tags !== null ? Object.entries(tags) : [];
  const line = head({
    ...Object.fromEntries(named.map(([name, value]) => [`Tag_${name.replace(/\W/g, '_')}`, word(value)])),
    Trace_id: word(traceId), Span_id: word(spanId),
  });
  return line === EMPTY_HEAD ? [] : [line];
}

/** A line of the head without any known value. */
const EMPTY_HEAD = '# ';

function userAtHost({ user, client }: AuditFields): string {
  const name = word(user) || 'unknown';
  return `${name}[${name}] @  [${word(hostOf(String(client)))}]`;
}

/** A name of any origin as one word without any special meaning in a head. */
function word(value: unknown): string {
  return typeof value === 'string' ? value.replace(/[\s\p{C}\p{Z}[\]@;#]/gu, '_') : '';
}

function number(value: unknown): string {
  return typeof value === 'number' ? String(value) : '';
}

function seconds(ms: unknown): string {
  return typeof ms === 'number' ? (ms / 1000).toFixed(6) : '';
}

function yesOrNo(isSo: boolean): string {
  return isSo ? 'Yes' : 'No';
}

/** The statement, its normal form, or the command if neither is recorded. */
function statement({ sql, digestText, command }: AuditFields): string {
  const found = typeof sql === 'string' ? sql : typeof digestText === 'string' ? digestText : '';
  const text = shownAsItself(found.replaceAll('\r\n', '\n')).replace(/[\s;]+$/, '').replace(/^\s+/, '');
  if (text === '') return `# administrator command: ${word(command)}`;
  const lines = text.replaceAll('\n', '\n ');
  return LIKE_HEAD.test(lines) ? ` ${lines}` : lines;
}
