import t, { type Test } from 'tap';
import { startProxy } from '../../../src/relay/proxy.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { load } from '../../config/configFile.js';
import { keptLog } from '../../support/keptLog.js';
import { Client, fulfilled, portOf, serve } from './proxyScene.js';
import { SimulatedWorld } from './simulatedWorld.js';

const BUFFERS = { sendBytes: 256 * 1024, receiveBytes: 256 * 1024 };
const RESULT = { rows: 2000, rowBytes: 4096 };
/** The time by which the client has taken a part of the result, over either line. */
const LATER_MS = 400;
const STALL_MS = 850;

/** The time in which a client takes a large result through Sluice over a line that stalls for a while in the middle. */
const resultTakesMs = async (t: Test, bytesPerMs: number, stallMs: number): Promise<number> => {
  const config = load(t, {
    listen: { host: '10.0.0.1', port: 3306, tls: { mode: 'off' } }, upstream: { host: 'db', tls: { mode: 'off' } },
    mode: 'audit', limits: { rows: null, bytes: null }, streaming: { signals: [] },
  });
  const simulated = new SimulatedWorld(1);
  simulated.enter();
  t.teardown(() => simulated.leave());
  const { network, scheduler, sluice } = simulated;
  const wire = { latencyMs: 2, jitterMs: 0, bytesPerMs, segmentBytes: 65_483 };
  network.traits = () => ({ wire, fromSizes: BUFFERS, toSizes: BUFFERS });
  serve(simulated, () => RESULT);
  const { log } = keptLog();
  const audit = { write: () => undefined };
  const proxy = await fulfilled(t, simulated, startProxy(config, log, audit, new Metrics()));
  const fromMs = scheduler.nowMs;
  const client = new Client(simulated, portOf(proxy), 1, 1);
  const [link] = network.links;
  scheduler.after(LATER_MS, () => link!.stall(stallMs));
  await scheduler.run({ until: () => client.isOver });
  const takesMs = scheduler.nowMs - fromMs;
  t.strictSame(client.ends, [0xfe], 'the result is whole');
  await fulfilled(t, simulated, sluice.run(() => proxy.close()));
  return takesMs;
};

for (const [line, bytesPerMs] of [['fast', 10_000], ['slow', 5000]] as const) {
  t.test(`a result over a ${line} line goes on soon after a stall, however much has gone out before it`, async (t) => {
    const freelyMs = await resultTakesMs(t, bytesPerMs, 0);
    const laterMs = await resultTakesMs(t, bytesPerMs, STALL_MS) - freelyMs - STALL_MS;
    t.ok(laterMs <= STALL_MS / 10, `${Math.round(laterMs)} ms later than a stall takes`);
  });
}
