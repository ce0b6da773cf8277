import { pino } from 'pino';
import t, { type Test } from 'tap';
import { readConfig } from '../../../src/config/load.js';
import { type Family, FamilyList } from '../../../src/telemetry/familyList.js';
import { CounterVector } from '../../../src/telemetry/instruments.js';
import { OtlpExport } from '../../../src/telemetry/otlp/otlpExport.js';
import { startCollector } from '../../support/collector.js';
import { PlayedClock } from './playedClock.js';

const telemetryOf = (telemetry: object) => readConfig({ upstream: 'db', telemetry }).telemetry;

function makeExport(t: Test) {
  const clock = new PlayedClock(t);
  const dropped = new CounterVector(['signal', 'reason']);
  const readings: Family[][] = [];
  const logger = pino({ level: 'silent' });
  const otlp = new OtlpExport({ logger, version: '1.2.3', dropped, read: () => readings.shift() ?? [] });
  t.teardown(async () => {
    const closed = otlp.close(0);
    clock.end(0);
    await closed;
  });
  const lost = () => [...dropped.all()].filter(({ count }) => count > 0);
  return { otlp, clock, lost, readings, configure: (telemetry: object) => otlp.prepare(telemetryOf(telemetry))() };
}

const RECORD = { event: 'result', action: 'cut', reason: 'rows', rule: 'default' };

t.test('does nothing when no signal is exported', async (t) => {
  const { otlp, clock, configure } = makeExport(t);
  configure({});
  otlp.record(RECORD);
  t.equal(clock.waiting, 0);
  await otlp.close(1000);
});

t.test('exports records as logs, with the attributes of the program', async (t) => {
  const { otlp, clock, configure } = makeExport(t);
  const { url, next } = await startCollector(t);
  configure({ otlp: { endpoint: `${url}/`, metrics: false }, resource: { 'service.name': 'shop', 'team': 'blue' } });
  otlp.record(RECORD);
  await clock.pass();
  const { path, json } = await next();
  t.equal(path, '/v1/logs');
  const { resourceLogs: [{ resource: { attributes }, scopeLogs: [{ scope, logRecords }] }] } = json as {
    resourceLogs: [{
      resource: { attributes: { key: string; value: object }[] };
      scopeLogs: [{ scope: object; logRecords: object[] }];
    }];
  };
  const resource = Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  t.match(resource, {
    'service.name': 'shop', 'service.version': '1.2.3', 'service.instance.id': /^[\da-f-]{36}$/, 'host.name': String,
    'process.pid': String(process.pid), 'team': 'blue',
  });
  t.strictSame(scope, { name: 'sluice', version: '1.2.3' });
  t.match(logRecords, [{ eventName: 'sluice.result', severityText: 'ERROR' }]);
});

t.test('a new configuration applies to waiting records, and drops those of signals that it leaves out', async (t) => {
  const { otlp, configure, lost } = makeExport(t);
  const other = await startCollector(t);
  configure({ otlp: { endpoint: 'http://127.0.0.1:1', metrics: false } });
  otlp.record(RECORD);
  configure({ otlp: { logs: `${other.url}/in`, headers: { 'x-tenant': 'b' }, metrics: false } });
  const closed = otlp.close(10_000);
  t.match(await other.next(), { path: '/in', headers: { 'x-tenant': 'b' } });
  await closed;
  t.strictSame(lost(), []);

  configure({ otlp: { metrics: false } });
  otlp.record(RECORD);
  configure({});
  t.strictSame(lost(), [{ labels: { signal: 'logs', reason: 'stopped' }, count: 1 }]);
});

t.test('ends after its time limit when a receiver does not answer', async (t) => {
  const { otlp, clock, configure, lost } = makeExport(t);
  const collector = await startCollector(t);
  collector.answerNext(() => {});
  configure({ otlp: { endpoint: collector.url, metrics: false } });
  otlp.record(RECORD);
  await clock.pass();
  await collector.next();
  otlp.record(RECORD);
  const closed = otlp.close(10);
  await clock.passOf(10);
  await closed;
  t.strictSame(lost(), [{ labels: { signal: 'logs', reason: 'stopped' }, count: 2 }]);
  t.equal(clock.waiting, 0);
});

t.test('refuses a configuration with unusable files, and goes on with the one before', async (t) => {
  const { otlp, configure } = makeExport(t);
  const collector = await startCollector(t);
  const settings = telemetryOf({ otlp: { endpoint: collector.url, metrics: false } });
  configure({ otlp: { endpoint: collector.url, metrics: false } });
  t.throws(() => otlp.prepare({ ...settings, otlp: { ...settings.otlp!, tls: { ca: '/nonexistent/x' } } }), {
    name: 'TlsFileError', key: 'ca',
  });
  otlp.record(RECORD);
  const closed = otlp.close(10_000);
  await collector.next();
  await closed;
});

/** The first metric of a request, and its first value. */
const valueIn = (json: unknown): [string, string] => {
  interface Gauge {
    readonly name: string;
    readonly gauge: { readonly dataPoints: readonly [{ readonly asInt: string }] };
  }
  const { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge }] }] }] } =
    json as { resourceMetrics: [{ scopeMetrics: [{ metrics: [Gauge] }] }] };
  return [name, gauge.dataPoints[0].asInt];
};

const sessionsAt = (value: number): Family[] => {
  const list = new FamilyList();
  list.gauge('sluice_sessions_open', 'Sessions.', value);
  return list.families;
};

t.test('reads the metrics as often as the configuration says, and once more at the end', async (t) => {
  const { otlp, clock, configure, readings } = makeExport(t);
  const { url, next } = await startCollector(t);
  readings.push(sessionsAt(1), sessionsAt(2), sessionsAt(3));
  configure({ otlp: { endpoint: url, logs: false, traces: false, interval: '30s' } });
  await clock.passOf(30_000);
  await clock.passOf(0);
  const { path, json } = await next();
  t.equal(path, '/v1/metrics');
  t.strictSame(valueIn(json), ['sluice.sessions_open', '1']);
  configure({ otlp: { endpoint: url, logs: false, traces: false, interval: '2s' } });
  await clock.passOf(2000);
  await clock.passOf(0);
  t.strictSame(valueIn((await next()).json), ['sluice.sessions_open', '2']);
  await otlp.close(10_000);
  t.strictSame(valueIn((await next()).json), ['sluice.sessions_open', '3']);
  t.equal(clock.waiting, 0);
});

t.test('has no timer for metrics that are no longer exported', async (t) => {
  const { clock, configure } = makeExport(t);
  configure({ otlp: {} });
  t.equal(clock.waiting, 1);
  configure({ otlp: { metrics: false } });
  t.equal(clock.waiting, 0);
});
