import { type Bench, cpuReading, type Load, measured } from '../bench.js';
import type { Competitor } from '../competitors.js';
import type { Order, Outcome } from '../orders.js';
import { startSluiceWith } from '../relays.js';
import type { Reading } from '../results.js';
import { syntheticResult } from './bulk.js';
import { rulesByStatement } from './features.js';

const SECTION = 'workers';
const WORKERS = [1, 2, 4];
const ROW_BYTES = 1000;
/** The number of results that are read at the same time. Together they are as large as the one of the bulk section. */
const READERS = 8;
const ASKERS = 64;
const AT_A_TIME = 32;
/** With this number of rules a query costs the relay several times its cost to load and server. */
const RULES = 1000;

const nameOf = (workers: number): string => (workers === 1 ? 'one process' : `${workers} workers`);

/** The reference of this section. */
export const ONE_PROCESS = nameOf(1);

/**
 * The gain of more processes. The load's own processes and the server also need cores. On a machine with few cores the
 * usual loads show the cost of workers; only a load that is nearly all the relay's work shows their gain.
 */
export const workers = async (bench: Bench): Promise<void> => {
  const port = await bench.synthetic;
  await bench.interleave(SECTION, port, [bulk(bench), queries(bench, ''), sessions(bench)], variants({}));
  await bench.interleave(
    SECTION, port, [queries(bench, `, ${RULES} rules by statement`)], variants(rulesByStatement(RULES)),
  );
};

const variants = (config: object): Competitor[] => WORKERS.map((count) => (
  { name: nameOf(count), version: '', start: startSluiceWith({ ...config, workers: count }) }));

/** An order that all drivers can share, without its port. */
type Shared = Omit<Extract<Order, { kind: 'ask' }>, 'port'> | Omit<Extract<Order, { kind: 'churn' }>, 'port'>;

const load = (
  bench: Bench, subject: string, order: Shared, readings: (done: Outcome, cpu: number | null) => Reading[],
): Load => ({
  subject,
  run: async (relay) => {
    const drivers = await bench.drivers;
    const { cpuSeconds, ...outcome } = await measured(relay, () => drivers.all({ ...order, port: relay.port }));
    return readings(outcome, cpuSeconds);
  },
});

const bulk = (bench: Bench): Load => {
  const result = syntheticResult(ROW_BYTES, bench.scale.bulkBytes / READERS);
  const order = { kind: 'ask', sessions: READERS, until: { times: 1 }, ...result } as const;
  const subject = `${READERS} results at once, rows of ${ROW_BYTES} bytes`;
  return load(bench, subject, order, ({ bytes, elapsedSeconds }, cpu) => [
    { metric: 'throughput', value: bytes / 1e9 / elapsedSeconds },
    ...cpuReading('cpuPerGb', cpu, bytes / 1e9),
  ]);
};

const queries = (bench: Bench, besides: string): Load => {
  const order = {
    kind: 'ask', sessions: ASKERS, sql: 'rows 1 of 10', until: { seconds: bench.scale.askSeconds },
  } as const;
  const subject = `one row of 10 bytes, ${ASKERS} connections${besides}`;
  return load(bench, subject, order, ({ count, elapsedSeconds }, cpu) => [
    { metric: 'rate', value: count / elapsedSeconds },
    ...cpuReading('cpuPerQuery', cpu, count, 1e6),
  ]);
};

const sessions = (bench: Bench): Load => {
  const until = { seconds: bench.scale.churnSeconds };
  const order = { kind: 'churn', sessions: AT_A_TIME, sql: 'rows 1 of 10', until } as const;
  return load(bench, 'connect, log in, one query, quit', order, ({ count, elapsedSeconds }, cpu) => [
    { metric: 'sessionRate', value: count / elapsedSeconds },
    ...cpuReading('cpuPerSession', cpu, count, 1e6),
  ]);
};
