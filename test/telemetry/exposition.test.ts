import t from 'tap';
import { exposition, openMetrics, wantsOpenMetrics } from '../../src/telemetry/exposition.js';
import { FamilyList } from '../../src/telemetry/familyList.js';
import { Histogram } from '../../src/telemetry/instruments.js';
import { mergeMetrics } from '../../src/telemetry/mergeMetrics.js';

const exemplarAt = (atMs: number) => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), value: 1, atMs });

/** A counter with an exemplar of this time, or with none. */
const cuts = (count: number, atMs?: number) => {
  const list = new FamilyList();
  const exemplar = atMs === undefined ? {} : { exemplar: exemplarAt(atMs) };
  list.counters('sluice_cuts_total', 'Cut with "error".', [{ labels: { rule: 'a' }, count, ...exemplar }]);
  return list.families;
};

t.test('OpenMetrics calls a counter without _total, escapes help and ends in EOF', (t) => {
  t.equal(openMetrics(cuts(2)), [
    '# HELP sluice_cuts Cut with \\"error\\".', '# TYPE sluice_cuts counter', 'sluice_cuts_total{rule="a"} 2', '# EOF', '',
  ].join('\n'));
  t.end();
});

t.test('only OpenMetrics shows exemplars', (t) => {
  const exemplar = `# {trace_id="${'a'.repeat(32)}",span_id="${'b'.repeat(16)}"} 1 1.5`;
  t.match(openMetrics(cuts(2, 1500)), `sluice_cuts_total{rule="a"} 2 ${exemplar}\n`);
  t.match(exposition(cuts(2, 1500)), 'sluice_cuts_total{rule="a"} 2\n');
  t.end();
});

t.test('the newest exemplar of several processes stays', (t) => {
  const merged = (...times: (number | undefined)[]) =>
    mergeMetrics(times.map((time) => cuts(1, time)))[0]?.points[0];
  t.match(merged(1, 3, 2), { value: 3, exemplar: { atMs: 3 } });
  t.match(merged(undefined, 2, undefined), { value: 3, exemplar: { atMs: 2 } });
  t.notOk('exemplar' in merged(undefined, undefined)!);
  t.end();
});

/** A histogram with examples of these values, each counted at its own time. */
const sizes = (...examples: readonly { readonly value: number; readonly atMs: number }[]) => {
  const list = new FamilyList();
  const histogram = new Histogram([10, 100]);
  for (const { value, atMs } of examples) {
    histogram.observe(value);
    histogram.exemplify({ ...exemplarAt(atMs), value });
  }
  list.histograms('sluice_result_rows', 'Rows.', [{ labels: {}, histogram }]);
  return list.families;
};

t.test('OpenMetrics shows the last traced value of each bucket', (t) => {
  const ids = `{trace_id="${'a'.repeat(32)}",span_id="${'b'.repeat(16)}"}`;
  const of = (processes: readonly ReturnType<typeof sizes>[], write = openMetrics) =>
    write(mergeMetrics(processes)).split('\n').filter((line) => line.includes('bucket'));
  const [one, other] = [sizes({ value: 7, atMs: 1000 }, { value: 500, atMs: 4000 }), sizes({ value: 8, atMs: 2000 })];
  const expected = [
    `sluice_result_rows_bucket{le="10"} 2 # ${ids} 8 2`, 'sluice_result_rows_bucket{le="100"} 2',
    `sluice_result_rows_bucket{le="+Inf"} 3 # ${ids} 500 4`,
  ];
  t.strictSame(of([one, other]), expected);
  t.strictSame(of([other, one]), expected, 'in any order of the processes');
  t.strictSame(of([one, other], exposition), expected.map((line) => line.replace(/ # .*/, '')));
  t.end();
});

t.test('a scraper gets OpenMetrics when it prefers no other format', (t) => {
  const type = 'application/openmetrics-text';
  for (const accept of [type, `${type};version=1.0.0;q=0.5,text/plain;q=0.3,*/*;q=0.1`, `text/html, ${type}`]) {
    t.ok(wantsOpenMetrics(accept), accept);
  }
  for (const accept of ['', '*/*', 'text/plain', `${type};q=0`, `${type};q=0.2,text/plain;q=0.9`, `${type};q=x`]) {
    t.notOk(wantsOpenMetrics(accept), accept);
  }
  t.end();
});
