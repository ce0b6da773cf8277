import type { Random } from './random.js';

/** A record as the audit writes it, with these values. */
export const auditRecord = (given: object = {}): Record<string, unknown> => ({
  time: '2026-11-20T12:00:00.000Z', event: 'result', action: 'would-cut', reason: 'rows', rule: 'default',
  limit: { rows: 1000, bytes: null }, rows: 2000, bytes: 64_000, complete: true, forwardedRows: 2000,
  forwardedBytes: 64_000, drainedBytes: 0, resultSets: 1, columns: 4, largestRowBytes: 48, command: 'COM_QUERY',
  sql: 'SELECT * FROM orders WHERE id > 7', sqlTruncated: false, digest: 'b266dab9faec510d',
  digestText: 'SELECT * FROM `orders` WHERE `id` > ?', user: 'app', schema: 'shop', client: '10.0.0.7:51234',
  program: 'worker', connectionId: 42, session: 7, class: 'buffered', signal: null, firstRowMs: 0.5,
  durationMs: 12.5, stallMs: 0, outcome: 'completed', ...given,
});

/** The line of a record. */
export const auditLine = (given: object = {}): string => `${JSON.stringify(auditRecord(given))}\n`;

/** A random record: sizes of all orders of magnitude, a few frequent digests and many rare ones. */
export const randomRecord = (random: Random, index: number): Record<string, unknown> => {
  const table = random.skewed(300);
  const rows = Math.floor(10 ** (random.fraction() * 6) - 1);
  const rowBytes = 20 + Math.floor(random.fraction() * 300);
  const isComplete = !random.chance(0.01);
  return auditRecord({
    time: new Date(Date.UTC(2026, 10, 1) + index * 1000).toISOString(),
    action: rows > 100_000 ? 'cut' : rows > 10_000 ? 'would-cut' : 'sample',
    rows, bytes: rows * rowBytes, largestRowBytes: rows === 0 ? 0 : rowBytes, complete: isComplete,
    sql: `SELECT * FROM t${table} WHERE id > ${index}`, digest: table.toString(16).padStart(16, '0'),
    digestText: `SELECT * FROM \`t${table}\` WHERE \`id\` > ?`, user: `user${table % 7}`,
    firstRowMs: rows === 0 ? null : random.fraction() * 3, durationMs: rows / 100,
    stallMs: Math.floor(random.fraction() * 2) * 5,
    outcome: isComplete ? 'completed' : 'client-gone',
  });
};
