import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { type Bench, cpuReading, type Load, measured } from '../bench.js';
import { type Competitor, SLUICE } from '../competitors.js';
import { startSluiceWith } from '../relays.js';

export const HANGING_COLLECTOR_SECTION = 'hanging collector';

/** The reference of this section: nothing is exported. */
export const NO_EXPORT = 'no export';

const CONNECTIONS = 8;
const QUERY = "SELECT id, name, price FROM products WHERE id = 4711 AND name <> 'unknown' LIMIT 1";

/** The cost for small queries when the receiver of OpenTelemetry's data accepts connections and never answers. */
export const hangingCollector = async (bench: Bench): Promise<void> => {
  const collector = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const scope = bench.nested();
  scope.teardown(() => void collector.close());
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const variant = (name: string, config: object): Competitor => ({ name, version: '', start: startSluiceWith(config) });
  await bench.interleave(HANGING_COLLECTOR_SECTION, await bench.synthetic, [queries(bench)], [
    variant(NO_EXPORT, {}),
    variant(SLUICE, { telemetry: { otlp: { endpoint, interval: '1s', timeout: '1s' } } }),
  ]);
  await scope.close();
};

const queries = (bench: Bench): Load => ({
  subject: `one row of 10 bytes, ${CONNECTIONS} connections`,
  run: async (relay) => {
    const drivers = await bench.drivers;
    const until = { seconds: bench.scale.askSeconds };
    const order = { kind: 'ask', port: relay.port, sessions: CONNECTIONS, sql: QUERY, until } as const;
    const { count, elapsedSeconds, cpuSeconds } = await measured(relay, () => drivers.one(order));
    return [{ metric: 'rate', value: count / elapsedSeconds }, ...cpuReading('cpuPerQuery', cpuSeconds, count, 1e6)];
  },
});
