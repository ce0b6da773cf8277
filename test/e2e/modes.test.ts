import t from 'tap';
import { CLIENTS, commandLine } from '../support/clients.js';
import { NUMBERS_ROWS } from '../support/seed.js';
import { SERVER_KINDS, type Server, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { shareOf } from './shareOf.js';

const ALL = 'SELECT id, label FROM numbers ORDER BY id';
const LIMIT_1000 = ['--max-rows', '1000'];

// Two results of 600 rows in one response.
const SELECT_600 = 'SELECT id FROM numbers WHERE id <= 600';
const TWO_RESULTS = `${SELECT_600}; ${SELECT_600}`;

const createProcedure = (server: Server): Promise<string[][]> => server.sql(`USE shop;
DELIMITER //
CREATE PROCEDURE two_results()
BEGIN
  ${SELECT_600};
  ${SELECT_600};
END //
DELIMITER ;
`);

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await createProcedure(server);

    await t.test('mode audit forwards everything, and records what enforce would cut', async (t) => {
      // No signal is trusted, however slowly a loaded machine makes a client read.
      const config = { mode: 'audit', limits: { rows: 1000 }, streaming: { signals: [] } };
      const sluice = await startSluice(t, { upstream: server.port, config });
      const clients = shareOf(CLIENTS, kind).filter(({ protocol }) => protocol !== 'cursor');
      for (const client of clients) {
        const seen = await client.read(sluice.port, ALL);
        t.match(seen, { rows: NUMBERS_ROWS, error: null, after: { answer: 42 } }, client.name);
        t.match(await sluice.nextRecord(), {
          event: 'result', action: 'would-cut', reason: 'rows', complete: true, outcome: 'completed',
          rows: NUMBERS_ROWS, forwardedRows: NUMBERS_ROWS, drainedBytes: 0,
          sql: ALL, connectionId: seen.after?.connectionId,
        }, client.name);
      }
      await sluice.stop();
      t.equal(sluice.records().length, clients.length);
    });

    await t.test('a warn threshold records a result and lets it through', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, config: { warn: { rows: 500 } } });
      const { rows, errors } = await commandLine(kind, sluice.port,
        'SELECT id FROM numbers WHERE id <= 500; SELECT id FROM numbers WHERE id <= 501;');
      t.equal(rows.length, 1001);
      t.same(errors, []);
      await sluice.stop();
      t.match(sluice.records(), [{ action: 'warn', reason: 'rows', rows: 501, forwardedRows: 501 }]);
      t.equal(sluice.records().length, 1, '500 rows are not above 500');
    });

    await t.test('a byte limit cuts before the row that would pass it', async (t) => {
      // One row: header 4, then 1 + 95 bytes: 100 bytes on the wire.
      const sluice = await startSluice(t, { upstream: server.port, flags: ['--max-bytes', '1000B'] });
      const select = (count: number): string => `SELECT REPEAT('x', 95) FROM numbers WHERE id <= ${count};\n`;
      const input = select(10) + select(11) + 'SELECT 42;';
      const { rows, errors } = await commandLine(kind, sluice.port, input, ['--quick']);
      t.equal(rows.length, 21, 'ten rows of each, and the answer');
      t.match(errors, [{ code: 3170, message: /^sluice: result set exceeds .*\(rule default\)/ }]);
      t.equal(errors.length, 1);
      t.equal(rows.at(-1)?.[0], '42');
      await sluice.stop();
      t.match(sluice.records(), [{
        action: 'cut', reason: 'bytes', bytes: 1100, rows: 11, forwardedBytes: 1000, forwardedRows: 10,
        largestRowBytes: 100,
      }]);
      t.equal(sluice.records().length, 1);
    });

    await t.test('counts several statements sent as one together', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, flags: LIMIT_1000 });
      const { rows, errors } = await commandLine(kind, sluice.port, `${TWO_RESULTS} //\nSELECT 42 //\n`,
        ['--quick', '--delimiter=//']);
      t.equal(rows.length, 1001, 'a thousand of both results, and the answer');
      t.match(errors, [{ code: 3170, message: /the statement runs to its end on the server/ }]);
      t.equal(rows.at(-1)?.[0], '42');
      await sluice.stop();
      t.match(sluice.records(), [{
        action: 'cut', rows: 1200, forwardedRows: 1000, resultSets: 2, complete: true, outcome: 'drained',
      }]);
      t.equal(sluice.records().length, 1);
    });

    await t.test('counts the results of a procedure together, and it runs to its end', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, flags: LIMIT_1000 });
      const input = 'CALL two_results(); SELECT 42;';
      const { rows, errors } = await commandLine(kind, sluice.port, input, ['--quick']);
      t.equal(rows.length, 1001, 'a thousand of both results, and the answer');
      t.match(errors, [{ code: 3170, message: /the statement runs to its end on the server/ }]);
      t.equal(rows.at(-1)?.[0], '42');
      await sluice.stop();
      t.match(sluice.records(), [{
        action: 'cut', rows: 1200, forwardedRows: 1000, resultSets: 2, sql: 'CALL two_results()',
      }]);
      t.equal(sluice.records().length, 1);
    });

    await t.test('the error has the configured code and SQLSTATE', async (t) => {
      const config = { limits: { rows: 5 }, onExceed: { error: { code: 1644, sqlState: '45000' } } };
      const sluice = await startSluice(t, { upstream: server.port, config });
      const { errors } = await commandLine(kind, sluice.port, 'SELECT id FROM numbers WHERE id <= 6;');
      t.match(errors, [{ code: 1644, sqlState: '45000', message: /^sluice: result set exceeds 5 rows/ }]);
    });

    await t.test('relays a row of more than 16 MiB, and counts it as one', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, config: { warn: { bytes: '1MiB' } } });
      const text = 'x'.repeat(17 * 1024 * 1024);
      const { rows, errors } = await commandLine(kind, sluice.port, `SELECT '${text}';\nSELECT 42;\n`,
        ['--max-allowed-packet=1G']);
      t.same(errors, []);
      t.ok(rows[0]?.[0] === text, 'the row arrives whole');
      t.equal(rows.at(-1)?.[0], '42');
      await sluice.stop();
      // The payload: 0xFE and eight bytes of length, then the text; on the wire it is two packets.
      const bytes = 9 + text.length + 2 * 4;
      t.match(sluice.records(), [{
        action: 'warn', reason: 'bytes', rows: 1, bytes, largestRowBytes: bytes, sqlTruncated: true,
      }]);
      t.equal(sluice.records().length, 1);
    });
  });
}

await t.test('records a statement that returns the rows it changes, and never cuts it', async (t) => {
  const server = await startServer(t, 'mariadb');
  await server.sql('CREATE TABLE shop.copies (id INT NOT NULL PRIMARY KEY)');
  const sluice = await startSluice(t, { upstream: server.port, flags: LIMIT_1000 });
  const insert = 'INSERT INTO copies SELECT id FROM numbers WHERE id <= 1500 RETURNING id';
  const { rows, errors } = await commandLine('mariadb', sluice.port,
    `${insert};\nDELETE FROM copies WHERE id > 200 RETURNING id;\nSELECT 42;`);
  t.same(errors, []);
  t.equal(rows.length, 1500 + 1300 + 1);
  t.same(await server.sql('SELECT COUNT(*) FROM shop.copies'), [['200']]);
  await sluice.stop();
  t.match(sluice.records(), [
    { action: 'would-cut', rows: 1500, forwardedRows: 1500, outcome: 'completed', sql: insert },
    { action: 'would-cut', rows: 1300, forwardedRows: 1300, outcome: 'completed' },
  ]);
  t.equal(sluice.records().length, 2);
});
