import t from 'tap';
import { createKiller, KILLER, ProcessWatch } from '../support/accounts.js';
import { startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';

// Orders at the admin endpoint for one session: to kill its statement, and to end it.

/** 20 million rows. */
const ENDLESS = 'SELECT a.id, b.id FROM numbers a, numbers b WHERE a.id <= 100';
const IS_RUNNING = "COMMAND <> 'Sleep' AND INFO LIKE 'SELECT a.id, b.id%'";
/** Counts for minutes before it has its only row. */
const COUNTING = 'SELECT COUNT(*) FROM numbers a, numbers b WHERE a.id + b.id = 0';

/** What the admin endpoint says of a session: the fields that these tests read. */
interface View {
  readonly session: number;
  readonly connectionId: number;
  readonly state: string;
  readonly inTransactionMs: number | null;
  readonly command: { readonly digestText: string } | null;
}

/** The admin endpoint of a program. */
const endpointOf = (sluice: Sluice) => {
  const address = `http://${String(sluice.log().find(({ msg }) => msg === 'listening')?.['admin'])}`;
  return {
    /** Asks until a session is as is wanted. */
    async find(isWanted: (view: View) => boolean): Promise<View> {
      for (;;) {
        const views = await (await fetch(`${address}/sessions`)).json() as View[];
        const found = views.find(isWanted);
        if (found !== undefined) return found;
      }
    },
    async order(session: number, order: 'kill' | 'end'): Promise<{ status: number; body: Record<string, unknown> }> {
      const reply = await fetch(`${address}/sessions/${session}/${order}`, { method: 'POST' });
      return { status: reply.status, body: await reply.json() as Record<string, unknown> };
    },
  };
};

const isCounting = ({ command }: View): boolean => command?.digestText.startsWith('SELECT COUNT') ?? false;

for (const kind of SERVER_KINDS) {
  await t.test(`orders for sessions with ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await createKiller(server);
    await server.sql('CREATE TABLE shop.marks (id INT NOT NULL PRIMARY KEY)');
    const watch = await ProcessWatch.start(server);
    t.teardown(() => watch.close());
    const admin = { listen: '127.0.0.1:0' };
    const config = { limits: { rows: null, bytes: null }, admin, workers: 2, kill: KILLER };
    const ordered = await startSluice(t, { upstream: server.port, config });
    const endpoint = endpointOf(ordered);

    await t.test('kill the statement of a client that does not read, and its session goes on', async (t) => {
      const session = await startSession(t, ordered.port);
      const begun = await session.begin(ENDLESS, 1, 0);
      const { session: number, connectionId } = await endpoint.find(({ state }) => state === 'stalled');
      t.match(await endpoint.order(number, 'kill'), { status: 200, body: { outcome: 'killed', connectionId } });
      await watch.until(IS_RUNNING, 0);
      const { rows, error } = await session.rest();
      t.match(error, { code: 1317, message: 'sluice: the statement was killed on request at the admin endpoint' });
      const record = await ordered.nextRecord();
      t.match(record, { action: 'cut', reason: 'kill', outcome: 'killed', errorCode: 1317, session: number });
      t.equal(record.forwardedRows, begun.rows + rows);
      t.match(await session.run('SELECT 42'), { sum: 42, error: null });
      t.match(await endpoint.order(number, 'kill'), { status: 409, body: { outcome: 'refused', message: /runs no/ } });
      const line = ordered.log().find(({ outcome }) => outcome === 'killed');
      t.match(line, { level: 'warn', session: number, connectionId, client: /^127\.0\.0\.1:\d+$/, token: false });
      await session.close();
    });

    await t.test('kill a statement that has no row yet', async (t) => {
      const session = await startSession(t, ordered.port);
      const counting = session.run(COUNTING);
      const { session: number } = await endpoint.find(isCounting);
      t.match(await endpoint.order(number, 'kill'), { status: 200, body: { outcome: 'killed' } });
      t.match(await counting, { error: { code: 1317 } });
      t.match(await session.run('SELECT 42'), { sum: 42, error: null });
      await session.close();
    });

    await t.test('end a session that holds a lock, so that the next one gets it', async (t) => {
      const [holder, waiting] = [await startSession(t, ordered.port), await startSession(t, ordered.port)];
      await holder.run('BEGIN');
      await holder.run('INSERT INTO marks VALUES (10)');
      const next = waiting.run('INSERT INTO marks VALUES (10)');
      await watch.until("INFO LIKE 'INSERT INTO marks%'", 1);
      const { session: number } = await endpoint.find(({ inTransactionMs, command }) =>
        inTransactionMs !== null && command === null);
      t.match(await endpoint.order(number, 'end'), { status: 200, body: { outcome: 'ended' } });
      t.match(await next, { error: null });
      t.match(await holder.run('SELECT 42'), { error: { code: /^20(06|13)$/ } });
      await waiting.close();
    });

    await t.test('end a session with an error to a client that awaits an answer, and its statement too', async (t) => {
      const session = await startSession(t, ordered.port);
      const counting = session.run(COUNTING);
      const { session: number } = await endpoint.find(isCounting);
      t.match(await endpoint.order(number, 'end'), { status: 200, body: { outcome: 'ended' } });
      t.match(await counting, { error: { code: /^(1317|1927)$/ } });
      await watch.until("INFO LIKE 'SELECT COUNT(*) FROM numbers%'", 0);
      t.match(await endpoint.order(4711, 'end'), { status: 404, body: { outcome: 'absent' } });
    });

    await t.test('say what to run by hand where there is no kill account', async (t) => {
      const plain = await startSluice(t, { upstream: server.port, config: { admin } });
      const session = await startSession(t, plain.port);
      const counting = session.run(COUNTING);
      const { session: number, connectionId } = await endpointOf(plain).find(isCounting);
      const refused = await endpointOf(plain).order(number, 'kill');
      t.match(refused, { status: 409, body: { outcome: 'refused', sql: `KILL QUERY ${connectionId}` } });
      await server.sql(String(refused.body['sql']));
      t.match(await counting, { error: { code: 1317 } });
    });
  });
}
