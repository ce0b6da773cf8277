import { SERVER_KINDS } from '../../support/servers.js';
import { type Bench, cpuReading, type Load, measured, timeReadings } from '../bench.js';
import { type Competitor, DIRECT, REFERENCE, SLUICE } from '../competitors.js';
import type { Order } from '../orders.js';
import { startSluiceWith } from '../relays.js';
import { serverLoads, serverResult } from './bulk.js';
import { logins } from './clientTls.js';

const SECTION = 'default settings, real servers';
const LATENCY_SECTION = 'default settings, results by latency';
const SESSIONS_SECTION = 'default settings, sessions';

/** Sluice with its defaults: it encrypts to servers that offer TLS, which no other relay here does. */
const BY_DEFAULT: Competitor = {
  name: `${SLUICE}, default settings`, version: '',
  start: startSluiceWith({ listen: { host: '127.0.0.1' }, upstream: { host: '127.0.0.1' } }),
};
const RESULT_BYTES = [100_000, 300_000, 1_000_000, 3_000_000, 10_000_000];
const ROW_BYTES = 1000;
const SESSION_SQL = 'SELECT 1';
const AT_A_TIME = 32;

type ChurnOrder = Extract<Order, { readonly kind: 'churn' }>;

/**
 * The cost of Sluice with its default settings before real servers. MySQL offers TLS, so Sluice decrypts
 * its answers; MariaDB 10.11 does not.
 */
export const defaults = async (bench: Bench): Promise<void> => {
  const competitors = bench.competitors.filter(({ name }) => [DIRECT, REFERENCE, SLUICE].includes(name));
  const all = [...competitors, BY_DEFAULT];
  for (const kind of SERVER_KINDS) {
    const { port } = await bench.database(kind);
    await bench.interleave(SECTION, port, serverLoads(bench, kind), all);
    const timed = RESULT_BYTES.map((bytes) => latency(bench, kind, bytes));
    await bench.interleave(LATENCY_SECTION, port, timed, all);
    await sessions(bench, kind, port, all);
  }
};

/** Several results in a row over one session. */
const latency = (bench: Bench, kind: string, bytes: number): Load => ({
  subject: `${kind}, results of ${bytes / 1000} KB`,
  run: async (relay) => {
    const { sql } = serverResult(ROW_BYTES, bytes);
    const order = { kind: 'time', port: relay.port, sql, seconds: bench.scale.askSeconds } as const;
    const { times, count, cpuSeconds } = await measured(relay, async () => (await bench.drivers).one(order));
    const readings = timeReadings(times!).filter(({ metric }) => metric === 'medianMs');
    return [
      ...readings, { metric: 'p95Ms', value: times!.p95Ms }, ...cpuReading('cpuPerQuery', cpuSeconds, count, 1e6),
    ];
  },
});

/**
 * Short sessions: the first one of a process, while its code is cold, then many more, then logins of a client that
 * encrypts when TLS is offered.
 */
const sessions = async (
  bench: Bench, kind: string, port: number, competitors: readonly Competitor[],
): Promise<void> => {
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const competitor of competitors) {
      bench.say(`${SESSIONS_SECTION}, ${kind}, ${competitor.name}: round ${round + 1} of ${bench.rounds}`);
      const scope = bench.nested();
      const relay = await bench.start(SESSIONS_SECTION, competitor, scope, port);
      if (relay === null) continue;
      for (const load of sessionLoads(bench, kind)) {
        await bench.measure(SESSIONS_SECTION, load, competitor.name, relay);
      }
      await scope.close();
    }
  }
};

const sessionLoads = (bench: Bench, kind: string): Load[] => {
  const { coldSessions, churnSeconds } = bench.scale;
  const comeAndGo = (subject: string, until: ChurnOrder['until']): Load => ({
    subject: `${kind}, ${subject}`,
    run: async (relay) => {
      const order: ChurnOrder = { kind: 'churn', port: relay.port, sessions: AT_A_TIME, sql: SESSION_SQL, until };
      const { count, elapsedSeconds, cpuSeconds } = await measured(relay, async () => (await bench.drivers).all(order));
      return [
        { metric: 'sessionRate', value: count / elapsedSeconds },
        ...cpuReading('cpuPerSession', cpuSeconds, count, 1e6),
      ];
    },
  });
  return [
    comeAndGo(`the first ${coldSessions} sessions of a process`, { times: coldSessions }),
    comeAndGo('sessions after those', { seconds: churnSeconds }),
    logins(bench, `${kind}, logins of a client that encrypts where it can`),
  ];
};
