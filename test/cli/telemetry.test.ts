import t, { type Test } from 'tap';
import { otelNameOf } from '../../src/telemetry/otlp/metrics.js';
import { startAdministered } from '../admin/administered.js';
import { configFile } from '../config/configFile.js';
import { startCollector, type Collector } from '../support/collector.js';
import { sluice } from './program.js';

type Attributes = readonly { readonly key: string; readonly value: object }[];

/** The attributes of something that was exported, by name. */
const attributesOf = ({ attributes }: { readonly attributes: Attributes }) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

interface LogRecord {
  readonly severityText: string;
  readonly attributes: Attributes;
}

/** The log records that a receiver got. */
const logsIn = ({ received }: Collector): LogRecord[] => received.flatMap(({ path, json }) => {
  if (path !== '/v1/logs') return [];
  const { resourceLogs } = json as { resourceLogs: { scopeLogs: { logRecords: LogRecord[] }[] }[] };
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
});

interface Metric {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly { readonly attributes: Attributes; readonly asInt: string }[] };
}

/** The metrics of the last reading that a receiver has got. */
const lastMetricsIn = ({ received }: Collector): readonly Metric[] => {
  const last = received.filter(({ path }) => path === '/v1/metrics').at(-1);
  const { resourceMetrics } = last?.json as { resourceMetrics: [{ scopeMetrics: [{ metrics: Metric[] }] }] };
  return resourceMetrics[0].scopeMetrics[0].metrics;
};

/** The output of a program, and the names of its counters and histograms for Prometheus. */
interface Run {
  readonly stdout: string;
  readonly names: readonly string[];
}

/** Runs a program whose client has one result cut, and ends it. */
async function runToItsEnd(t: Test, collector: Collector, config: object = {}): Promise<Run> {
  const { program, connect, ask } = await startAdministered(t, {
    limits: { rows: 100 }, telemetry: { otlp: { endpoint: collector.url } }, ...config,
  });
  const client = await connect();
  await client.query('SELECT * FROM rows_1000');
  client.close();
  // A metric without any value is announced all the same; the gauges of a worker end with it.
  const { body } = await ask('/metrics');
  const names = [...body.matchAll(/^# TYPE (\S+) (?:counter|histogram)\n(?=[^#])/gm)].map(([, name = '']) => name);
  program.kill('SIGTERM');
  const { code, stdout } = await program.ended;
  t.equal(code, 0);
  return { stdout, names };
}

for (const workers of [1, 2]) {
  await t.test(`records and metrics are exported before the program ends, with ${workers} process(es)`, async (t) => {
    const collector = await startCollector(t);
    const { stdout, names } = await runToItsEnd(t, collector, { workers });
    const logs = logsIn(collector);
    t.equal(logs.length, 1, 'once');
    const record = JSON.parse(stdout) as Record<string, unknown>;
    const attributes = attributesOf(logs[0]!);
    t.match(attributes, {
      'sluice.action': 'cut', 'sluice.digest': record['digest'], 'sluice.rows': String(record['rows']),
      'db.query.summary': 'SELECT rows_1000', 'db.namespace': 'demo',
    });
    t.equal(logs[0]?.severityText, 'ERROR');

    const metrics = lastMetricsIn(collector);
    const cuts = metrics.find(({ name }) => name === 'sluice.cuts')?.sum?.dataPoints ?? [];
    t.strictSame(cuts.filter(({ asInt }) => asInt !== '0').map((point) => [attributesOf(point), point.asInt]), [
      [{ rule: 'default', reason: 'rows' }, '1'],
    ]);
    const exported = new Set(metrics.map(({ name }) => name));
    t.ok(names.length > 20, `there are ${names.length} metrics to look for`);
    t.strictSame(names.filter((name) => !exported.has(otelNameOf(name).name)), [], 'whatever /metrics has');
  });
}

t.test('a receiver that never answers does not delay the end of the program', async (t) => {
  const collector = await startCollector(t);
  for (let index = 0; index < 5; index += 1) collector.answerNext(() => {});
  const { stdout } = await runToItsEnd(t, collector, { shutdown: { acceptFor: 0, timeout: 200 } });
  t.match(stdout, '"action":"cut"');
});

t.test('a reload switches the export on and off', async (t) => {
  const collector = await startCollector(t);
  const started = await startAdministered(t, { limits: { rows: 100 } });
  const client = await started.connect();
  const cut = () => client.query('SELECT * FROM rows_1000');
  await cut();
  started.configure({ telemetry: { otlp: { endpoint: collector.url } } });
  t.match((await started.ask('/reload', { method: 'POST' })).body, '"telemetry.otlp"');
  await cut();
  await collector.next();
  started.configure({});
  await started.ask('/reload', { method: 'POST' });
  await cut();
  client.close();
  started.program.kill('SIGTERM');
  await started.program.ended;
  t.equal(logsIn(collector).length, 1, 'neither before nor afterwards');
});

t.test('check says what would be exported, and which variable has changed that', async (t) => {
  const file = configFile(t, { upstream: 'db', telemetry: { otlp: { interval: '10s', traces: false } } });
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  t.match((await sluice(['check', '--config', file], variables)).stderr.split('\n'), [
    'The configuration is good.',
    'Exported: metrics every 10s, to http://collector:4318/v1/metrics',
    'Exported: logs as they come, to http://collector:4318/v1/logs',
    '',
  ]);
  t.match((await sluice(['check', '--upstream', 'db'], variables)).stderr, /^warning: .*OTLP_ENDPOINT switches it on;/);
});

t.test('the cut of a traced statement has a span in the trace of its client', async (t) => {
  const collector = await startCollector(t);
  const started = await startAdministered(t, {
    limits: { rows: 100 }, telemetry: { otlp: { endpoint: collector.url, metrics: false, logs: false } },
  });
  const client = await started.connect();
  const traced = (flags: string) =>
    `SELECT * FROM rows_1000 /*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}'*/`;
  await client.query(traced('00'));
  await client.query('SELECT * FROM rows_1000');
  const beforeMs = Date.now();
  await client.query(traced('01'));
  client.close();
  started.program.kill('SIGTERM');
  const { stdout } = await started.program.ended;
  const record = JSON.parse(stdout.trim().split('\n')[2]!) as Record<string, unknown>;
  t.match(record, { errorCode: 3170, upstream: `127.0.0.1:${started.upstreamPort}` });
  const startedAtMs = Date.parse(String(record['startedAt']));
  t.ok(startedAtMs >= beforeMs - 2 && startedAtMs <= Date.parse(String(record['time'])));

  t.equal(collector.received.length, 1);
  const { path, json } = collector.received[0]!;
  t.equal(path, '/v1/traces');
  const { resourceSpans: [{ scopeSpans: [{ spans }] }] } = json as {
    resourceSpans: [{ scopeSpans: [{ spans: { attributes: Attributes }[] }] }];
  };
  t.equal(spans.length, 1, 'neither without a trace nor where the client records none');
  t.match(spans[0], {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentSpanId: '00f067aa0ba902b7', name: 'SELECT rows_1000',
    startTimeUnixNano: `${startedAtMs}000000`,
  });
  t.match(attributesOf(spans[0]!), {
    'error.type': '3170', 'server.address': '127.0.0.1', 'server.port': String(started.upstreamPort),
  });
});
