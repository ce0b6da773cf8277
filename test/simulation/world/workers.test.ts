import t, { type Test } from 'tap';
import type { Proxy } from '../../../src/relay/proxy.js';
import { History } from '../../../src/telemetry/history.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { startPrimary } from '../../../src/workers/primary.js';
import { load } from '../../config/configFile.js';
import { keptLog } from '../../support/keptLog.js';
import { Client, fulfilled, portOf, serve, type Result } from './proxyScene.js';
import { SimulatedWorld } from './simulatedWorld.js';

interface Scene {
  readonly simulated: SimulatedWorld;
  readonly proxy: Proxy;
  readonly records: object[];
  /** Clients that come at once, each with this many queries. */
  come(count: number, queries: number): readonly Client[];
  close(): Promise<void>;
}

const start = async (
  t: Test, seed: number, result: () => Result = () => ({ rows: 101 }), limits: object = { rows: 100 },
): Promise<Scene> => {
  const config = load(t, {
    listen: { host: '10.0.0.1', port: 3306, tls: { mode: 'off' } }, upstream: { host: 'db', tls: { mode: 'off' } },
    workers: 2, limits, budget: { bytes: '64KiB' }, streaming: { signals: [] },
  });
  const simulated = new SimulatedWorld(seed);
  simulated.enter();
  t.teardown(() => simulated.leave());
  serve(simulated, result);
  const records: object[] = [];
  const { log } = keptLog();
  const proxy = await fulfilled(t, simulated, startPrimary(config, {
    log: { logger: log, droppedLines: 0, write: () => undefined, close: () => Promise.reject(new Error('not asked')) },
    audit: { write: (record) => void records.push(record) },
    metrics: new Metrics(), history: new History(), version: '0',
  }));
  let lastClient = 0;
  return {
    simulated, proxy, records,
    come: (count, queries) => Array.from({ length: count }, () => {
      lastClient += 1;
      return new Client(simulated, portOf(proxy), queries, lastClient);
    }),
    close: () => fulfilled(t, simulated, simulated.sluice.run(() => proxy.close())),
  };
};

t.test('workers serve clients in a simulated world, and their records come to the primary', async (t) => {
  for (let seed = 1; seed <= 3; seed += 1) {
    const { simulated, proxy, records, come, close } = await start(t, seed);
    const clients = come(6, 2);
    await simulated.scheduler.run();
    t.strictSame(clients.map(({ ends }) => ends), clients.map(() => [0xff, 0xff]), `seed ${seed}`);
    t.equal(records.length, 12);
    t.equal(proxy.sessionCount, 0);
    await close();
    t.ok(simulated.workers.every(({ loop }) => !loop.isAlive));
  }
});

t.test('a worker that dies takes its clients with it, and another takes its place', async (t) => {
  for (let seed = 1; seed <= 3; seed += 1) {
    const { simulated, proxy, come, close } = await start(t, seed);
    const [early, late] = [come(6, 20), 4];
    await simulated.scheduler.pass(50);
    simulated.workers[0]!.die(null, 'SIGKILL');
    await simulated.scheduler.run({ until: () => simulated.workers.length === 3 });
    const clients = come(late, 2);
    await simulated.scheduler.run();
    t.ok(early.every(({ isOver }) => isOver), `seed ${seed}`);
    t.strictSame(clients.map(({ ends }) => ends), clients.map(() => [0xff, 0xff]));
    t.equal(proxy.sessionCount, 0);
    await close();
  }
});

t.test('a worker that hangs gets no new clients until it answers again', async (t) => {
  const { simulated, come, close } = await start(t, 1);
  const { scheduler, workers: [hung] } = simulated;
  hung!.loop.hang();
  await scheduler.pass(5000);
  const clients = come(6, 1);
  await scheduler.run({ until: () => clients.every(({ isOver }) => isOver) });
  t.strictSame(clients.map(({ ends }) => ends), clients.map(() => [0xff]));
  hung!.loop.goOn();
  await scheduler.run();
  await close();
});

t.test('the part of the budget that a worker was lent is free again when it dies', async (t) => {
  let result: Result = { rows: 3000, isStuck: true };
  const { simulated, records, come, close } = await start(t, 1, () => result, { rows: null, bytes: null });
  const [early] = come(1, 1);
  await simulated.scheduler.run();
  t.strictSame([early!.ends, early!.isOver], [[], false], 'it waits for the rest of some 40 KiB');
  simulated.workers[0]!.die(null, 'SIGKILL');
  await simulated.scheduler.run();
  t.equal(early!.isOver, true);
  result = { rows: 4000 };
  const [late] = come(1, 1);
  await simulated.scheduler.run();
  t.strictSame(late!.ends, [0xfe], 'some 55 of 64 KiB are not cut');
  t.strictSame(records, []);
  await close();
});

t.test('a client that is on its way to a worker that dies is closed', async (t) => {
  const { simulated, proxy, come, close } = await start(t, 1);
  const { scheduler, workers } = simulated;
  for (const { loop } of workers) loop.hang();
  const clients = come(4, 1);
  await scheduler.pass(500);
  t.equal(proxy.sessionCount, 4);
  for (const worker of workers.slice(0, 2)) worker.die(null, 'SIGKILL');
  await scheduler.run({ until: () => clients.every(({ isOver }) => isOver) });
  t.ok(clients.every(({ isOver }) => isOver));
  await scheduler.pass(1000);
  t.equal(proxy.sessionCount, 0);
  await close();
});
