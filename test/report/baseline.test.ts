import t from 'tap';
import { type Baseline, baselineText, BaselineError, parseBaseline } from '../../src/report/baseline.js';
import { BaselineUpdate } from '../../src/report/baselineUpdate.js';
import { readFields } from '../../src/report/reading.js';
import { auditRecord } from '../support/auditRecords.js';
import { refusal, sample } from './findings.js';

const ENTRY = { digest: 'a', digestText: 'SELECT ?', rows: 10, bytes: 1000 };

const parse = (text: string): Baseline => parseBaseline(Buffer.from(text), 'known.json');

const problemsOf = (text: string): readonly string[] => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof BaselineError) return error.problems;
    throw error;
  }
  return [];
};

const updated = (before: Baseline, records: readonly object[], prunes = false): Baseline => {
  const update = new BaselineUpdate();
  for (const record of records) {
    const reading = readFields(record);
    if (reading.kind === 'result') update.addResult(reading.record);
    if (reading.kind === 'refusal') update.addRefusal(reading.record);
  }
  return update.baseline(before, prunes);
};

t.test('a baseline is written sorted by digest, and read as it was written', (t) => {
  const full = { ...ENTRY, digest: 'b', executions: 7, refused: true, until: '2027-01-31' };
  const entries = [full, { ...ENTRY, digestText: null }];
  const baseline: Baseline = new Map(entries.map((entry) => [entry.digest, entry]));
  const text = baselineText(baseline);
  t.equal(text, `{
  "version": "1",
  "digests": [
    {
      "digest": "a",
      "digestText": null,
      "rows": 10,
      "bytes": 1000
    },
    {
      "digest": "b",
      "digestText": "SELECT ?",
      "rows": 10,
      "bytes": 1000,
      "executions": 7,
      "refused": true,
      "until": "2027-01-31"
    }
  ]
}
`);
  t.equal(baselineText(parse(text)), text);
  t.end();
});

t.test('reports all mistakes in a baseline at once, each with the file and its place', (t) => {
  const withEntry = (given: object) => problemsOf(JSON.stringify({ version: '1', digests: [{ ...ENTRY, ...given }] }));
  t.strictSame(problemsOf('{"version": "1",}'), ['known.json:1:17: expected a key in double quotes, got "}"']);
  t.strictSame(problemsOf('{}'),
    ['known.json: version: required: "1"', 'known.json: digests: required: a list of at most 20000 entries']);
  t.strictSame(problemsOf('[]'), ['known.json: expected an object, got a list']);
  t.strictSame(problemsOf('{"version": 2, "digests": []}'), ['known.json: version: expected "1", got 2']);
  t.match(withEntry({ rows: '10', untl: 'x', until: 'soon', bytes: -1 }), [
    /^known\.json: digests\[0\]\.untl: unknown key, did you mean digests\[0\]\.until\?$/,
    /^known\.json: digests\[0\]\.rows: expected a whole number from 0 on, got "10"$/,
    /^known\.json: digests\[0\]\.bytes: expected a whole number from 0 on, got -1$/,
    /^known\.json: digests\[0\]\.until: expected a date such as "2026-12-31", .* got "soon"$/,
  ]);
  t.match(problemsOf(JSON.stringify({ version: '1', digests: [ENTRY, ENTRY] })),
    [/^known\.json: digests\[1\]: has the digest "a" of digests\[0\]$/]);
  t.throws(() => parseBaseline(Buffer.from([0xff]), 'known.json'), { message: /^known\.json: not UTF-8/ });
  t.end();
});

t.test('a baseline has the largest rows, bytes and executions of each digest', (t) => {
  const baseline = updated(new Map(), [
    auditRecord({ digest: 'a', rows: 5, bytes: 900 }), auditRecord({ digest: 'a', rows: 7, bytes: 800 }),
    ...[1, 1, 1, 2].map((transaction) => sample({ digest: 'b', transaction })),
    refusal({ digest: 'c' }), auditRecord({ digest: null }),
  ]);
  t.match([...baseline.values()], [
    { digest: 'a', rows: 7, bytes: 900 }, { digest: 'b', executions: 3 },
    { digest: 'c', rows: 0, bytes: 0, refused: true },
  ]);
  t.notOk('executions' in baseline.get('a')!);
  t.notOk('refused' in baseline.get('a')!);
  t.end();
});

t.test('an entry stays refused in an update, until pruning finds no refusal of it', (t) => {
  const before = updated(new Map(), [refusal({ digest: 'a' })]);
  t.equal(updated(before, [sample({ digest: 'a' })]).get('a')?.refused, true);
  t.notOk('refused' in updated(before, [sample({ digest: 'a' })], true).get('a')!);
  t.equal(updated(before, [sample({ digest: 'a' }), refusal({ digest: 'a' })], true).get('a')?.refused, true);
  t.end();
});

t.test('an update keeps until and the entries that were not seen, and lets sizes grow; pruning does not', (t) => {
  const before: Baseline = new Map([
    ['a', { ...ENTRY, until: '2027-01-31', executions: 9 }], ['gone', { ...ENTRY, digest: 'gone' }],
  ]);
  const records = [sample({ digest: 'a', rows: 3, bytes: 2000 }), sample({ digest: 'new' })];
  const kept = updated(before, records);
  t.match(kept.get('a'), { rows: 10, bytes: 2000, executions: 9, until: '2027-01-31' });
  t.strictSame([...kept.keys()].sort(), ['a', 'gone', 'new']);
  const pruned = updated(before, records, true);
  t.match(pruned.get('a'), { rows: 3, bytes: 2000, until: '2027-01-31' });
  t.notOk('executions' in pruned.get('a')!);
  t.strictSame([...pruned.keys()].sort(), ['a', 'new']);
  t.end();
});
