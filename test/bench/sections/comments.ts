import { type Bench, cpuReading, type Load, measured } from '../bench.js';
import { SLUICE } from '../competitors.js';
import { startSluiceWith } from '../relays.js';

export const COMMENTS_SECTION = 'comments of frameworks';

/** The reference of this section: statements without a comment. */
export const NO_COMMENT = 'no comment';

const CONNECTIONS = 8;
const QUERY = "SELECT id, name, price FROM products WHERE id = 4711 AND name <> 'unknown' LIMIT 1";

/**
 * The cost of frameworks that append another comment to each statement, while the live statistics count statements by
 * digest and by route. One process answers both loads in turns.
 */
export const comments = async (bench: Bench): Promise<void> => {
  const scope = bench.nested();
  const start = startSluiceWith({ admin: { listen: '127.0.0.1:0' } });
  const relay = await start(scope, await bench.synthetic);
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.say(`${COMMENTS_SECTION}: round ${round + 1} of ${bench.rounds}`);
    for (const isCommented of round % 2 === 0 ? [false, true] : [true, false]) {
      await bench.measure(COMMENTS_SECTION, queries(bench, isCommented), isCommented ? SLUICE : NO_COMMENT, relay);
    }
  }
  await scope.close();
};

const queries = (bench: Bench, isCommented: boolean): Load => ({
  subject: `one row of 10 bytes, ${CONNECTIONS} connections, a new traceparent and route each time`,
  run: async (relay) => {
    const drivers = await bench.drivers;
    const until = { seconds: bench.scale.askSeconds };
    const order = { kind: 'ask', port: relay.port, sessions: CONNECTIONS, sql: QUERY, isCommented, until } as const;
    const { count, elapsedSeconds, cpuSeconds } = await measured(relay, () => drivers.one(order));
    return [{ metric: 'rate', value: count / elapsedSeconds }, ...cpuReading('cpuPerQuery', cpuSeconds, count, 1e6)];
  },
});
