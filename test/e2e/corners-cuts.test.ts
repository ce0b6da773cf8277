import t, { type Test } from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { type Part, textValues } from '../support/answerReader.js';
import { close, CURSOR_READ_ONLY, execute, fetch, prepare, query } from '../support/commandPayloads.js';
import { APP } from '../support/seed.js';
import { SERVER_KINDS, type Server, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';

// Cuts of responses with more than one result, byte for byte. Drivers do not show these.

const LIMIT = 10;
const MEBIBYTE = 1024 * 1024;
const ROWS = (last: number): string => `SELECT id, label FROM numbers WHERE id <= ${last}`;

const DIALECTS = [
  { name: 'with EOF packets', capabilities: BASE_CAPABILITIES },
  { name: 'with EOF packets deprecated', capabilities: BASE_CAPABILITIES | Capability.DEPRECATE_EOF },
  { name: 'compressed', capabilities: BASE_CAPABILITIES | Capability.DEPRECATE_EOF | Capability.COMPRESS },
];

const prepareServer = (server: Server): Promise<string[][]> => server.sql(`USE shop;
CREATE TABLE loaded (id INT);
DELIMITER //
CREATE PROCEDURE two_results() BEGIN ${ROWS(6)}; ${ROWS(100)}; ${ROWS(3)}; INSERT INTO loaded VALUES (1); END //
DELIMITER ;
`);

/** The shape of an answer, one word for each part: the rows and how they ended. */
const shapes = (parts: readonly Part[]): string[] => parts.map((part) => {
  if (part.is === 'result') return `${part.rows.length} rows, ${part.end.is === 'error' ? part.end.code : 'end'}`;
  return part.is === 'error' ? `error ${part.code}` : part.is;
});

/** Checks that the connection is in step. */
const isInStep = async (t: Test, client: WireClient): Promise<void> => {
  const parts = await client.ask([client.query('SELECT 42')]);
  const [result] = parts;
  t.same(result?.is === 'result' ? result.rows.map(textValues) : parts, [['42']], 'the connection is in step');
};

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}, with a limit of ${LIMIT} rows`, async (t) => {
    const server = await startServer(t, kind);
    await prepareServer(server);
    const config = { streaming: { signals: [] }, limits: { rows: LIMIT } };
    const sluice = await startSluice(t, { upstream: server.port, config });

    for (const { name, capabilities } of DIALECTS) {
      const connect = (): Promise<WireClient> => WireClient.connect({ port: sluice.port, capabilities, ...APP });

      await t.test(`counts several statements together and cuts them at their sum, ${name}`, async (t) => {
        const client = await connect();
        const parts = await client.ask([client.query(`${ROWS(6)}; DO 1; ${ROWS(100)}; ${ROWS(3)}`)]);
        t.same(shapes(parts), ['6 rows, end', 'ok', '4 rows, 3170']);
        t.match(await sluice.nextRecord(), {
          action: 'cut', reason: 'rows', rows: 109, forwardedRows: 10, resultSets: 3, complete: true,
          outcome: 'drained',
        });
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`drops an error after the cut, and records the rows, ${name}`, async (t) => {
        const client = await connect();
        const parts = await client.ask([client.query(`${ROWS(20)}; SELECT nosuch; ${ROWS(3)}`)]);
        t.same(shapes(parts), ['10 rows, 3170']);
        t.match(await sluice.nextRecord(), { rows: 20, resultSets: 1, complete: true });
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`cuts a CALL in its second result, and it runs to its end on the server, ${name}`, async (t) => {
        const client = await connect();
        await client.sql('DELETE FROM loaded');
        const parts = await client.ask([client.query('CALL two_results()')]);
        t.same(shapes(parts), ['6 rows, end', '4 rows, 3170']);
        t.match(parts, [{}, { end: { message: /the statement runs to its end on the server/ } }]);
        t.match(await sluice.nextRecord(), { rows: 109, forwardedRows: 10, resultSets: 3, complete: true });
        t.same(await client.sql('SELECT COUNT(*) FROM loaded'), [['1']]);
        const prepared = await client.withStatement('CALL two_results()', (id) => client.ask([execute(id)]));
        t.same(shapes(prepared), ['prepared', '6 rows, end', '4 rows, 3170']);
        await sluice.nextRecord();
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`cuts a cursor in the fetch that passes the limit, and it stays cut, ${name}`, async (t) => {
        const client = await connect();
        await client.ask([prepare(ROWS(100))]);
        const id = client.statementId;
        t.same(shapes(await client.ask([execute(id, CURSOR_READ_ONLY)])), ['0 rows, end']);
        t.same(shapes(await client.ask([fetch(id, 4)])), ['4 rows, end']);
        t.same(shapes(await client.ask([fetch(id, 4)])), ['4 rows, end']);
        t.same(shapes(await client.ask([fetch(id, 4)])), ['2 rows, 3170']);
        t.match(await sluice.nextRecord(), { rows: 12, forwardedRows: 10 });
        t.same(shapes(await client.ask([fetch(id, 4)])), ['0 rows, 3170'], 'no way around the limit');
        await isInStep(t, client);
        t.same(shapes(await client.ask([execute(id, CURSOR_READ_ONLY)])), ['0 rows, end']);
        t.same(shapes(await client.ask([fetch(id, 10)])), ['10 rows, end'], 'a new execution is counted anew');
        await client.ask([close(id)]);
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`refuses a file that the server asks for after the cut, ${name}`, async (t) => {
        const client = await connect();
        await client.sql('DELETE FROM loaded');
        const load = "LOAD DATA LOCAL INFILE 'absent' INTO TABLE loaded";
        const parts = await client.ask([client.query(`${ROWS(20)}; ${load}; ${load}; INSERT INTO loaded VALUES (7)`)]);
        t.same(shapes(parts), ['10 rows, 3170'], 'the client is not asked');
        t.match(await sluice.nextRecord(), { rows: 20, complete: true, outcome: 'drained' });
        t.same(await client.sql('SELECT id FROM loaded'), [['7']], 'the statement after it has run');
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`passes a request for a file before the cut to the client, ${name}`, async (t) => {
        const client = await connect();
        const load = "LOAD DATA LOCAL INFILE 'file' INTO TABLE loaded";
        const parts = await client.ask([client.query(`${load}; ${ROWS(20)}`)], { files: [[Buffer.from('8\n9\n')]] });
        t.same(shapes(parts), ['file', 'ok', '10 rows, 3170']);
        await sluice.nextRecord();
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`answers commands sent ahead in order after a cut, ${name}`, async (t) => {
        const client = await connect();
        await client.ask([prepare(ROWS(3))]);
        const id = client.statementId;
        const parts = await client.ask([
          query(ROWS(2000)), execute(id), close(id), query(ROWS(20)), Buffer.from([Command.PING]),
          query('SELECT nosuch'), query(ROWS(3)),
        ]);
        t.same(shapes(parts), ['10 rows, 3170', '3 rows, end', '10 rows, 3170', 'ok', 'error 1054', '3 rows, end']);
        t.match([await sluice.nextRecord(), await sluice.nextRecord()], [{ rows: 2000 }, { rows: 20 }]);
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`counts rows whose first byte looks like another packet, ${name}`, async (t) => {
        const client = await connect();
        t.same(
          shapes(await client.ask([client.query('SELECT NULL, id FROM numbers WHERE id <= 20')])), ['10 rows, 3170'],
        );
        t.match(await sluice.nextRecord(), { rows: 20, forwardedRows: 10 });
        t.same(
          shapes(await client.ask([client.query("SELECT '', id FROM numbers WHERE id <= 20")])), ['10 rows, 3170'],
        );
        t.match(await sluice.nextRecord(), { rows: 20, forwardedRows: 10 });
        t.same(shapes(await client.ask([client.query('SELECT NULL FROM numbers WHERE id <= 10')])), ['10 rows, end']);
        await client.quit();
      });
    }

    await t.test('leaves one record for each cut, and no other', async (t) => {
      await sluice.stop();
      t.same(sluice.records().filter(({ action }) => action !== 'cut'), []);
      t.equal(sluice.records().length, DIALECTS.length * 11);
      t.same(sluice.log().filter(({ level }) => level === 'warn'), []);
    });
  });

  await t.test(`in front of ${kind}, rows of 16 MiB and more`, async (t) => {
    const server = await startServer(t, kind);
    const start = (limits: object): Promise<Sluice> =>
      startSluice(t, { upstream: server.port, config: { streaming: { signals: [] }, limits } });
    const wide = (bytes: number, rows = 1): string => `SELECT REPEAT('w', ${bytes}) FROM numbers WHERE id <= ${rows}`;
    const byRows = await start({ rows: 1, bytes: null });
    const byBytes = await start({ rows: null, bytes: 20 * MEBIBYTE });

    for (const { name, capabilities } of DIALECTS) {
      await t.test(`counts a row that begins with 0xFE as one row, and cuts after it, ${name}`, async (t) => {
        const client = await WireClient.connect({ port: byRows.port, capabilities, ...APP });
        const parts = await client.ask([client.query(wide(16 * MEBIBYTE, 2))]);
        t.same(shapes(parts), ['1 rows, 3170']);
        t.match(await byRows.nextRecord(), { action: 'cut', rows: 2, forwardedRows: 1, complete: true });
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`cuts before a row whose first packet passes the limit, ${name}`, async (t) => {
        const client = await WireClient.connect({ port: byBytes.port, capabilities, ...APP });
        const parts = await client.ask([client.query(`${wide(8 * MEBIBYTE)} UNION ALL ${wide(17 * MEBIBYTE)}`)]);
        t.same(shapes(parts), ['1 rows, 3170']);
        t.match(await byBytes.nextRecord(), { action: 'cut', reason: 'bytes', rows: 2, forwardedRows: 1 });
        await isInStep(t, client);
        await client.quit();
      });

      await t.test(`closes both connections at a row that passes the limit half-way, with one record, ` +
        `${name}`, async (t) => {
        const client = await WireClient.connect({ port: byBytes.port, capabilities, ...APP });
        const [[id] = []] = await client.sql('SELECT CONNECTION_ID()');
        const parts = await client.ask([client.query(wide(30 * MEBIBYTE))]);
        t.same(shapes(parts), ['closed']);
        t.match(await byBytes.nextRecord(), {
          action: 'close', reason: 'bytes', outcome: 'closed', complete: false, connectionId: Number(id),
        });
        const others = 'SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ';
        while ((await server.sql(`${others}${id}`))[0]?.[0] !== '0') continue;
        await client.transport.closed();
      });
    }

    await t.test('leaves one record for each cut of a large row, and no other', async (t) => {
      await Promise.all([byRows.stop(), byBytes.stop()]);
      t.equal(byRows.records().length, DIALECTS.length);
      t.equal(byBytes.records().length, 2 * DIALECTS.length);
    });
  });
}
