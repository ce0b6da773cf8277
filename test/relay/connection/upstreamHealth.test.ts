import { once, EventEmitter } from 'node:events';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { History } from '../../../src/telemetry/history.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import type { Upstream } from '../../../src/config/config.js';
import type { Failure } from '../../../src/relay/connection/attempt.js';
import { UpstreamHealth } from '../../../src/relay/connection/upstreamHealth.js';

const serverAt = (host: string): Upstream => ({
  at: { host, port: 3306 }, proxyProtocol: 'off', tls: { mode: 'off', bridge: true },
});
const [one, two, three] = ['one', 'two', 'three'].map(serverAt) as [Upstream, Upstream, Upstream];
const SILENT: Failure = { kind: 'silent', reason: 'the upstream server one:3306 did not greet within 2000 ms' };

/** The health of these servers until a test ends. The test answers the probes, one by one. */
const makeHealth = (t: Test, upstreams: readonly Upstream[] = [one, two]) => {
  const log: { level: number; msg: string }[] = [];
  const probes = new EventEmitter();
  const metrics = new Metrics();
  const history = new History();
  const health = new UpstreamHealth({
    log: pino({}, { write: (line) => void log.push(JSON.parse(line)) }),
    metrics,
    history,
    probe: (upstream) => new Promise((resolve) => void setImmediate(() => probes.emit('probe', upstream, resolve))),
  }, 1);
  // The timers of UpstreamHealth do not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => {
    health.close();
    clearInterval(alive);
  });
  health.configured(upstreams);
  const isUp = () =>
    Object.fromEntries([...metrics.upstreamUp.all()].map(({ labels, count }) => [labels['upstream'], count]));
  const nextProbe = async () => await once(probes, 'probe') as [Upstream, (isWell: boolean) => void];
  return { health, log, metrics, history, probes, isUp, nextProbe };
};

t.test('puts failed servers last, in the order of the list', (t) => {
  const { health, isUp } = makeHealth(t, [one, two, three]);
  t.strictSame(health.inOrder([one, two, three]), [one, two, three]);
  health.failed(one, SILENT);
  t.strictSame(health.inOrder([one, two, three]), [two, three, one]);
  health.failed(two, SILENT);
  t.strictSame(health.inOrder([one, two, three]), [three, one, two]);
  t.strictSame(isUp(), { 'one:3306': 0, 'two:3306': 0, 'three:3306': 1 });
  health.greeted(one);
  t.strictSame(health.inOrder([one, two, three]), [one, three, two]);
  t.end();
});

t.test('notes once that a server refuses clients, for each server that is in use', (t) => {
  const { health, history } = makeHealth(t);
  for (const place of ['one:3306', 'one:3306', 'two:3306', 'of-before:3306']) health.refused(place, `${place} refused it`);
  t.match(history.after(0), [
    { kind: 'turned-away', reason: 'server', upstream: 'one:3306', message: 'one:3306 refused it' },
    { kind: 'turned-away', reason: 'server', upstream: 'two:3306' },
  ]);
  t.equal(history.after(0).length, 2);
  health.configured([two]);
  health.configured([one, two]);
  health.refused('one:3306', 'one:3306 refused it again');
  t.equal(history.after(0).length, 3, 'one that is in use again is noted again');
  t.end();
});

t.test('tries a failed server until it is well, and logs the failure once', async (t) => {
  const { health, log, isUp, nextProbe } = makeHealth(t);
  const first = nextProbe();
  health.failed(one, SILENT);
  health.failed(one, SILENT);
  const [tried, answer] = await first;
  t.equal(tried, one);
  const second = nextProbe();
  answer(false);
  const [, answerSecond] = await second;
  t.strictSame(health.inOrder([one, two]), [two, one]);
  answerSecond(true);
  while (isUp()['one:3306'] === 0) await new Promise(setImmediate);
  t.strictSame(health.inOrder([one, two]), [one, two]);
  t.match(log, [
    { level: 40, msg: `${SILENT.reason}; until it greets again the other servers are tried first` },
    { level: 30, msg: 'the upstream server one:3306 greets again' },
  ]);
  t.equal(log.length, 2);
});

t.test('counts failures for clients by reason, and does not count probes', async (t) => {
  const { health, metrics, nextProbe } = makeHealth(t, [one]);
  const tried = nextProbe();
  health.failed(one, SILENT);
  health.failed(one, { kind: 'unreachable', reason: 'cannot reach it' });
  const [, answer] = await tried;
  const again = nextProbe();
  answer(false);
  await again;
  t.equal(metrics.upstreamConnectFailures, 1);
  t.strictSame([...metrics.upstreamFailures.all()].map(({ labels, count }) => [labels['reason'], count]), [
    ['unreachable', 1], ['silent', 1], ['closed', 0],
  ]);
});

t.test('forgets a server that is no longer in the list', async (t) => {
  const { health, metrics, isUp, nextProbe } = makeHealth(t);
  const tried = nextProbe();
  health.failed(one, SILENT);
  const [, answer] = await tried;
  health.configured([two]);
  answer(false);
  health.failed(one, SILENT); // for a client that came before
  t.strictSame(isUp(), { 'two:3306': 1 });
  t.notOk([...metrics.upstreamFailures.all()].some(({ labels }) => labels['upstream'] === 'one:3306'));
  health.configured([one, two]);
  t.strictSame(health.inOrder([one, two]), [one, two]);
});

t.test('tries nothing after it is closed', async (t) => {
  const { health, probes } = makeHealth(t);
  health.failed(one, SILENT);
  health.close();
  probes.on('probe', () => t.fail('a probe'));
  await new Promise((resolve) => setTimeout(resolve, 20));
});
