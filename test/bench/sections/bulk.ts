import { HEADER_BYTES } from '../../../src/protocol/framing.js';
import { encodeLenenc } from '../../../src/protocol/lenenc.js';
import { SERVER_KINDS, type ServerKind } from '../../support/servers.js';
import { type Bench, cpuReading, type Load, measured } from '../bench.js';
import type { ManyRows, Order } from '../orders.js';
import type { Relay } from '../relays.js';
import type { Reading } from '../results.js';

const SECTION = 'bulk';
/** Bytes of a row's payload. */
const ROW_BYTES = [10, 100, 1000, 100_000];
/** Real servers need longer for a small row than for its bytes. */
const SMALL_ROW_BYTES = 100;

/** Results of many rows: the relay's cost for each GB, and its speed. */
export const bulk = async (bench: Bench): Promise<void> => {
  const synthetic = ROW_BYTES.map((rowBytes) =>
    bulkLoad(bench, `synthetic server, rows of ${rowBytes} bytes`, syntheticResult(rowBytes, bench.scale.bulkBytes)));
  await bench.interleave(SECTION, await bench.synthetic, synthetic);
  for (const kind of SERVER_KINDS) {
    const { port } = await bench.database(kind);
    await bench.interleave(SECTION, port, serverLoads(bench, kind));
  }
};

/** Large results of a real server, one load for each size of row. */
export const serverLoads = (bench: Bench, kind: ServerKind): Load[] => {
  const { small, large } = bench.scale.serverBytes;
  return ROW_BYTES.map((rowBytes) => {
    const result = serverResult(rowBytes, rowBytes < SMALL_ROW_BYTES ? small : large);
    return bulkLoad(bench, `${kind}, rows of ${rowBytes} bytes`, result);
  });
};

/** A result of many rows, with its query. */
export type BulkResult = Pick<Extract<Order, { kind: 'ask' }>, 'sql'> & { readonly rows: ManyRows };

/** A result of the synthetic server, of about this size. */
export const syntheticResult = (rowBytes: number, bytes: number): BulkResult => {
  const rows = manyRows(rowBytes, bytes, `rows 1 of ${rowBytes}`);
  return { sql: `rows ${rows.count} of ${rowBytes}`, rows };
};

/** A result of a real server, from rows that are not stored. */
export const serverResult = (rowBytes: number, bytes: number): BulkResult => {
  const valueBytes = rowBytes - encodeLenenc(rowBytes).length;
  const sql = (count: number): string => `SELECT REPEAT('x', ${valueBytes}) FROM numbers a, numbers b LIMIT ${count}`;
  const rows = manyRows(rowBytes, bytes, sql(1));
  return { sql: sql(rows.count), rows };
};

const manyRows = (rowBytes: number, bytes: number, oneRowSql: string): ManyRows => {
  const packetBytes = HEADER_BYTES + rowBytes;
  return { count: Math.max(1, Math.ceil(bytes / packetBytes)), packetBytes, oneRowSql };
};

const bulkLoad = (bench: Bench, subject: string, result: BulkResult): Load => ({
  subject,
  run: (relay) => readBulk(bench, relay, result),
});

/** Has one client read a result. */
export const readBulk = async (bench: Bench, relay: Relay, result: BulkResult): Promise<Reading[]> => {
  const drivers = await bench.drivers;
  const order = { kind: 'ask', port: relay.port, sessions: 1, until: { times: 1 }, ...result } as const;
  const { bytes, elapsedSeconds, cpuSeconds } = await measured(relay, () => drivers.one(order));
  return [
    ...cpuReading('cpuPerGb', cpuSeconds, bytes / 1e9),
    { metric: 'throughput', value: bytes / 1e9 / elapsedSeconds },
  ];
};
