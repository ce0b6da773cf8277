import { type Bench, cpuReading, measured } from '../bench.js';
import { descriptorLimit } from '../machine.js';
import { memoryBytes } from '../processes.js';
import type { Relay } from '../relays.js';
import type { Reading } from '../results.js';

const SECTION = 'connections';
const SQL = 'rows 1 of 10';
const AT_A_TIME = 32;
/** A relay needs two descriptors for a session, and some besides. */
const SPARE_DESCRIPTORS = 200;

/** Sessions that come and go, and sessions that stay. */
export const connections = async (bench: Bench): Promise<void> => {
  const port = await bench.synthetic;
  const subject = 'connect, log in, one query, quit';
  await bench.interleave(SECTION, port, [{ subject, run: (relay) => churn(bench, relay) }]);
  const most = (descriptorLimit() - SPARE_DESCRIPTORS) / 2;
  const levels = bench.scale.idleSessions.filter((sessions) => sessions <= most);
  // Each in a new process: earlier work stays in a process's memory.
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const competitor of bench.competitors) {
      const { name } = competitor;
      bench.say(`${SECTION}, idle sessions, ${name}: round ${round + 1} of ${bench.rounds}`);
      const scope = bench.nested();
      const relay = await bench.start(SECTION, competitor, scope, port);
      if (relay !== null) await idleSessions(bench, name, relay, levels);
      await (await bench.drivers).release();
      await scope.close();
    }
  }
};

/** Short sessions, as many as the relay can serve. */
const churn = async (bench: Bench, relay: Relay): Promise<Reading[]> => {
  const drivers = await bench.drivers;
  const order = {
    kind: 'churn', port: relay.port, sessions: AT_A_TIME, sql: SQL, until: { seconds: bench.scale.churnSeconds },
  } as const;
  const { count, elapsedSeconds, cpuSeconds } = await measured(relay, () => drivers.all(order));
  return [
    { metric: 'sessionRate', value: count / elapsedSeconds },
    ...cpuReading('cpuPerSession', cpuSeconds, count, 1e6),
  ];
};

/** The memory of idle sessions at each level, and the cost of short sessions beside them. */
const idleSessions = async (
  bench: Bench, competitor: string, relay: Relay, levels: readonly number[],
): Promise<void> => {
  const emptyBytes = relay.pid === null ? 0 : memoryBytes(relay.pid);
  let open = 0;
  for (const level of levels) {
    const hold = async (): Promise<Reading[]> => {
      await (await bench.drivers).all({ kind: 'hold', port: relay.port, sessions: level - open, sql: SQL });
      open = level;
      if (relay.pid === null) return [];
      const bytes = (await bench.settledMemory(relay.pid)) - emptyBytes;
      return [{ metric: 'idleMemory', value: bytes / 1024 / level }];
    };
    await bench.measure(SECTION, { subject: `${level} idle sessions`, run: hold }, competitor, relay);
  }
  const subject = `connect, log in, one query, quit, beside ${open} idle sessions`;
  await bench.measure(SECTION, { subject, run: () => churn(bench, relay) }, competitor, relay);
};
