import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

const LIMIT = 1000;
const WAIT_MS = 500;
/** Rows of half a KiB: a driver reads far fewer than a thousand from the system at once. */
const SELECT = "SELECT id, REPEAT('x', 500) FROM numbers";
const ALL_ROWS = 200_000;

const CONFIG = { limits: { rows: LIMIT }, streaming: { pace: { wait: WAIT_MS } } };

for (const kind of SERVER_KINDS) {
  await t.test(`the pace of clients of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, config: CONFIG });
    const session = await startSession(t, sluice.port);

    await t.test('cuts a client that takes rows as fast as they come, with either cursor', async (t) => {
      for (const read of [session.run, session.stream]) {
        const { error } = await read(SELECT);
        t.equal(error?.message, 'sluice: result set exceeds 1000 rows (rule default); ' +
          'page it, stream it, or raise the limit');
        const record = await sluice.nextRecord();
        t.match(record, { action: 'cut', class: 'buffered', signal: null, forwardedRows: LIMIT });
      }
      t.match(await session.run('SELECT 42'), { sum: 42 });
    });

    await t.test('lets a client that works row by row through to the end', async (t) => {
      const rows = 2500;
      const seen = await session.begin(`${SELECT} WHERE id <= ${rows}`, rows, 0.001);
      t.match(seen, { rows, error: null });
      t.match(await session.rest(), { rows: 0, error: null });
      t.match(await sluice.nextRecord(), {
        action: 'admit', class: 'streaming', signal: 'pace', limit: { rows: LIMIT }, rows, forwardedRows: rows,
        complete: true,
      });
    });

    await t.test('cuts a client that was slow and then reads fast, when it is looked at again', async (t) => {
      await session.begin(SELECT, 1, 0);
      await pause(3 * WAIT_MS); // the first looks find the thousand rows unread
      const { error, rows } = await session.rest();
      t.match(error?.message, 'exceeds 1000 rows');
      const record = await sluice.nextRecord();
      t.match(record, { action: 'cut', class: 'buffered', signal: null, limit: { rows: LIMIT } });
      t.equal(record.forwardedRows, rows + 1, 'it has every row up to there');
      t.ok(record.forwardedRows > 1.9 * LIMIT, `${record.forwardedRows} rows: rows or bytes have doubled`);
      t.ok(record.forwardedRows < ALL_ROWS);
      t.match(await session.run('SELECT 42'), { sum: 42 });
    });

    await t.test('gives a slow client the limits of streams', async (t) => {
      const config = { ...CONFIG, streaming: { ...CONFIG.streaming, limits: { rows: 1500 } } };
      const limited = await startSluice(t, { upstream: server.port, config });
      const slow = await startSession(t, limited.port);
      const seen = await slow.begin(SELECT, 1400, 0.001);
      t.equal(seen.rows, 1400);
      t.match(await slow.rest(), { rows: 100, error: { message: /exceeds 1500 rows/ } });
      t.match(await limited.nextRecord(), {
        action: 'cut', class: 'streaming', signal: 'pace', limit: { rows: 1500 }, forwardedRows: 1500,
      });
    });

    await t.test('over the budget, cuts a client that reads fast, and not one that works row by row', async (t) => {
      const config = { ...CONFIG, limits: { rows: null, bytes: null }, budget: { bytes: '256KiB' } };
      const budgeted = await startSluice(t, { upstream: server.port, config });
      const client = await startSession(t, budgeted.port);
      const rows = 2500;
      // So small a budget is full after a quarter of a second at 1 ms a row, which is too short to judge the pace.
      t.match(await client.begin(`${SELECT} WHERE id <= ${rows}`, rows, 0.003), { rows, error: null });
      t.match(await client.rest(), { rows: 0, error: null });
      t.match(await client.run(SELECT), { error: { message: /exceed the budget of 262144 bytes/ } });
      t.match(await budgeted.nextRecord(), { action: 'cut', reason: 'budget', class: 'buffered' });
      t.equal(budgeted.records().length, 1, 'what has no limit is not let through beyond it');
    });

    await t.test('cuts a client of any pace at once when the signal pace is not trusted', async (t) => {
      const config = { ...CONFIG, streaming: { signals: [] } };
      const strict = await startSluice(t, { upstream: server.port, config });
      const slow = await startSession(t, strict.port);
      const { rows } = await slow.begin(SELECT, 1, 0);
      t.match(await slow.rest(), { rows: LIMIT - rows, error: { message: /exceeds 1000 rows/ } });
      const record = await strict.nextRecord();
      t.match(record, { action: 'cut', forwardedRows: LIMIT });
      t.notOk('looks' in record);
    });

    await t.test('does not look at a client in audit mode, and records what enforce would do', async (t) => {
      const audit = await startSluice(
        t, { upstream: server.port, config: { ...CONFIG, mode: 'audit', limits: { rows: 1 } } },
      );
      const session = await startSession(t, audit.port);
      t.match(await session.run('SELECT 1 UNION ALL SELECT 2'), { rows: 2, error: null });
      t.match(await audit.nextRecord(), { action: 'would-cut', rows: 2, class: 'buffered', outcome: 'completed' });
    });
  });
}
