import t from 'tap';
import { type AdministeredProgram, startAdministered } from '../admin/administered.js';
import { createKiller, KILLER, ProcessWatch } from '../support/accounts.js';
import { freePort } from '../support/freePort.js';
import { startSession } from '../support/session.js';
import { startServer } from '../support/servers.js';

// Situations of the runbook (`sluice help troubleshooting`), each found and ended by what the admin endpoint offers.

/** 20 million rows. */
const ENDLESS = 'SELECT a.id, b.id FROM numbers a, numbers b WHERE a.id <= 100';
/** Counts for minutes before it has its only row. */
const COUNTING = 'SELECT COUNT(*) FROM numbers a, numbers b WHERE a.id + b.id = 0';

interface View {
  readonly session: number;
  readonly connectionId: number;
  readonly inTransactionMs: number | null;
  readonly command: { readonly rowsPerSecond: number; readonly rule: string } | null;
}

const server = await startServer(t, 'mariadb');
await createKiller(server);
await server.sql('CREATE TABLE shop.marks (id INT NOT NULL PRIMARY KEY)');
const watch = await ProcessWatch.start(server);
t.teardown(() => watch.close());
const upstream = `127.0.0.1:${server.port}`;
const program = await startAdministered(t, { upstream, kill: KILLER, limits: { rows: null, bytes: null } });
const { port } = program.program;

/** Asks `/sessions` until one is found. */
const find = async (query: string, { ask }: AdministeredProgram = program): Promise<View> => {
  for (;;) {
    const [found] = JSON.parse((await ask(`/sessions?${query}`)).body) as View[];
    if (found !== undefined) return found;
  }
};

const order = async (session: number, what: 'kill' | 'end', { ask }: AdministeredProgram = program): Promise<string> =>
  (JSON.parse((await ask(`/sessions/${session}/${what}`, { method: 'POST' })).body) as { outcome: string }).outcome;

/** Asks for the events until one is of this kind. */
const event = async (kind: string, { ask }: AdministeredProgram = program): Promise<Record<string, unknown>> => {
  for (;;) {
    const { events } = JSON.parse((await ask('/live')).body) as { events: Record<string, unknown>[] };
    const found = events.findLast((one) => one['kind'] === kind);
    if (found !== undefined) return found;
  }
};

const reload = async (changes: object, { configure, ask }: AdministeredProgram = program): Promise<void> => {
  configure(changes);
  t.match(await ask('/reload', { method: 'POST' }), { status: 200 });
};

t.test('a query is stuck in "Sending to client": its client does not read', async (t) => {
  const client = await startSession(t, port);
  await client.begin(ENDLESS, 1, 0);
  const { session, connectionId } = await find('state=stalled');
  t.equal(await watch.count(`ID = ${connectionId} AND COMMAND <> 'Sleep'`), 1, 'it is the one of the process list');
  t.equal(await order(session, 'kill'), 'killed');
  await watch.until(`ID = ${connectionId} AND COMMAND <> 'Sleep'`, 0);
  t.match(await client.rest(), { error: { code: 1317 } });
  await client.close();
});

t.test('a client reads a large result slowly', async (t) => {
  const client = await startSession(t, port);
  const reading = client.begin(ENDLESS, 1_000_000, 0.001);
  const { session, command } = await find('state=reading-slowly');
  t.ok(command!.rowsPerSecond > 0, 'and how fast is known');
  t.equal(await order(session, 'end'), 'ended');
  t.match(await reading, { error: { code: Number } });
});

t.test('a session holds locks and looks idle', async (t) => {
  const [holder, waiting] = [await startSession(t, port), await startSession(t, port)];
  await holder.run('BEGIN');
  await holder.run('INSERT INTO marks VALUES (1)');
  const inserted = waiting.run('INSERT INTO marks VALUES (1)');
  const { session } = await find('state=in-transaction');
  t.equal(await order(session, 'end'), 'ended');
  t.match(await inserted, { error: null });
  await waiting.close();
});

t.test('the server is slow because of one statement', async (t) => {
  const client = await startSession(t, port);
  const counting = client.run(COUNTING);
  const { session } = await find('state=running&digest=COUNT');
  t.equal(await order(session, 'kill'), 'killed');
  t.match(await counting, { error: { code: 1317 } });
  await client.close();
});

t.test('the pool is exhausted: connections.max is reached by idle sessions', async (t) => {
  await reload({ connections: { max: 2 } });
  const idle = [await startSession(t, port), await startSession(t, port)];
  for (const one of idle) await one.run('SELECT 1'); // it has been let in
  const refused = await startSession(t, port, { connect: { connect_timeout: 5 } }).then((one) => one.run('SELECT 1'))
    .catch((error: unknown) => String(error));
  t.match(JSON.stringify(refused), /1040/);
  t.ok(await program.metric('sluice_clients_turned_away_total') > 0);
  t.equal(await order((await find('state=idle')).session, 'end'), 'ended');
  // Its client has 2 seconds to close, too.
  const next = async (): Promise<unknown> => {
    for (;;) {
      const seen = await startSession(t, port).then((one) => one.run('SELECT 42')).catch(() => null);
      if (seen !== null) return seen;
    }
  };
  t.match(await next(), { sum: 42 });
  for (const one of idle) await one.close().catch(() => {}); // one of them was ended
  await reload({});
});

t.test('everything is cut after a deploy', async (t) => {
  await reload({ limits: { rows: 10 } });
  const client = await startSession(t, port);
  t.match(await client.run('SELECT id FROM numbers LIMIT 50'), { error: { code: 3170 } });
  t.match(await event('cut'), { rule: 'default', reason: 'rows', digestText: /^SELECT `id`/ });
  t.match(await event('reload'), { outcome: 'applied', message: /limits/ });
  await reload({ limits: { rows: 100 } });
  t.match(await client.run('SELECT id FROM numbers LIMIT 50'), { rows: 50, error: null });
  await client.close();
});

t.test('a rule has ended', async (t) => {
  const rule = (until: string): object =>
    ({ limits: { rows: 10 }, rules: [{ name: 'search', match: { user: 'app' }, limits: { rows: 1000 }, until }] });
  await reload(rule(new Date(Date.now() + 2000).toISOString()));
  const client = await startSession(t, port);
  t.match(await event('expiry'), { message: /search/ });
  while ((await client.run('SELECT id FROM numbers LIMIT 50')).error === null);
  t.match(await event('cut'), { rule: 'default' });
  await reload(rule(new Date(Date.now() + 86_400_000).toISOString()));
  t.match(await client.run('SELECT id FROM numbers LIMIT 50'), { rows: 50, error: null });
  await client.close();
  await reload({});
});

t.test('the memory of the application grows: results under way reach the budget', async (t) => {
  await reload({ budget: { bytes: '1MiB' }, limits: { rows: null, bytes: null } });
  const client = await startSession(t, port);
  t.match(await client.run("SELECT id, REPEAT('x', 1000) FROM numbers LIMIT 5000"), { error: { message: /budget/ } });
  let cut = await event('cut');
  while (cut['reason'] !== 'budget') cut = await event('cut'); // there were others before
  t.match(JSON.parse((await program.ask(`/sessions/${cut['session']}`)).body), {
    user: 'app', events: [{ kind: 'cut', reason: 'budget' }],
  });
  await client.close();
  await reload({});
});

t.test('a server is lost', async (t) => {
  const gone = `127.0.0.1:${await freePort()}`;
  const other = await startAdministered(t, { upstream: [gone, upstream] });
  t.match(await (await startSession(t, other.program.port)).run('SELECT 42'), { sum: 42 }, 'the other one takes over');
  t.match(await event('server-lost', other), { upstream: gone });
  const { about } = JSON.parse((await other.ask('/live')).body) as { about: { upstreams: object[] } };
  t.match(about.upstreams, [{ address: gone, isLost: true }, { address: upstream, isLost: false }]);
  await reload({ upstream }, other);
});

t.test('TLS: a client does not encrypt, and the listener demands it', async (t) => {
  const listen = { host: '127.0.0.1', port: 0, tls: { mode: 'required' } };
  const strict = await startAdministered(t, { upstream, listen });
  const refused = await startSession(t, strict.program.port).then((one) => one.run('SELECT 1'))
    .catch((error: unknown) => String(error));
  t.match(JSON.stringify(refused), /3159/);
  const encrypted = await startSession(t, strict.program.port, { connect: { ssl: {} } });
  t.match(await encrypted.run('SELECT 42'), { sum: 42 });
  t.match(JSON.parse((await strict.ask('/sessions')).body), [{ tls: { client: /^TLSv1\.[23]$/ } }]);
});
