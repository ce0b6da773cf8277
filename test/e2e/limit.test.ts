import t from 'tap';
import { CLIENTS, type Client } from '../support/clients.js';
import { NUMBERS_ROWS } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type AuditRecord, startSluice } from '../support/sluice.js';
import { shareOf } from './shareOf.js';

const LIMIT = 1000;

/** Sum of the first `count` ids of the table `numbers`. */
const sumOfIds = (count: number): number => (count * (count + 1)) / 2;

/**
 * Bytes of the first `count` rows of `numbers` on the wire. Text: header 4, then id and label as
 * length-encoded strings (1 + digits, 1 + 'row ' + digits). Binary: header 4, 0x00, bitmap 1, id 4, label.
 */
const bytesOfRows = (protocol: Client['protocol'], count: number): number => {
  let bytes = 0;
  for (let id = 1; id <= count; id += 1) {
    const digits = String(id).length;
    bytes += protocol === 'text' ? 10 + 2 * digits : 15 + digits;
  }
  return bytes;
};

/** The expected audit record of a cut of `sql`, for any client. */
const cutRecord = (client: Client, sql: string, connectionId: number): Partial<AuditRecord> => ({
  event: 'result',
  action: 'cut',
  reason: 'rows',
  rule: 'default',
  limit: { rows: LIMIT, bytes: 64 * 1024 * 1024 },
  forwardedRows: LIMIT,
  forwardedBytes: bytesOfRows(client.protocol, LIMIT),
  complete: true,
  outcome: 'drained',
  resultSets: 1,
  columns: 2,
  sql,
  sqlTruncated: false,
  user: 'app',
  schema: 'shop',
  connectionId,
  // A server-side cursor sends only rows that were fetched, so that the others are not counted.
  ...(client.protocol === 'cursor' ? {} : {
    command: client.protocol === 'text' ? 'COM_QUERY' : 'COM_STMT_EXECUTE',
    rows: NUMBERS_ROWS,
    bytes: bytesOfRows(client.protocol, NUMBERS_ROWS),
  }),
});

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}, with --max-rows ${LIMIT}`, async (t) => {
    const server = await startServer(t, kind);
    // No signal is trusted: the limit holds for every client.
    const config = { streaming: { signals: [] } };
    const flags = ['--max-rows', String(LIMIT)];
    const sluice = await startSluice(t, { upstream: server.port, config, flags });

    const clients = shareOf(CLIENTS, kind);
    for (const client of clients) {
      await t.test(`${client.name} gets the limit's error for ${NUMBERS_ROWS} rows`, async (t) => {
        const sql = `SELECT id, label FROM numbers WHERE '${client.name}' <> '' ORDER BY id`;
        const seen = await client.read(sluice.port, sql);
        t.match(seen.error, client.losesError ? { code: 0 } : {
          code: 3170,
          message: `sluice: result set exceeds ${LIMIT} rows (rule default); ` +
            'page it, stream it, or raise the limit',
        });
        if (!client.losesError) t.equal(seen.error?.sqlState ?? 'HY000', 'HY000', 'where it is handed on');
        t.equal(seen.rows, client.reads === 'streaming' ? LIMIT : 0, 'rows in the hands of the program');
        t.equal(seen.sum, client.reads === 'streaming' ? sumOfIds(LIMIT) : 0);
        t.equal(seen.after?.answer, 42, seen.afterError ?? 'SELECT 42 on the same connection');
        const record = await sluice.nextRecord();
        t.match(record, cutRecord(client, sql, seen.after?.connectionId ?? -1));
        t.ok(record.drainedBytes >= record.bytes - record.forwardedBytes, 'the rest was drained');
        t.equal(new Date(record.time).toISOString(), record.time, 'the time is ISO 8601 in UTC');
        t.match(record.client, /^127\.0\.0\.1\b/);
      });

      await t.test(`${client.name} gets a result of ${LIMIT} rows unchanged`, async (t) => {
        const sql = `SELECT id, label FROM numbers WHERE id <= ${LIMIT} ORDER BY id`;
        const seen = await client.read(sluice.port, sql);
        t.equal(seen.error, null);
        t.equal(seen.rows, LIMIT);
        t.equal(seen.sum, sumOfIds(LIMIT));
        t.equal(seen.after?.answer, 42);
      });
    }

    await t.test('leaves exactly one audit record for each cut, and no other', async (t) => {
      await sluice.stop();
      t.equal(sluice.records().length, clients.length);
    });
  });
}
