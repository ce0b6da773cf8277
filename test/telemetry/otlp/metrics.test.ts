import t from 'tap';
import { exposition } from '../../../src/telemetry/exposition.js';
import { FamilyList } from '../../../src/telemetry/familyList.js';
import { Histogram } from '../../../src/telemetry/instruments.js';
import { mergeMetrics } from '../../../src/telemetry/mergeMetrics.js';
import { metricsItem, otelNameOf } from '../../../src/telemetry/otlp/metrics.js';

/** The metrics of a reading, in OTLP's JSON, and how many data points it has. */
const told = (fill: (list: FamilyList) => void) => {
  const list = new FamilyList();
  fill(list);
  const { text, count } = metricsItem(list.families, Date.UTC(2026, 10, 20));
  return { metrics: JSON.parse(`[${text}]`) as unknown[], count };
};

const TIMES = { startTimeUnixNano: /^\d{19}$/, timeUnixNano: '1795132800000000000' };

t.test('exports counters as monotonic sums', (t) => {
  const { metrics, count } = told((list) => {
    list.counters('sluice_cuts_total', 'Cuts.', [
      { labels: { rule: 'a' }, count: 3 }, { labels: { rule: 'b' }, count: 0 },
    ]);
    list.counter('sluice_stall_seconds_total', 'Stalls.', 2);
  });
  t.equal(count, 3);
  const sum = { aggregationTemporality: 2, isMonotonic: true };
  const ruleIs = (rule: string) => [{ key: 'rule', value: { stringValue: rule } }];
  t.match(metrics, [
    {
      name: 'sluice.cuts', unit: '', description: 'Cuts.',
      sum: {
        ...sum,
        dataPoints: [{ attributes: ruleIs('a'), asInt: '3', ...TIMES }, { attributes: ruleIs('b'), asInt: '0' }],
      },
    },
    { name: 'sluice.stall', unit: 's', sum: { ...sum, dataPoints: [{ attributes: [], asDouble: 2 }] } },
  ]);
  t.end();
});

t.test('a counter shows the trace of its last event', (t) => {
  const exemplar = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), value: 1, atMs: 1500 };
  const { metrics } = told((list) =>
    list.counters('sluice_cuts_total', 'Cuts.', [{ labels: {}, count: 3, exemplar }]));
  const { traceId, spanId } = exemplar;
  t.match(metrics, [{
    sum: { dataPoints: [{ exemplars: [{ traceId, spanId, asInt: '1', timeUnixNano: '1500000000' }] }] },
  }]);
  t.end();
});

t.test('a histogram shows the traces of the last values in its buckets', (t) => {
  const [traceId, spanId] = ['a'.repeat(32), 'b'.repeat(16)];
  const histogram = new Histogram([10, 100]);
  for (const value of [5, 6, 500]) histogram.exemplify({ traceId, spanId, value, atMs: value });
  const { metrics } = told((list) => list.histograms('sluice_result_rows', 'Rows.', [{ labels: {}, histogram }]));
  const exemplars = [
    { traceId, spanId, asInt: '6', timeUnixNano: '6000000' }, { traceId, spanId, asInt: '500' },
  ];
  t.match(metrics, [{ histogram: { dataPoints: [{ exemplars }] } }]);
  t.end();
});

t.test('exports gauges, and leaves out what has no finite value', (t) => {
  const { metrics, count } = told((list) => {
    list.gauge('sluice_budget_used_bytes', 'Used.', 7);
    list.gauge('sluice_budget_limit_bytes', 'Limit.', Infinity);
    list.gauges('sluice_upstream_up', 'Up.', []);
  });
  t.equal(count, 1);
  t.match(metrics, [{ name: 'sluice.budget_used', unit: 'By', gauge: { dataPoints: [{ asInt: '7', ...TIMES }] } }]);
  t.equal(metrics.length, 1);
  t.end();
});

t.test('exports histograms with their bounds, each value in one bucket', (t) => {
  const histogram = new Histogram([1, 10]);
  for (const value of [1, 5, 5, 50]) histogram.observe(value);
  const { metrics, count } = told((list) =>
    list.histograms('sluice_result_rows', 'Rows.', [{ labels: { class: 'buffered' }, histogram }]));
  t.equal(count, 1);
  t.match(metrics, [{
    name: 'db.client.response.returned_rows', unit: '{row}',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [{
        attributes: [{ key: 'class', value: { stringValue: 'buffered' } }],
        count: '4', sum: 61, explicitBounds: [1, 10], bucketCounts: ['1', '2', '1'], ...TIMES,
      }],
    },
  }]);
  t.end();
});

t.test('exports the results of each kind of server apart, and leaves out a kind that has none', (t) => {
  const list = new FamilyList();
  const histogramOf = (system: string, kind: string, ...values: number[]) => {
    const histogram = new Histogram([10]);
    for (const value of values) histogram.observe(value);
    return { labels: { class: kind }, attributes: { 'db.system.name': system }, histogram };
  };
  list.histograms('sluice_result_rows', 'Rows.', [
    histogramOf('mysql', 'buffered'), histogramOf('mysql', 'streaming'),
    histogramOf('mariadb', 'buffered', 5, 50), histogramOf('mariadb', 'streaming'),
  ]);
  const dataPoint = (kind: string, system: string, count: string) => ({
    attributes: [
      { key: 'class', value: { stringValue: kind } }, { key: 'db.system.name', value: { stringValue: system } },
    ],
    count,
  });
  const { text } = metricsItem(mergeMetrics([list.families, list.families]), 0);
  const { histogram: { dataPoints } } = JSON.parse(text) as { histogram: { dataPoints: unknown[] } };
  t.match(dataPoints, [dataPoint('buffered', 'mariadb', '4'), dataPoint('streaming', 'mariadb', '0')]);
  t.equal(dataPoints.length, 2);
  list.histograms('sluice_result_rows', 'Rows.', [histogramOf('mysql', 'buffered', 7, 7)]);
  const shown = exposition(mergeMetrics([list.families])).match(/^sluice_result_rows_count.*/gm);
  t.strictSame(shown, ['sluice_result_rows_count{class="buffered"} 4', 'sluice_result_rows_count{class="streaming"} 0'],
    'Prometheus gets those of all kinds together');
  t.end();
});

t.test('names metrics as OpenTelemetry does', (t) => {
  const names = {
    sluice_sessions_total: ['sluice.sessions', ''], sluice_sessions_open: ['sluice.sessions_open', ''],
    sluice_relayed_bytes_total: ['sluice.relayed', 'By'], sluice_result_bytes: ['sluice.result.size', 'By'],
    sluice_upstream_connect_seconds: ['sluice.upstream_connect', 's'],
    process_cpu_seconds_total: ['process.cpu.time', 's'], process_start_time_seconds: ['process.start_time', 's'],
  };
  t.strictSame(Object.fromEntries(Object.keys(names).map((name) => {
    const { name: otel, unit } = otelNameOf(name);
    return [name, [otel, unit]];
  })), names);
  t.end();
});
