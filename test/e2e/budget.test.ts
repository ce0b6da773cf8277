import t from 'tap';
import { ProcessWatch } from '../support/accounts.js';
import { APP } from '../support/seed.js';
import { type ClientSession, startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';

const MIB = 1024 * 1024;
const BUDGET_BYTES = 8 * MIB;

/**
 * Rows of about this size. Then the server waits until nobody holds the lock `gate`, and ends with one more row. By
 * then the client has the earlier rows, except 16 KiB at most that the server keeps back.
 */
const gated = (bytes: number): string => {
  const rows = Math.floor(bytes / 1024);
  return `SELECT id, IF(id > ${rows}, GET_LOCK('gate', 300) + RELEASE_LOCK('gate'), REPEAT('x', 1012))
    FROM numbers WHERE id <= ${rows + 1} ORDER BY id`;
};
const asStream = (sql: string): string => sql.replace('SELECT', 'SELECT /*!40001 SQL_NO_CACHE */');
const IS_WAITING = "STATE = 'User lock'";

const CONFIG = {
  limits: { rows: null, bytes: '4MiB' }, budget: { bytes: BUDGET_BYTES }, streaming: { signals: ['dump'] },
  audit: { admitted: false },
  admin: { listen: '127.0.0.1:0' },
};

/**
 * Resolves when Sluice has counted this many bytes under way: bytes that a server has sent may still be on their way
 * to it.
 */
const countedUnderWay = async (sluice: Sluice, bytes: number): Promise<void> => {
  const admin = sluice.log().find(({ msg }) => msg === 'listening')?.['admin'];
  for (let counted = 0; counted < bytes;) {
    const metrics = await (await fetch(`http://${String(admin)}/metrics`)).text();
    counted = Number(/^sluice_budget_used_bytes (\S+)$/m.exec(metrics)?.[1] ?? 0);
  }
};

const SETTINGS = [...SERVER_KINDS.map((kind) => ({ kind, workers: 1 })), { kind: 'mariadb', workers: 3 } as const];

for (const { kind, workers } of SETTINGS) {
  await t.test(`a budget of ${BUDGET_BYTES} bytes for all clients of ${kind}, with ${workers} processes`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, config: { ...CONFIG, workers } });
    const watch = await ProcessWatch.start(server);
    t.teardown(() => watch.close());
    const keeper = await startSession(t, server.port);
    const clients: ClientSession[] = [];
    while (clients.length < 8) clients.push(await startSession(t, sluice.port));
    const [large, ...others] = clients;
    const streamer = await startSession(t, sluice.port);

    await t.test('cuts the largest of eight results, and the others finish', async (t) => {
      t.match(await keeper.run("SELECT GET_LOCK('gate', 0)"), { sum: 1 });
      // Streams do not count, else these six MiB would leave no room.
      const streamed = streamer.stream(asStream(gated(6 * MIB)));
      await watch.until(IS_WAITING, 1);
      // Seven results have 0.9 MiB each. The eighth would have four, and passes the budget before it has two.
      const finished = others.map((client) => client.run(gated(0.9 * MIB)));
      await watch.until(IS_WAITING, 8);
      await countedUnderWay(sluice, 7 * 0.85 * MIB);
      const cut = await large!.run(gated(3.8 * MIB));
      t.equal(cut.error?.message, `sluice: results under way exceed the budget of ${BUDGET_BYTES} bytes, ` +
        'and this is the largest (rule default); page it, stream it, or raise the budget');
      await keeper.run("SELECT RELEASE_LOCK('gate')");
      for (const seen of await Promise.all(finished)) t.match(seen, { rows: 922, error: null });
      t.match(await streamed, { rows: 6 * 1024 + 1, error: null });
      const record = await sluice.nextRecord();
      t.match(record, {
        action: 'cut', reason: 'budget', rule: 'default', limit: { rows: null, bytes: BUDGET_BYTES },
        user: APP.user, class: 'buffered',
      });
      const { forwardedBytes } = record;
      t.ok(forwardedBytes > 0.9 * MIB && forwardedBytes < 3.5 * MIB, `${forwardedBytes} bytes`);
    });

    await t.test('delivered results leave room for others', async (t) => {
      for (const client of clients) t.match(await client.run(gated(3 * MIB)), { rows: 3073, error: null });
    });

    await t.test('leaves one record, for the cut result', async (t) => {
      for (const client of [...clients, streamer]) await client.close();
      await sluice.stop();
      t.equal(sluice.records().length, 1);
    });
  });
}
