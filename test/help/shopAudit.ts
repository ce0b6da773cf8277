import { digestHash, digestText } from '../../src/sql/digest.js';
import { auditLine } from '../support/auditRecords.js';

// The audit of an imaginary shop, from which the reports in the documents are made.

const WOULD_CUT = { action: 'would-cut', reason: 'rows', limit: { rows: 100_000, bytes: 67_108_864 } };
const SAMPLE = {
  action: 'sample', reason: 'rows', limit: { rows: 1000, bytes: null }, standsFor: 1, droppedSamples: 0,
};
const DAYS = 4;
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.parse('2026-11-16T00:00:00Z');

interface Statement {
  readonly sql: string;
  readonly user: string;
  readonly programs: readonly string[];
  readonly perDay: number;
  readonly rowBytes: number;
  /** Rows of the smallest result and of the largest; the others spread between them, most of them low. */
  readonly rows: readonly [least: number, most: number];
  readonly more?: object;
}

const STATEMENTS: readonly Statement[] = [
  {
    sql: 'SELECT * FROM orders WHERE paid = 0',
    user: 'bi', programs: ['cron', 'cron', 'mysql'], perDay: 24, rowBytes: 161, rows: [2100, 310_000],
  },
  {
    sql: 'SELECT id, name, price FROM products',
    user: 'shop', programs: ['shop'], perDay: 310, rowBytes: 52, rows: [1001, 2400],
  },
  {
    sql: 'SELECT * FROM customers WHERE region = 7',
    user: 'shop', programs: ['shop'], perDay: 45, rowBytes: 240, rows: [1100, 14_500],
  },
  {
    sql: 'SELECT /*!40001 SQL_NO_CACHE */ * FROM `orders`',
    user: 'backup', programs: ['mysqldump'], perDay: 1, rowBytes: 161, rows: [400_000, 410_000],
    more: { ...WOULD_CUT, class: 'streaming', signal: 'dump', action: 'admit' },
  },
];

function* linesOf({ sql, user, programs, perDay, rowBytes, rows, more }: Statement): Generator<string> {
  const text = digestText(sql);
  const [least, most] = rows;
  for (let index = 0; index < DAYS * perDay; index += 1) {
    // Numbers from 0 to 1, the same in each run.
    const share = ((index * 0.618_033_988_7) % 1) ** 6;
    const count = Math.round(least + share * (most - least));
    yield auditLine({
      sql, digest: digestHash(text), digestText: text, user, program: programs[index % programs.length],
      rows: count, bytes: count * rowBytes, largestRowBytes: rowBytes + 17, firstRowMs: 1.2, durationMs: count / 400,
      time: new Date(FIRST_DAY_MS + (index * DAY_MS) / perDay).toISOString(),
      ...(count > WOULD_CUT.limit.rows ? WOULD_CUT : SAMPLE), ...more,
    });
  }
}

/** Four days of it, as an audit file. */
export const shopAudit = (): string => STATEMENTS.flatMap((statement) => [...linesOf(statement)]).join('');
