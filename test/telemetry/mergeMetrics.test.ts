import t from 'tap';
import { exposition } from '../../src/telemetry/exposition.js';
import { type Family, FamilyList } from '../../src/telemetry/familyList.js';
import { Histogram } from '../../src/telemetry/instruments.js';
import { mergeMetrics, onlyCounters } from '../../src/telemetry/mergeMetrics.js';

const told = (fill: (out: FamilyList) => void): readonly Family[] => {
  const out = new FamilyList();
  fill(out);
  return out.families;
};
const mergedText = (processes: readonly (readonly Family[])[]): string => exposition(mergeMetrics(processes));
const valueIn = (text: string, key: string): number => {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${key} `));
  return Number(line?.slice(key.length + 1));
};

t.test('adds counters and histograms up, label by label', (t) => {
  const of = (rule: string, count: number, rows: number) => told((out) => {
    out.counters('sluice_cuts_total', 'Cuts.', [{ labels: { rule }, count }]);
    const histogram = new Histogram([1, 10]);
    histogram.observe(rows);
    out.histograms('sluice_result_rows', 'Rows.', [{ labels: {}, histogram }]);
  });
  const merged = mergedText([of('a', 1, 1), of('a', 2, 5), of('b', 4, 50)]);
  t.equal(valueIn(merged, 'sluice_cuts_total{rule="a"}'), 3);
  t.equal(valueIn(merged, 'sluice_cuts_total{rule="b"}'), 4);
  t.equal(valueIn(merged, 'sluice_result_rows_bucket{le="1"}'), 1);
  t.equal(valueIn(merged, 'sluice_result_rows_bucket{le="10"}'), 2);
  t.equal(valueIn(merged, 'sluice_result_rows_bucket{le="+Inf"}'), 3);
  t.equal(valueIn(merged, 'sluice_result_rows_sum'), 56);
  t.equal(merged.match(/^# TYPE/gm)?.length, 2, 'each is announced once');
  t.end();
});

t.test("takes the worst value of a metric without a sum, or the first one's", (t) => {
  const of = (delay: number, fds: number, start: number, budget: number, isUp: number) => told((out) => {
    out.gauge('sluice_event_loop_delay_max_seconds', 'Late.', delay);
    out.gauge('process_open_fds', 'Open.', fds);
    out.gauge('process_start_time_seconds', 'Start.', start);
    out.gauge('sluice_budget_limit_bytes', 'Budget.', budget);
    out.gauge('sluice_sessions_open', 'Sessions.', 2);
    out.gauge('sluice_upstream_up', 'Up.', isUp, { upstream: 'db:3306' });
  });
  const merged = mergedText(
    [of(0.1, 20, 1000, Infinity, 1), of(0.3, 50, 1001, Infinity, 0), of(0.2, 30, 1002, Infinity, 1)],
  );
  t.match(merged, 'sluice_upstream_up{upstream="db:3306"} 0\n');
  t.equal(valueIn(merged, 'sluice_event_loop_delay_max_seconds'), 0.3);
  t.equal(valueIn(merged, 'process_open_fds'), 50);
  t.equal(valueIn(merged, 'process_start_time_seconds'), 1000);
  t.match(merged, 'sluice_budget_limit_bytes +Inf\n');
  t.equal(valueIn(merged, 'sluice_sessions_open'), 6);
  t.end();
});

t.test('keeps labels apart whatever characters they have, and escapes them in the text', (t) => {
  const of = (rule: string) =>
    told((out) => out.counters('sluice_cuts_total', 'Cuts.', [{ labels: { rule }, count: 2 }]));
  const rule = 'a "b" {c} \\ d\ne 7';
  const line = 'sluice_cuts_total{rule="a \\"b\\" {c} \\\\ d\\ne 7"}';
  t.match(mergedText([of(rule)]), `${line} 2\n`);
  t.match(mergedText([of(rule), of('a'), of(rule)]), `${line} 4\nsluice_cuts_total{rule="a"} 2\n`);
  t.end();
});

t.test('keeps what an ended worker had counted', (t) => {
  const families = told((out) => {
    out.counter('sluice_sessions_total', 'Sessions.', 5);
    out.gauge('sluice_sessions_open', 'Sessions at this moment.', 3);
  });
  const counted = told((out) => out.counter('sluice_sessions_total', 'Sessions.', 5));
  t.strictSame(mergeMetrics([onlyCounters(families)]), counted);
  t.equal(mergedText([[], onlyCounters([])]), '');
  t.end();
});
