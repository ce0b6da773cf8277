import t, { type Test } from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { Status } from '../../src/protocol/status.js';
import { CLIENTS, commandLine } from '../support/clients.js';
import { CURSOR_READ_ONLY, execute, fetch } from '../support/commandPayloads.js';
import { APP } from '../support/seed.js';
import { type ClientSession, startSession } from '../support/session.js';
import { type Server, SERVER_KINDS, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';
import { WireClient } from '../support/wireClient.js';

const LIMIT = 1000;
const ROWS = 3000;
const SELECT = `SELECT id, label FROM numbers WHERE id <= ${ROWS} ORDER BY id`;
/** The sum in row 1501 is out of the range of BIGINT. */
const FAILING = 'SELECT id, id + 9223372036854774307 FROM numbers ORDER BY id';
const ER_DATA_OUT_OF_RANGE = 1690;

const WIRE_CAPABILITIES = Capability.LONG_PASSWORD | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION |
  Capability.PLUGIN_AUTH | Capability.CONNECT_WITH_DB | Capability.DEPRECATE_EOF | Capability.TRANSACTIONS;

/** Checks that the connection is in step. */
const goesOn = async (t: Test, session: ClientSession): Promise<void> => {
  t.match(await session.run('SELECT 42'), { sum: 42, error: null, warnings: 0 }, 'the connection goes on');
};

const prepareProcedure = (server: Server): Promise<string[][]> => server.sql(`USE shop;
CREATE TABLE marks (id INT NOT NULL PRIMARY KEY);
DELIMITER //
CREATE PROCEDURE listing(mark INT)
BEGIN
  SELECT id FROM numbers WHERE id <= 600;
  ${SELECT};
  INSERT INTO marks VALUES (mark);
  SELECT 7;
END //
DELIMITER ;
`);

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await prepareProcedure(server);
    const startWith = (t: Test, action: string, further: object = {}): Promise<Sluice> => startSluice(t, {
      upstream: server.port,
      config: { limits: { rows: LIMIT }, streaming: { signals: [] }, onExceed: { action }, ...further },
    });
    const isMarked = async (mark: number): Promise<boolean> =>
      (await server.sql(`SELECT id FROM shop.marks WHERE id = ${mark}`)).length === 1;

    await t.test('truncate', async (t) => {
      const sluice = await startWith(t, 'truncate');
      const session = await startSession(t, sluice.port);

      await t.test('a result ends at its limit as if it had no more rows, with a warning', async (t) => {
        for (const read of [session.run, session.stream]) {
          t.match(await read(SELECT), { rows: LIMIT, sum: 500_500, error: null, results: 1, warnings: 1 });
          t.match(await sluice.nextRecord(), {
            action: 'truncate', reason: 'rows', rows: ROWS, forwardedRows: LIMIT, outcome: 'drained',
          });
          await goesOn(t, session);
        }
      });

      await t.test('binary rows end at their limit', async (t) => {
        for (const client of CLIENTS.filter(({ protocol }) => protocol === 'binary')) {
          const seen = await client.read(sluice.port, SELECT);
          t.match(seen, { rows: LIMIT, error: null, after: { answer: 42 } }, client.name);
          t.match(await sluice.nextRecord(), { action: 'truncate', forwardedRows: LIMIT });
        }
      });

      await t.test('a cursor ends at its limit, and its next fetch gives nothing', async (t) => {
        for (const client of CLIENTS.filter(({ protocol }) => protocol === 'cursor')) {
          const seen = await client.read(sluice.port, SELECT);
          t.match(seen, { rows: LIMIT, error: null, after: { answer: 42 } }, client.name);
          t.match(await sluice.nextRecord(), { action: 'truncate', forwardedRows: LIMIT });
        }
        const wire = await WireClient.connect({ ...APP, port: sluice.port, capabilities: WIRE_CAPABILITIES });
        await wire.withStatement(SELECT, async (id) => {
          await wire.ask([execute(id, CURSOR_READ_ONLY)]);
          const [part] = await wire.ask([fetch(id, LIMIT + 500)]);
          if (part?.is !== 'result' || part.end.is === 'error') throw new Error(`no rows, but ${part?.is}`);
          t.equal(part.rows.length, LIMIT);
          t.equal(part.end.warnings, 1);
          t.equal(part.end.status & Status.LAST_ROW_SENT, Status.LAST_ROW_SENT);
          t.equal(part.end.status & Status.CURSOR_EXISTS, 0);
          return [part];
        });
        t.match(await sluice.nextRecord(), { action: 'truncate', forwardedRows: LIMIT });
        await wire.quit();
      });

      await t.test('drops later results, and the statement runs to its end', async (t) => {
        const input = 'CALL listing(1); SELECT 42;';
        const { rows, errors } = await commandLine(kind, sluice.port, input, ['--quick']);
        t.same(errors, []);
        t.equal(rows.length, LIMIT + 1);
        t.equal(rows.at(-1)?.[0], '42');
        t.match(await sluice.nextRecord(), { action: 'truncate', resultSets: 3, rows: 600 + ROWS + 1 });
        t.ok(await isMarked(1));
        const both = `${SELECT}; ${SELECT} // SELECT 42 //`;
        const several = await commandLine(kind, sluice.port, both, ['--quick', '--delimiter=//']);
        t.equal(several.rows.length, LIMIT + 1);
        t.same(several.errors, []);
        t.match(await sluice.nextRecord(), { action: 'truncate', resultSets: 2, rows: 2 * ROWS });
      });

      await t.test("relays the server's error when the rest ends in one", async (t) => {
        t.match(await session.stream(FAILING), { rows: LIMIT, error: { code: ER_DATA_OUT_OF_RANGE } });
        const serverError = { code: ER_DATA_OUT_OF_RANGE };
        t.match(await sluice.nextRecord(), { action: 'truncate', rows: 1500, serverError });
        await goesOn(t, session);
      });

      await t.test('gives an error when the rest is more than is drained', async (t) => {
        const bounded = await startWith(t, 'truncate', { drain: { bytes: '1KiB' } });
        const reader = await startSession(t, bounded.port);
        const { rows, error } = await reader.stream('SELECT id, label FROM numbers ORDER BY id');
        t.equal(rows, LIMIT);
        t.match(error, { code: 3170, message: /exceeds 1000 rows/ });
        t.match(await bounded.nextRecord(), { action: 'truncate', complete: false, outcome: 'closed' });
        t.match(await reader.run('SELECT 42'), { error: { code: /^20\d\d$/ } });
      });
    });

    await t.test('close: closes the connection at the limit, and a new one can be made', async (t) => {
      const sluice = await startWith(t, 'close');
      const session = await startSession(t, sluice.port);
      t.match(await session.stream(SELECT), { error: { code: 2013 } });
      t.match(await sluice.nextRecord(), {
        action: 'close', reason: 'rows', forwardedRows: LIMIT, drainedBytes: 0, outcome: 'closed',
      });
      t.match(await (await startSession(t, sluice.port)).run('SELECT 42'), { sum: 42 });
    });

    await t.test('hold', async (t) => {
      const sluice = await startWith(t, 'hold', { budget: { bytes: '256KiB' } });
      const session = await startSession(t, sluice.port);

      await t.test('a client gets all rows of a result that fits', async (t) => {
        t.match(await session.stream(`${SELECT} LIMIT ${LIMIT}`), { rows: LIMIT, sum: 500_500, error: null });
        t.match(await session.stream('SELECT id FROM numbers WHERE id < 0'), { rows: 0, error: null });
        await goesOn(t, session);
      });

      await t.test('a client gets no row of a result that passes the limit', async (t) => {
        const { rows, error } = await session.stream(SELECT);
        t.equal(rows, 0);
        t.match(error, { code: 3170, message: /exceeds 1000 rows/ });
        t.match(await sluice.nextRecord(), {
          action: 'cut', rows: ROWS, forwardedRows: 0, forwardedBytes: 0, outcome: 'drained', complete: true,
        });
        await goesOn(t, session);
      });

      await t.test("a client gets only the server's error for a result that ends in one", async (t) => {
        const failing = `${FAILING.replace('ORDER', 'WHERE id > 1000 ORDER')} LIMIT 900`;
        const { rows, error } = await session.stream(failing);
        t.equal(rows, 0);
        t.match(error, { code: ER_DATA_OUT_OF_RANGE });
        await goesOn(t, session);
        const both = 'SELECT 1; SELECT nothing // SELECT 42 //';
        const several = await commandLine(kind, sluice.port, both, ['--delimiter=//', '--quick']);
        t.match(several.errors, [{ code: 1054, message: /nothing/ }]);
        t.same(several.rows, [['42']]);
      });

      await t.test('holds all results of a response back together', async (t) => {
        const input = 'CALL listing(2); SELECT 42;';
        const { rows, errors } = await commandLine(kind, sluice.port, input, ['--quick']);
        t.match(errors, [{ code: 3170, message: /the statement runs to its end on the server/ }]);
        t.same(rows, [['42']]);
        t.match(await sluice.nextRecord(), { action: 'cut', forwardedRows: 0, rows: 600 + ROWS + 1 });
        t.ok(await isMarked(2));
      });

      await t.test('releases held rows for an upload, and the client stays in step', async (t) => {
        const input = "SELECT id FROM numbers WHERE id <= 2; LOAD DATA LOCAL INFILE '/dev/null' INTO TABLE marks; " +
          'SELECT nothing // SELECT 42 //';
        const { rows, errors } = await commandLine(
          kind, sluice.port, input, ['--delimiter=//', '--quick', '--local-infile=1'],
        );
        t.match(errors, [{ code: 1054, message: /nothing/ }]);
        t.same(rows, [['1'], ['2'], ['42']]);
      });

      await t.test('refuses a result whose held rows pass the budget', async (t) => {
        // Rows that pass the budget within a single read are forwarded with it, so the result takes several reads.
        const { rows, error } = await session.stream("SELECT REPEAT('x', 10000) FROM numbers WHERE id <= 900");
        t.equal(rows, 0);
        t.match(error?.message, 'sluice: results under way exceed the budget of 262144 bytes');
        t.match(await sluice.nextRecord(), {
          action: 'cut', reason: 'budget', rows: 900, forwardedRows: 0, limit: { rows: null, bytes: 262_144 },
        });
        await goesOn(t, session);
      });

      await t.test('sends the rows of a cursor as they are fetched, and cuts at the limit', async (t) => {
        for (const client of CLIENTS.filter(({ protocol }) => protocol === 'cursor')) {
          const seen = await client.read(sluice.port, `${SELECT} LIMIT 900`);
          t.match(seen, { rows: 900, error: null, after: { answer: 42 } }, client.name);
          const whole = await client.read(sluice.port, SELECT);
          t.match(whole, { rows: LIMIT, after: { answer: 42 } }, client.name);
          t.match(await sluice.nextRecord(), { action: 'cut', forwardedRows: LIMIT });
        }
      });
    });

    if (kind === 'mariadb') {
      await t.test('no action cuts a statement that returns the rows it changes', async (t) => {
        for (const action of ['truncate', 'close', 'hold']) {
          await server.sql('TRUNCATE shop.marks');
          const sluice = await startWith(t, action, { budget: { bytes: '4KiB' } });
          const session = await startSession(t, sluice.port, { connect: { autocommit: true } });
          const insert = 'INSERT INTO marks SELECT id FROM numbers WHERE id <= 2000 RETURNING id';
          t.match(await session.stream(insert), { rows: 2000, error: null }, action);
          t.match(
            await sluice.nextRecord(), { action: 'would-cut', exempt: 'returning', rows: 2000, forwardedRows: 2000 },
          );
          await goesOn(t, session);
        }
      });

      await t.test('cuts the other results of a text with RETURNING', async (t) => {
        await server.sql('TRUNCATE shop.marks; INSERT INTO shop.marks SELECT id FROM shop.numbers WHERE id <= 2000');
        const sluice = await startWith(t, 'error');
        const input = 'DELETE FROM marks RETURNING id; SELECT id FROM numbers // SELECT 42 //';
        const { rows, errors } = await commandLine(
          kind, sluice.port, input, ['--delimiter=//', '--quick', '--comments'],
        );
        t.equal(rows.length, 2001);
        t.match(errors, [{ code: 3170, message: /exceeds 1000 rows/ }]);
        t.match(await sluice.nextRecord(), { action: 'cut', exempt: 'returning', resultSets: 2, forwardedRows: 2000 });
        t.equal((await server.sql('SELECT COUNT(*) FROM shop.marks'))[0]?.[0], '0', 'and the change is made');
        const forged = '/*!99999 DELETE RETURNING */ SELECT id FROM numbers // SELECT 42 //';
        const seen = await commandLine(kind, sluice.port, forged, ['--delimiter=//', '--quick', '--comments']);
        t.match(seen.errors, [{ code: 3170 }]);
        t.same(seen.rows.at(-1), ['42']);
      });
    }
  });
}
