import t, { type Test } from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { createKiller, KILLER, ProcessWatch } from '../support/accounts.js';
import { CLIENTS, commandLine } from '../support/clients.js';
import { APP } from '../support/seed.js';
import { startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';
import { WireClient } from '../support/wireClient.js';

const LIMIT = 1000;
/** 20 million rows: half a minute to send, unless the query is killed. */
const ENDLESS = 'SELECT a.id, b.id FROM numbers a, numbers b WHERE a.id <= 100';
const ENDLESS_ROWS = 20_000_000;
/** 400,000 rows. */
const LONG = 'SELECT a.id, b.id FROM numbers a, numbers b WHERE a.id <= 2';
const IS_RUNNING = "COMMAND <> 'Sleep' AND INFO LIKE 'SELECT a.id, b.id%'";

const CONFIG = { limits: { rows: LIMIT }, streaming: { signals: [] } };

const WIRE_CAPABILITIES = Capability.LONG_PASSWORD | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION |
  Capability.PLUGIN_AUTH | Capability.CONNECT_WITH_DB | Capability.DEPRECATE_EOF | Capability.TRANSACTIONS;

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await createKiller(server);
    await server.sql(`USE shop;
CREATE TABLE marks (id INT NOT NULL PRIMARY KEY);
DELIMITER //
CREATE PROCEDURE long_listing(mark INT) BEGIN ${LONG}; INSERT INTO marks VALUES (mark); END //
DELIMITER ;
`);
    const watch = await ProcessWatch.start(server);
    t.teardown(() => watch.close());
    const startWith = (t: Test, kill: object, further: object = {}): Promise<Sluice> => startSluice(t, {
      upstream: server.port,
      config: { ...CONFIG, kill: { ...KILLER, ...kill }, ...further },
    });
    const isMarked = async (mark: number): Promise<boolean> =>
      (await server.sql(`SELECT id FROM shop.marks WHERE id = ${mark}`)).length === 1;
    const sluice = await startWith(t, {});

    await t.test('kills the query of a cut result, and the connection goes on', async (t) => {
      const session = await startSession(t, sluice.port);
      for (const read of [session.run, session.stream]) {
        const { error } = await read(ENDLESS);
        t.equal(error?.message, `sluice: result set exceeds ${LIMIT} rows (rule default); ` +
          'page it, stream it, or raise the limit');
        await watch.until(IS_RUNNING, 0);
        const record = await sluice.nextRecord();
        t.match(record, { action: 'cut', outcome: 'killed', complete: true, serverError: { code: 1317 } });
        t.ok(record.rows < ENDLESS_ROWS, `${record.rows} rows`);
        t.match(await session.run('SELECT 42'), { sum: 42, error: null });
      }
    });

    for (const client of CLIENTS.filter(({ protocol }) => protocol !== 'text')) {
      await t.test(`kills the prepared statement of a cut result: ${client.name}`, async (t) => {
        const seen = await client.read(sluice.port, ENDLESS.replace('100', '5'));
        t.match(seen.after, { answer: 42 });
        const { outcome } = await sluice.nextRecord();
        // The rows of a cursor lie ready on the server, and nothing may be running that could be killed.
        if (client.protocol === 'binary') t.equal(outcome, 'killed');
        else t.match(outcome, /^(killed|drained)$/);
      });
    }

    await t.test('lets a statement that may have side effects run to its end', async (t) => {
      const called = await commandLine(kind, sluice.port, 'CALL long_listing(1); SELECT 42;');
      t.match(called.errors, [{ message: /the statement runs to its end on the server/ }]);
      t.equal(called.rows.at(-1)?.[0], '42');
      t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'drained', rows: 400_000 });
      t.ok(await isMarked(1));
      const both = `${LONG}; INSERT INTO marks VALUES (2) // SELECT 42 //`;
      const several = await commandLine(kind, sluice.port, both, ['--delimiter=//']);
      t.equal(several.rows.at(-1)?.[0], '42');
      t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'drained', rows: 400_000 });
      t.ok(await isMarked(2));
    });

    await t.test('does not kill a query when the server already has later commands', async (t) => {
      const wire = await WireClient.connect({ ...APP, port: sluice.port, capabilities: WIRE_CAPABILITIES });
      const insert = 'INSERT INTO marks VALUES (3)';
      const { socket } = wire.transport;
      socket.cork(); // so that all three arrive together
      const asked = wire.ask([LONG, insert, 'SELECT 42'].map((sql) => wire.query(sql)));
      socket.uncork();
      const parts = await asked;
      t.match(parts.map(({ is }) => is), ['result', 'ok', 'result']);
      t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'drained', rows: 400_000 });
      t.ok(await isMarked(3));
      await wire.quit();
    });

    await t.test('drains a short rest, and kills a long one, with kill.when', async (t) => {
      const patient = await startWith(t, { when: { bytes: '8MiB' } });
      const session = await startSession(t, patient.port);
      await session.run('SELECT id FROM numbers');
      t.match(await patient.nextRecord(), { outcome: 'drained', rows: 200_000 });
      await session.run(ENDLESS);
      const record = await patient.nextRecord();
      t.match(record, { outcome: 'killed' });
      t.ok(record.drainedBytes >= 8 * 1024 * 1024, `${record.drainedBytes} bytes were drained before`);
    });

    await t.test('never kills the query of a truncated result', async (t) => {
      const truncating = await startWith(t, {}, { onExceed: { action: 'truncate' } });
      const session = await startSession(t, truncating.port);
      t.match(await session.run(LONG), { rows: LIMIT, error: null, warnings: 1 });
      t.match(await truncating.nextRecord(), { action: 'truncate', outcome: 'drained', rows: 400_000 });
    });

    await t.test("drains the rest when kill's password is wrong, and logs that once", async (t) => {
      const locked = await startWith(t, { password: 'wrong' });
      const session = await startSession(t, locked.port);
      for (let i = 0; i < 3; i += 1) {
        t.match(await session.run(LONG), { error: { code: 3170 } });
        t.match(await locked.nextRecord(), { outcome: 'drained', rows: 400_000 });
        t.match(await session.run('SELECT 42'), { sum: 42 });
      }
      const lines = locked.log().filter(({ level }) => level === 'warn');
      t.match(lines, [{ msg: /Access denied/ }]);
      t.equal(lines.length, 1);
      t.notMatch(JSON.stringify(lines), 'wrong');
    });
  });
}
