// Records in the form of Percona Server's extended slow query log, which pt-query-digest and its kin read:
//
//   # Time: 2026-11-20T12:00:00.000000Z
//   # User@Host: app[app] @  [10.0.0.7]  Id: 42
//   # Schema: shop  Query_time: 0.012500  Rows_sent: 2000  Bytes_sent: 64000
//   use shop;
//   SET timestamp=1795521600;
//   SELECT * FROM orders;
//
// Its readers split it at lines that begin with `#` behind a `;`, look for `# Name: value` in them, and take
// what follows for SQL. So no line of a statement begins in its first column but the first, and not that
// either where it could be taken for a head; and no value of a head has white space in it.

import { hostOf } from '../config/address.js';
import { shownAsItself } from './plainText.js';

/** A record as it would be written in JSON. */
type AuditFields = Readonly<Record<string, unknown>>;

/**
 * What readers of slow logs take for a head's line: the server's own greeting and what is set for a
 * statement, too.
 */
const LIKE_HEAD = /^(?:#|use\b|set\b|time\b|tcp\b|\S*mysqld,)/i;

const CUT_ACTIONS: readonly unknown[] = ['cut', 'truncate', 'close'];

/**
 * @param atMs when it is written, in ms since 1970
 * @returns a whole entry with its line feed; null for what is no execution of a statement, and so has no
 *   place there
 */
export function slowLogEntry(record: AuditFields, atMs: number): string | null {
  if (record['event'] !== 'result') return null;
  const schema = word(record['schema']);
  return [
    `# Time: ${new Date(atMs).toISOString().replace('Z', '000Z')}`,
    `# User@Host: ${userAtHost(record)}  Id: ${Number(record['connectionId'] ?? 0)}`,
    head({
      Schema: schema, Query_time: seconds(record['durationMs']),
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
    ...(schema === '' ? [] : [`use ${schema};`]),
    `SET timestamp=${Math.floor(atMs / 1000)};`,
    `${statement(record)};\n`,
  ].join('\n');
}

/** A line of the head, without what is not known. */
function head(values: Readonly<Record<string, string>>): string {
  const known = Object.entries(values).filter(([, value]) => value !== '');
  return `# ${known.map(([name, value]) => `${name}: ${value}`).join('  ')}`;
}

function userAtHost({ user, client }: AuditFields): string {
  const name = word(user) || 'unknown';
  return `${name}[${name}] @  [${word(hostOf(String(client)))}]`;
}

/** A name of any origin as one word, with nothing in it that has a meaning in a head. */
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

/** What was executed: the statement, its normal form, or the command where neither is recorded. */
function statement({ sql, digestText, command }: AuditFields): string {
  const found = typeof sql === 'string' ? sql : typeof digestText === 'string' ? digestText : '';
  const text = shownAsItself(found.replaceAll('\r\n', '\n')).replace(/[\s;]+$/, '').replace(/^\s+/, '');
  if (text === '') return `# administrator command: ${word(command)}`;
  const lines = text.replaceAll('\n', '\n ');
  return LIKE_HEAD.test(lines) ? ` ${lines}` : lines;
}
