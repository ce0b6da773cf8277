import t from 'tap';
import { ProcessWatch } from '../support/accounts.js';
import { startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type LogLine, startSluice } from '../support/sluice.js';

/** 200 MB, far more than all buffers on the way hold. */
const SELECT = "SELECT id, REPEAT('x', 1000) FROM numbers";
const ALL_ROWS = 200_000;
const CONFIG = {
  limits: { rows: null, bytes: null }, stall: { warnAfter: '1s' }, admin: { listen: '127.0.0.1:0' },
};

for (const kind of SERVER_KINDS) {
  await t.test(`a client of ${kind} that stops reading`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, config: CONFIG });
    const watch = await ProcessWatch.start(server);
    const warnings = (): LogLine[] =>
      sluice.log().filter(({ level, session }) => level === 'warn' && session !== undefined);
    const lostSessions = async (): Promise<number> => {
      const admin = String(sluice.log().find(({ msg }) => msg === 'listening')?.['admin']);
      const metrics = await (await fetch(`http://${admin}/metrics`)).text();
      return Number(/^sluice_sessions_ended_total\{by="upstream",reason="gave-up"\} (\d+)$/m.exec(metrics)?.[1]);
    };
    t.teardown(() => watch.close());

    await t.test('is recorded once while it stalls, and gets the rest when it goes on', async (t) => {
      const session = await startSession(t, sluice.port);
      await session.begin(SELECT, 1, 0);
      const record = await sluice.nextRecord();
      t.match(record, {
        event: 'stall', action: 'warn', reason: 'stall', sql: SELECT, serverGaveUp: false, outcome: null,
        complete: false, command: 'COM_QUERY',
      });
      t.ok(record.stallMs >= 1000, `${record.stallMs} ms`);
      t.ok(record.rows > 0 && record.rows < ALL_ROWS, `${record.rows} rows`);
      t.ok(record.bytes > record.rows * 1000, `${record.bytes} bytes`);
      t.match(await session.rest(), { rows: ALL_ROWS - 1, error: null });
      t.match(await session.run('SELECT 42'), { sum: 42 });
      t.equal(sluice.records().length, 1);
    });

    await t.test('is not confused with one that reads slowly', async (t) => {
      const session = await startSession(t, sluice.port);
      // Some MB lie in the sockets' buffers. For seconds the client takes nothing from the proxy although it reads.
      t.match(await session.begin(SELECT, 2500, 0.002), { rows: 2500 });
      t.equal(sluice.records().length, 1);
      t.match(await session.rest(), { rows: ALL_ROWS - 2500, error: null });
      t.equal(sluice.records().length, 1);
    });

    await t.test('causes a warning before the server gives it up, and is counted when the server does', async (t) => {
      const session = await startSession(t, sluice.port);
      await session.run('SET SESSION net_write_timeout = 2');
      const { rows: first } = await session.begin(SELECT, 1, 0);
      t.match(await sluice.nextRecord(), { event: 'stall', serverGaveUp: false });
      await watch.until("INFO LIKE 'SELECT id, REPEAT%'", 0);
      t.match(warnings().map(({ msg }) => msg), [/kept from writing for half of its net_write_timeout/]);
      const { rows, error } = await session.rest();
      t.match(error, { code: 2013 }, 'the connection is lost');
      const record = await sluice.nextRecord();
      t.match(record, { event: 'stall', serverGaveUp: true, outcome: 'upstream-gone', complete: false });
      t.ok(record.stallMs >= 2000, `${record.stallMs} ms`);
      const missing = record.rows - first - rows;
      t.ok(missing === 0 || missing === 1, `${missing} rows are missing: the last may be cut off`);
      const [, lost] = warnings();
      t.match(
        lost,
        { netWriteTimeoutMs: 2000, session: record.session, msg: /^the server closed the connection in the middle/ },
      );
      t.ok(Number(lost?.['serverWaitMs']) >= 2000, 'with the longest time that the server was kept waiting');
      t.equal(await lostSessions(), 1);
    });

    await t.test('is not confused with one whose server was killed in the middle of a result', async (t) => {
      const session = await startSession(t, sluice.port);
      await session.begin(SELECT, 1, 0);
      t.match(await sluice.nextRecord(), { event: 'stall', serverGaveUp: false });
      const { last } = await (await startSession(t, server.port)).run(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT id, REPEAT%'");
      await server.sql(`KILL ${last?.[0]}`);
      t.match(await session.rest(), { error: { code: 2013 } });
      await session.close();
      await sluice.stop();
      t.equal(sluice.records().length, 4, 'nobody gave up');
      t.equal(warnings().length, 2, 'and nobody says so');
    });
  });
}
