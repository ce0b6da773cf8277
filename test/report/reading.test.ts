import t from 'tap';
import { readRecord, refusedExecution } from '../../src/report/reading.js';
import { auditLine } from '../support/auditRecords.js';

const recordOf = (given: object) => {
  const reading = readRecord(auditLine(given));
  if (reading.kind !== 'result') throw new Error(`it is ${reading.kind}`);
  return reading.record;
};

t.test('reads a record as it was written', (t) => {
  t.match(recordOf({}), {
    atMs: Date.parse('2026-11-20T12:00:00Z'), rows: 2000, bytes: 64_000, fate: 'would-cut', isLowerBound: false,
    digest: 'b266dab9faec510d', user: 'app', client: '10.0.0.7', program: 'worker', standsFor: 1, droppedSamples: 0,
  });
  t.match(
    recordOf({ client: '[fd00::7]:51234', program: null, digest: null }),
    { client: 'fd00::7', program: '', digest: '' },
  );
  t.equal(recordOf({ client: 'unknown' }).client, 'unknown');
  t.end();
});

t.test('cut, truncated and closed results count as cut; warnings and samples as passed', (t) => {
  const actions = ['cut', 'truncate', 'close', 'would-cut', 'warn', 'sample'];
  t.strictSame(
    actions.map((action) => recordOf({ action }).fate), ['cut', 'cut', 'cut', 'would-cut', 'passed', 'passed'],
  );
  t.end();
});

t.test('a result that was killed, or whose end was not seen, is a lower bound', (t) => {
  t.ok(recordOf({ complete: false }).isLowerBound);
  t.ok(recordOf({ outcome: 'killed' }).isLowerBound);
  t.notOk(recordOf({ outcome: 'drained' }).isLowerBound);
  t.end();
});

t.test('a record whose rows or bytes are no whole number from 0 on is none', (t) => {
  for (const key of ['rows', 'bytes', 'largestRowBytes']) {
    for (const value of [1.5, -1, 2 ** 53]) {
      t.equal(readRecord(auditLine({ [key]: value })).kind, 'bad', `${key} ${value}`);
    }
  }
  t.equal(readRecord(auditLine({ durationMs: 1.5 })).kind, 'result');
  t.end();
});

t.test('a refusal is a statement without a result', (t) => {
  const refusal = (action: string) => {
    const reading = readRecord(auditLine({ event: 'refused', action, rule: 'no-ddl', sql: 'DROP TABLE t' }));
    if (reading.kind !== 'refusal') throw new Error(`it is ${reading.kind}`);
    return refusedExecution(reading.record);
  };
  const of = { sql: 'DROP TABLE t', user: 'app', hasResult: false };
  t.match(refusal('refuse'), { fate: 'refused', rows: 0, bytes: 0, ...of });
  t.match(refusal('would-refuse'), { fate: 'would-refuse', digest: 'b266dab9faec510d' });
  t.end();
});

t.test('another event is neither a result nor a bad line', (t) => {
  t.strictSame(readRecord(auditLine({ event: 'stall' })), { kind: 'event', event: 'stall' });
  t.end();
});

t.test('any other line is a bad line', (t) => {
  const bad = [
    '', 'null', '[]', '"x"', '7', '{', '{}', '{"event":7}', '{"level":"info","msg":"listening"}', '# Time: 2026-11-20',
    auditLine({ rows: -1 }), auditLine({ rows: '7' }), auditLine({ bytes: 1e300 }), auditLine({ time: 'yesterday' }),
    auditLine({ action: null }), auditLine({ durationMs: null }), `${auditLine().slice(0, 100)}`,
  ];
  for (const line of bad) t.equal(readRecord(line).kind, 'bad', line.slice(0, 40));
  const odd = recordOf({ user: 7, limit: 'x', firstRowMs: 'x', stallMs: {}, sql: 1, __proto__: { a: 1 } });
  t.match(odd, { user: '', limit: { rows: null, bytes: null }, firstRowMs: null, stallMs: 0, sql: null });
  t.end();
});
