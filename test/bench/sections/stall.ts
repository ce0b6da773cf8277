import type { Bench } from '../bench.js';
import { memoryBytes } from '../processes.js';
import type { Relay } from '../relays.js';
import type { Reading } from '../results.js';
import { syntheticResult } from './bulk.js';

const SECTION = 'stall';
const RESULT_BYTES = 1e9;
const READ_BYTES = 1e6;

/** The memory held for clients that stop reading in the middle of a large result. */
export const stall = async (bench: Bench): Promise<void> => {
  const port = await bench.synthetic;
  const subject = `${bench.scale.stalledSessions} clients that stopped reading a result of 1 GB`;
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const competitor of bench.competitors) {
      const { name } = competitor;
      bench.say(`${SECTION}, ${name}: round ${round + 1} of ${bench.rounds}`);
      const scope = bench.nested();
      const relay = await bench.start(SECTION, competitor, scope, port);
      if (relay !== null) await bench.measure(SECTION, { subject, run: () => stalled(bench, relay) }, name, relay);
      await (await bench.drivers).release();
      await scope.close();
    }
  }
};

const stalled = async (bench: Bench, relay: Relay): Promise<Reading[]> => {
  if (relay.pid === null) return [];
  const emptyBytes = memoryBytes(relay.pid);
  const drivers = await bench.drivers;
  const { sql } = syntheticResult(1000, RESULT_BYTES);
  const sessions = bench.scale.stalledSessions;
  await drivers.all({ kind: 'stall', port: relay.port, sessions, sql, afterBytes: READ_BYTES });
  const bytes = (await bench.settledMemory(relay.pid)) - emptyBytes;
  return [{ metric: 'stalledMemory', value: bytes / 1024 / sessions }];
};
