import t, { type Test } from 'tap';
import { openAuditLog } from '../../../src/audit/auditLog.js';
import { startProxy } from '../../../src/relay/proxy.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { load } from '../../config/configFile.js';
import { keptLog } from '../../support/keptLog.js';
import { Client, fulfilled, portOf, serve } from './proxyScene.js';
import { SimulatedWorld } from './simulatedWorld.js';

const CLIENTS = 5;
const QUERIES = 3;

interface Played {
  readonly eventCount: number;
  readonly endedAtMs: number;
  readonly audit: string;
  readonly clients: readonly Client[];
  readonly left: object;
}

/** A whole proxy between some clients and a server, in a world of this seed. */
const play = async (t: Test, seed: number, { rows, tls = false }: { rows: number, tls?: boolean }): Promise<Played> => {
  const listen = { host: '10.0.0.1', port: 3306, tls: { mode: tls ? 'required' : 'off' } };
  const config = load(t, {
    listen, upstream: { host: 'db', tls: { mode: 'off' } }, limits: { rows: 100 }, streaming: { signals: [] },
    audit: { to: '/audit' },
  });
  const simulated = new SimulatedWorld(seed);
  simulated.enter();
  t.teardown(() => simulated.leave());
  serve(simulated, () => ({ rows }));
  const { log } = keptLog();
  const audit = openAuditLog(config.audit, log);
  const proxy = await fulfilled(t, simulated, startProxy(config, log, audit, new Metrics()));
  const port = portOf(proxy);
  const clients = Array.from({ length: CLIENTS }, (_, at) => new Client(simulated, port, QUERIES, at + 1, tls));
  await simulated.scheduler.run();
  const closed = simulated.sluice.run(() => proxy.close());
  await fulfilled(t, simulated, closed);
  await fulfilled(t, simulated, simulated.sluice.run(() => audit.close()));
  const { scheduler: { eventCount, nowMs }, files, network, sluice } = simulated;
  const { openSessions, budgetUsedBytes } = proxy.status();
  await simulated.scheduler.run();
  return {
    eventCount, endedAtMs: nowMs, audit: files.text('/audit'), clients,
    left: {
      openSessions, budgetUsedBytes, files: files.open.size, timers: sluice.openTimers,
      links: [...network.links].filter(({ isGone }) => !isGone).length,
    },
  };
};

const NOTHING = { openSessions: 0, budgetUsedBytes: 0, files: 0, timers: 0, links: 0 };

t.test('a whole proxy runs in a simulated world, and leaves nothing behind', async (t) => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const { clients, left, audit } = await play(t, seed, { rows: 50 });
    t.strictSame(clients.map(({ ends, isOver }) => [ends, isOver]), clients.map(() => [[0xfe, 0xfe, 0xfe], true]));
    t.strictSame(left, NOTHING, `seed ${seed}`);
    t.equal(audit, '');
  }
});

t.test('a result is cut in a simulated world, and its record goes to a file in memory', async (t) => {
  const { clients, audit, left } = await play(t, 1, { rows: 101 });
  t.strictSame(clients.map(({ ends }) => ends), clients.map(() => [0xff, 0xff, 0xff]));
  const records = audit.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  t.equal(records.length, CLIENTS * QUERIES);
  t.match(records, records.map(() => ({ action: 'cut', forwardedRows: 100 })));
  t.strictSame(left, NOTHING);
});

t.test('clients inside the stage that stands for TLS are served as those in clear', async (t) => {
  const { clients, left } = await play(t, 1, { rows: 50, tls: true });
  t.strictSame(clients.map(({ ends, isOver }) => [ends, isOver]), clients.map(() => [[0xfe, 0xfe, 0xfe], true]));
  t.strictSame(left, NOTHING);
});

t.test('a seed decides all events: another one brings others', async (t) => {
  const play101 = (seed: number): Promise<Played> => play(t, seed, { rows: 101 });
  const [one, again, other] = [await play101(1), await play101(1), await play101(2)];
  const traits = ({ eventCount, endedAtMs, audit }: Played): unknown => [eventCount, endedAtMs, audit];
  t.strictSame(traits(one), traits(again));
  t.not(one.endedAtMs, other.endedAtMs);
});
