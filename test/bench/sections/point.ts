import { sysbenchOptions } from '../../support/clients.js';
import { runOk } from '../../support/run.js';
import { SERVER_KINDS } from '../../support/servers.js';
import { type Bench, cpuReading, type Load } from '../bench.js';
import { cpuSeconds } from '../processes.js';
import type { Relay } from '../relays.js';
import type { Reading } from '../results.js';
import { parseSysbench } from '../sysbench.js';

const SECTION = 'point queries';
const TABLE = ['oltp_point_select', '--tables=1', '--table-size=100000', '--rand-type=uniform'];
const PREPARING = [
  { words: 'prepared', flag: '--db-ps-mode=auto' },
  { words: 'not prepared', flag: '--db-ps-mode=disable' },
];

/** Queries for one row each: the cost is that of calls and turns of the event loop, not of bytes. */
export const point = async (bench: Bench): Promise<void> => {
  for (const kind of SERVER_KINDS) {
    const { port } = await bench.database(kind);
    await runOk('sysbench', [...TABLE, ...sysbenchOptions(port), 'prepare']);
    const loads = bench.scale.pointConnections.flatMap((connections) => PREPARING.map(({ words, flag }): Load => ({
      subject: `${kind}, ${connections} connection${connections === 1 ? '' : 's'}, ${words}`,
      run: (relay) => pointQueries(bench, relay, connections, flag),
    })));
    await bench.interleave(SECTION, port, loads);
  }
};

const pointQueries = async (
  bench: Bench, relay: Relay, connections: number, preparing: string,
): Promise<Reading[]> => {
  const before = relay.pid === null ? 0 : cpuSeconds(relay.pid);
  const report = await runOk('sysbench', [...TABLE, ...sysbenchOptions(relay.port), `--threads=${connections}`,
    `--time=${bench.scale.pointSeconds}`, preparing, '--histogram=on', 'run']);
  const cpu = relay.pid === null ? null : cpuSeconds(relay.pid) - before;
  const { queries, rate, meanMs, p95Ms, p99Ms } = parseSysbench(report);
  return [
    { metric: 'rate', value: rate },
    { metric: 'meanMs', value: meanMs },
    { metric: 'p95Ms', value: p95Ms },
    { metric: 'p99Ms', value: p99Ms },
    ...cpuReading('cpuPerQuery', cpu, queries, 1e6),
  ];
};
