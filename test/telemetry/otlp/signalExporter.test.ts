import { pino } from 'pino';
import t, { type Test } from 'tap';
import { CounterVector } from '../../../src/telemetry/instruments.js';
import { Envelope } from '../../../src/telemetry/otlp/envelope.js';
import { ExportLog } from '../../../src/telemetry/otlp/exportLog.js';
import { SignalExporter } from '../../../src/telemetry/otlp/signalExporter.js';
import type { Signal } from '../../../src/telemetry/otlp/targets.js';
import { answer, startCollector, type Collector, type Received } from '../../support/collector.js';
import { PlayedClock, REQUEST_TIMEOUT_MS } from './playedClock.js';

interface Exporting {
  readonly collector: Collector;
  readonly clock: PlayedClock;
  readonly exporter: SignalExporter;
  readonly log: readonly Record<string, unknown>[];
  /** The lost items by reason. */
  lost(): Record<string, number>;
  /** Adds a log record for each of these names. */
  add(...names: readonly string[]): void;
  /** Waits for the next log line. */
  said(): Promise<Record<string, unknown>>;
}

async function startExporting(t: Test, signal: Signal = 'logs'): Promise<Exporting> {
  const collector = await startCollector(t);
  const clock = new PlayedClock(t);
  const log: Record<string, unknown>[] = [];
  let [taken, arrived] = [0, () => {}];
  const logger = pino({ base: null, timestamp: false }, {
    write(line) {
      log.push(JSON.parse(line) as Record<string, unknown>);
      arrived();
    },
  });
  const dropped = new CounterVector(['signal', 'reason']);
  const destination = { url: `${collector.url}/v1/${signal}`, headers: {}, timeoutMs: REQUEST_TIMEOUT_MS, tls: {} };
  const target = { destination, envelope: new Envelope({}, '1') };
  const exporter = new SignalExporter(signal, target, new ExportLog(signal, logger, dropped));
  t.teardown(() => exporter.close());
  return {
    collector, clock, exporter, log,
    lost: () => Object.fromEntries([...dropped.all()].filter(({ count }) => count > 0)
      .map(({ labels, count }) => [labels['reason']!, count])),
    add: (...names) => {
      for (const name of names) exporter.add({ text: JSON.stringify({ eventName: name }), count: 1 });
    },
    async said() {
      while (log.length === taken) await new Promise<void>((resolve) => (arrived = resolve));
      return log[taken++]!;
    },
  };
}

/** The names of the log records in a request. */
const namesIn = ({ json }: Received): string[] => {
  const { resourceLogs: [{ scopeLogs: [{ logRecords }] }] } = json as {
    resourceLogs: [{ scopeLogs: [{ logRecords: { eventName: string }[] }] }];
  };
  return logRecords.map(({ eventName }) => eventName);
};

t.test('collects records for a second, and has no timer otherwise', async (t) => {
  const { collector, clock, exporter, add } = await startExporting(t);
  t.equal(clock.waiting, 0);
  add('a', 'b');
  add('c');
  t.equal(await clock.pass(), 1000);
  t.strictSame(namesIn(await collector.next()), ['a', 'b', 'c']);
  await exporter.flush();
  t.equal(clock.waiting, 0);
});

t.test('sends one request at a time, also when many records wait', async (t) => {
  const { collector, clock, exporter, add } = await startExporting(t);
  for (let index = 0; index < 1200; index += 1) add(`${index}`);
  await clock.pass();
  t.equal(namesIn(await collector.next()).length, 512);
  t.equal(await clock.pass(), 0, 'the rest follows at once');
  t.equal(namesIn(await collector.next()).length, 512);
  t.equal(await clock.pass(), 1000, 'less than a batch waits again');
  t.equal(namesIn(await collector.next()).length, 176);
  await exporter.flush();
  t.equal(collector.mostAtOnce, 1);
});

t.test('tries again after growing, partly random pauses, and says so once', async (t) => {
  const { collector, clock, add, said, log, lost } = await startExporting(t);
  for (let index = 0; index < 9; index += 1) collector.answerNext(answer(503));
  add('a');
  await clock.pass();
  t.match(namesIn(await collector.next()), ['a']);
  t.match(await said(), { level: 40, signal: 'logs', url: /\/v1\/logs$/, reason: 'answers 503' });
  const pauses: number[] = [];
  for (let index = 0; index < 8; index += 1) {
    clock.chance = index % 2;
    if (index === 4) add('b');
    pauses.push(await clock.pass());
    await collector.next();
  }
  t.strictSame(pauses.slice(1), [2000, 2000, 8000, 8000, 32_000, 30_000, 60_000]);
  await clock.pass();
  t.match(namesIn(await collector.next()), ['a', 'b'], 'what came meanwhile goes with it');
  t.match(await said(), { level: 30, dropped: 0, msg: 'otlp: the receiver takes requests again' });
  t.equal(log.length, 2);
  t.strictSame(lost(), {});
});

t.test('waits as long as a receiver asks for, and ten minutes at most', async (t) => {
  const { collector, clock, add } = await startExporting(t);
  collector.answerNext(answer(429, { 'retry-after': '30' }));
  collector.answerNext(answer(503, { 'retry-after': '999999999' }));
  add('a');
  await clock.pass();
  t.equal(await clock.pass(), 30_000);
  t.equal(await clock.pass(), 600_000);
  await collector.next();
});

t.test('tries again when the receiver cannot be reached, and says so', async (t) => {
  const { collector, clock, add, said } = await startExporting(t);
  collector.stop();
  add('a');
  await clock.pass();
  t.match(await said(), { reason: /ECONNREFUSED/ });
  t.equal((await clock.pause()).ms, 1000);
});

t.test('drops what a receiver refuses, counts it, and goes on', async (t) => {
  const { collector, clock, exporter, add, said, lost } = await startExporting(t);
  collector.answerNext(answer(401, {}, 'who are you?'));
  add('a', 'b');
  await clock.pass();
  t.match(await said(), { dropped: 2, reason: 'answers 401: who are you?', msg: /refuses requests/ });
  t.strictSame(lost(), { refused: 2 });
  add('c');
  await clock.pass();
  await collector.next();
  t.strictSame(namesIn(await collector.next()), ['c']);
  await exporter.flush();
});

t.test('logs a partial success once and a warning once, and counts what was rejected', async (t) => {
  const { collector, clock, exporter, add, said, log, lost } = await startExporting(t);
  for (const [rejected, errorMessage] of [['0', 'soon gone'], ['1', 'too old'], ['2', 'too old'], ['0', 'soon gone']]) {
    const body = { partialSuccess: { rejectedLogRecords: rejected, errorMessage } };
    collector.answerNext(answer(200, {}, JSON.stringify(body)));
    add('a', 'b');
    await clock.pass();
    await collector.next();
    await exporter.flush();
  }
  t.match(await said(), { rejected: 0, message: 'soon gone', msg: 'otlp: the receiver warns' });
  t.match(await said(), { rejected: 1, message: 'too old', msg: /only in part/ });
  t.equal(log.length, 2);
  t.strictSame(lost(), { rejected: 3 });
});

t.test('asks in the log whether the address is a receiver when its answer is no OTLP', async (t) => {
  const { collector, clock, add, said, lost } = await startExporting(t);
  collector.answerNext(answer(200, { 'content-type': 'text/html' }, '<html>'));
  add('a');
  await clock.pass();
  t.match(await said(), { msg: 'otlp: the answer is not OTLP: is this a receiver?' });
  t.strictSame(lost(), {});
});

t.test('a receiver that hangs costs only the queue: the oldest records are dropped and counted', async (t) => {
  const { collector, clock, exporter, add, said, lost } = await startExporting(t);
  collector.answerNext(() => {});
  add('first');
  await clock.pass();
  await collector.next();
  for (let index = 0; index < 10_000; index += 1) add(`${index}`);
  t.strictSame(lost(), { overflow: 10_000 - 8192 });
  t.match(await said(), { signal: 'logs', dropped: 1, msg: /^otlp: dropping the oldest/ });
  t.equal(clock.waiting, 0, 'nothing else is sent meanwhile');
  exporter.close();
  t.strictSame(lost(), { overflow: 10_000 - 8192, stopped: 8193 });
  t.match(await said(), { dropped: 8193, msg: /what was not taken before the end is dropped/ });
});

t.test('counts large records by their length', async (t) => {
  const { exporter, lost } = await startExporting(t);
  for (let index = 0; index < 10; index += 1) exporter.add({ text: 'x'.repeat(1024 * 1024), count: 1 });
  t.strictSame(lost(), { overflow: 2 });
});

t.test('a newer reading of metrics replaces an older one that waits', async (t) => {
  const { collector, clock, exporter, lost } = await startExporting(t, 'metrics');
  collector.answerNext(answer(503));
  exporter.add({ text: '{"name":"first"}', count: 5 });
  await clock.pass();
  await collector.next();
  const pause = await clock.pause();
  exporter.add({ text: '{"name":"second"}', count: 6 });
  t.strictSame(lost(), { overflow: 5 });
  pause.end();
  t.match((await collector.next()).json, {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'second' }] }] }],
  });
});

t.test('sends to a new receiver from the next request on', async (t) => {
  const { collector, clock, exporter, add } = await startExporting(t);
  const other = await startCollector(t);
  collector.answerNext(answer(503));
  add('a');
  await clock.pass();
  const { ms } = await clock.pause();
  t.equal(ms, 1000);
  exporter.target = {
    envelope: exporter.target.envelope, destination: { ...exporter.target.destination, url: `${other.url}/x` },
  };
  await exporter.flush();
  t.equal((await other.next()).path, '/x');
});

t.test('flush() sends at once, also in a pause between attempts, until nothing is left', async (t) => {
  const { collector, clock, exporter, add, lost } = await startExporting(t);
  collector.answerNext(answer(503));
  collector.answerNext(answer(503));
  add('a');
  await clock.pass();
  await collector.next();
  await clock.pause();
  const flushed = exporter.flush();
  await collector.next();
  await clock.pass();
  await flushed;
  t.strictSame(namesIn(await collector.next()), ['a']);
  t.strictSame(lost(), {});
  await exporter.flush();
});
