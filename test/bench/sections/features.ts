import { type Bench, cpuReading, type Load, measured } from '../bench.js';
import type { Competitor } from '../competitors.js';
import { startSluiceWith, type Relay } from '../relays.js';
import type { Reading } from '../results.js';
import { readBulk, syntheticResult } from './bulk.js';
import { compression } from './compression.js';
import { encryption } from './encryption.js';

const BULK_SECTION = 'features: bulk';
const QUERY_SECTION = 'features: small queries';

/** The reference: no feature is on. */
export const PLAIN = 'plain';

const ROW_BYTES = 1000;
const CUT_ROWS = 1000;
const RULES = 100;

const variant = (name: string, config: object): Competitor => ({ name, version: '', start: startSluiceWith(config) });

/** Rules that never match, so that each is compared. */
const rules = (count: number, match: (number: number) => object): object => ({
  rules: Array.from({ length: count }, (_, number) => ({ name: `rule-${number}`, match: match(number) })),
});

/** Rules by digest, each of which is compared with each statement's digest. */
export const rulesByStatement = (count: number): object =>
  rules(count, (number) => ({ digest: number.toString(16).padStart(16, '0') }));

const CUT = { limits: { rows: CUT_ROWS }, streaming: { signals: [] }, drain: { bytes: '100GiB', time: '1h' } };
const EVERY_KIND_OF_RECORD = { limits: { rows: 1 }, streaming: { signals: [] } };

/** The cost that each feature adds to results and queries. */
export const features = async (bench: Bench): Promise<void> => {
  const port = await bench.synthetic;
  await bench.interleave(BULK_SECTION, port, [bulkLoad(bench)], [
    variant(PLAIN, {}),
    variant('audit mode, over its limit', { mode: 'audit', limits: { rows: CUT_ROWS } }),
    variant('budget', { budget: { bytes: '100TiB' } }),
  ]);
  await bench.interleave(BULK_SECTION, port, [drainLoad(bench)], [variant(PLAIN, {}), variant('cut and drained', CUT)]);
  await bench.interleave(QUERY_SECTION, port, [queryLoad(bench, false), queryLoad(bench, true)], [
    variant(PLAIN, {}),
    variant(`${RULES} rules by user`, rules(RULES, (number) => ({ user: `nobody-${number}` }))),
    variant(`${RULES} rules by statement`, rulesByStatement(RULES)),
    variant('parameters kept', { audit: { params: true } }),
    variant('hints not looked for', { hints: 'none' }),
    variant('statistics by digest', { admin: { listen: '127.0.0.1:0' } }),
    variant('every result recorded', { mode: 'audit', ...EVERY_KIND_OF_RECORD }),
    variant('every result cut', EVERY_KIND_OF_RECORD),
    variant('every result held back', { onExceed: { action: 'hold' }, budget: { bytes: '100TiB' } }),
  ]);
  await compression(bench, variant, PLAIN);
  await encryption(bench, variant, PLAIN);
};

const bulkLoad = (bench: Bench): Load => ({
  subject: `rows of ${ROW_BYTES} bytes`,
  run: (relay) => readBulk(bench, relay, syntheticResult(ROW_BYTES, bench.scale.bulkBytes)),
});

/**
 * The server sends the same whether or not the client gets it. A client that was cut waits with its next query until
 * the rest was discarded.
 */
const drainLoad = (bench: Bench): Load => {
  const { sql, rows } = syntheticResult(ROW_BYTES, bench.scale.bulkBytes);
  const run = async (relay: Relay): Promise<Reading[]> => {
    const drivers = await bench.drivers;
    // The first answer is read packet by packet. The answer after it shows that all of the first has passed.
    const order = { kind: 'ask', port: relay.port, sessions: 1, sql, until: { times: 1 } } as const;
    const { elapsedSeconds, cpuSeconds } = await measured(relay, () => drivers.one(order));
    const gigabytes = (2 * rows.count * rows.packetBytes) / 1e9;
    return [
      ...cpuReading('cpuPerGb', cpuSeconds, gigabytes),
      { metric: 'throughput', value: gigabytes / elapsedSeconds },
    ];
  };
  return { subject: `rows of ${ROW_BYTES} bytes, all but ${CUT_ROWS} of them over the limit`, run };
};

const CONNECTIONS = 8;

const queryLoad = (bench: Bench, prepared: boolean): Load => ({
  subject: `one row of 10 bytes, ${CONNECTIONS} connections, ${prepared ? 'prepared' : 'not prepared'}`,
  run: async (relay) => {
    const drivers = await bench.drivers;
    const order = {
      kind: 'ask', port: relay.port, sessions: CONNECTIONS, sql: QUERY, prepared,
      until: { seconds: bench.scale.askSeconds },
    } as const;
    const { count, elapsedSeconds, cpuSeconds } = await measured(relay, () => drivers.one(order));
    return [{ metric: 'rate', value: count / elapsedSeconds }, ...cpuReading('cpuPerQuery', cpuSeconds, count, 1e6)];
  },
});

/** Looks like a query of an application. The synthetic server answers it with two rows. */
const QUERY = "SELECT id, name, price FROM products /* rows 2 of 10 */ WHERE id = 4711 AND name <> 'unknown' LIMIT 1";
