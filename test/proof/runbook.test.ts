import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { decodeErr, FirstByte } from '../../src/protocol/packets.js';
import { type AdministeredProgram, startAdministered } from '../admin/administered.js';
import { createKiller, KILLER, ProcessWatch } from '../support/accounts.js';
import { freePort } from '../support/freePort.js';
import { OTHER_ADDRESS, startForwarder, visit } from '../support/otherAddress.js';
import { RawClient } from '../support/rawClient.js';
import { type ClientSession, startSession } from '../support/session.js';
import { type Server, SERVER_KINDS, type ServerKind, startServer } from '../support/servers.js';
import { IS_WHOLE } from './scale.js';

// Situations of the runbook (`sluice help troubleshooting`), each found and ended by what the admin endpoint offers, or
// by the statement for the server that the runbook gives. In the gate with MariaDB alone.

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

/** A program in front of a server, as somebody on call sees it. */
interface Scene {
  readonly server: Server;
  readonly upstream: string;
  readonly program: AdministeredProgram;
  /** The server's process list. */
  readonly watch: ProcessWatch;
}

/** Looks again and again, with a pause that leaves the processor to the servers. */
const found = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await pause(20);
  }
};

/** The first session of a list, once it has one. */
const find = ({ ask }: AdministeredProgram, query: string): Promise<View> =>
  found(async () => (JSON.parse((await ask(`/sessions?${query}`)).body) as View[])[0]);

const order = async ({ ask }: AdministeredProgram, session: number, what: 'kill' | 'end'): Promise<string> =>
  (JSON.parse((await ask(`/sessions/${session}/${what}`, { method: 'POST' })).body) as { outcome: string }).outcome;

/** The last event of a kind, once there is one with these facts. */
const event = (
  { ask }: AdministeredProgram, kind: string, facts: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> => found(async () => {
  const { events } = JSON.parse((await ask('/live')).body) as { events: Record<string, unknown>[] };
  return events.findLast((one) =>
    one['kind'] === kind && Object.entries(facts).every(([name, value]) => one[name] === value));
});

const reload = async (t: Test, { configure, ask }: AdministeredProgram, changes: object): Promise<void> => {
  configure(changes);
  t.match(await ask('/reload', { method: 'POST' }), { status: 200 });
};

/** The rows, or the error, of a client that connects now and runs SELECT 42. */
const attempt = (t: Test, port: number): Promise<unknown> =>
  startSession(t, port, { connect: { connect_timeout: 5 } }).then((one) => one.run('SELECT 42'))
    .catch((error: unknown) => String(error));

const login = (t: Test, { program: { program } }: Scene): Promise<ClientSession> => startSession(t, program.port);

const SITUATIONS: Readonly<Record<string, (t: Test, scene: Scene) => Promise<void>>> = {
  'a query is stuck in "Sending to client": its client does not read': async (t, scene) => {
    const { program, watch } = scene;
    const client = await login(t, scene);
    await client.begin(ENDLESS, 1, 0);
    const { session, connectionId } = await find(program, 'state=stalled');
    t.equal(await watch.count(`ID = ${connectionId} AND COMMAND <> 'Sleep'`), 1, 'it is the one of the process list');
    t.equal(await order(program, session, 'kill'), 'killed');
    await watch.until(`ID = ${connectionId} AND COMMAND <> 'Sleep'`, 0);
    t.match(await client.rest(), { error: { code: 1317 } });
    await client.close();
  },

  'a client reads a large result slowly': async (t, scene) => {
    const { program, watch } = scene;
    const client = await login(t, scene);
    client.begin(ENDLESS, 1_000_000, 0.001).catch(() => {}); // it reads on for long what it was sent before
    const { session, connectionId, command } = await find(program, 'state=reading-slowly');
    t.ok(command!.rowsPerSecond > 0, 'and how fast is known');
    t.equal(await order(program, session, 'end'), 'ended');
    await watch.until(`ID = ${connectionId}`, 0);
  },

  'a session holds locks and looks idle': async (t, scene) => {
    const { program } = scene;
    const [holder, waiting] = [await login(t, scene), await login(t, scene)];
    await holder.run('BEGIN');
    await holder.run('INSERT INTO marks VALUES (1)');
    const inserted = waiting.run('INSERT INTO marks VALUES (1)');
    const { session } = await find(program, 'state=in-transaction');
    t.equal(await order(program, session, 'end'), 'ended');
    t.match(await inserted, { error: null });
    await waiting.close();
  },

  'the server is slow because of one statement': async (t, scene) => {
    const { program } = scene;
    const client = await login(t, scene);
    const counting = client.run(COUNTING);
    const { session } = await find(program, 'state=running&digest=COUNT');
    t.equal(await order(program, session, 'kill'), 'killed');
    t.match(await counting, { error: { code: 1317 } });
    await client.close();
  },

  'the pool is exhausted: connections.max is reached by idle sessions': async (t, scene) => {
    const { program } = scene;
    await reload(t, program, { connections: { max: 2 } });
    const idle = [await login(t, scene), await login(t, scene)];
    for (const one of idle) await one.run('SELECT 1'); // it has been let in
    t.match(JSON.stringify(await attempt(t, program.program.port)), /1040.*connections\.max is 2/);
    t.ok(await program.metric('sluice_clients_turned_away_total') > 0);
    t.match(await event(program, 'turned-away'), { reason: 'connections.max', sessions: 2, max: 2 });
    t.equal(await order(program, (await find(program, 'state=idle')).session, 'end'), 'ended');
    // Its client has 2 seconds to close, too.
    t.match(await found(() => startSession(t, program.program.port).then((one) => one.run('SELECT 42'))
      .catch(() => undefined)), { sum: 42 });
    for (const one of idle) await one.close().catch(() => {}); // one of them was ended
    await reload(t, program, {});
  },

  'clients get 1040 from the server: its max_connections is reached': async (t, scene) => {
    const { program, server, upstream } = scene;
    const turnedAway = await program.metric('sluice_clients_turned_away_total');
    await server.sql('SET GLOBAL max_connections = 10');
    const clients: RawClient[] = [];
    for (;;) {
      const client = await RawClient.connect(program.program.port);
      t.teardown(() => client.close());
      const { payload } = await client.packet();
      if (payload[0] === FirstByte.ERR) {
        t.match(decodeErr(payload), { code: 1040, message: /^Too many connections$/ }, 'in its own words');
        break;
      }
      clients.push(client);
    }
    t.equal(await program.metric('sluice_clients_turned_away_total'), turnedAway, 'so it is not connections.max');
    t.match(await event(program, 'turned-away', { reason: 'server' }), { upstream, message: /1040/ });
    const views = JSON.parse((await program.ask('/sessions?state=response')).body) as View[];
    t.equal(views.length, clients.length, 'these have not logged in, and take all places');
    for (const { session } of views) t.equal(await order(program, session, 'end'), 'ended');
    t.match(await found(() => startSession(t, program.program.port).then((one) => one.run('SELECT 42'))
      .catch(() => undefined)), { sum: 42 });
    await server.sql('SET GLOBAL max_connections = 1000');
  },

  'clients get 1129: the server has locked this host out': async (t, scene) => {
    const { program, server, upstream } = scene;
    const forwarder = await startForwarder(t, server.port);
    await reload(t, program, { upstream: `127.0.0.1:${forwarder.port}` });
    await server.sql('SET GLOBAL max_connect_errors = 1');
    while ((await visit(server))[0] !== FirstByte.ERR);
    t.match(JSON.stringify(await attempt(t, program.program.port)), new RegExp(`1129.*${OTHER_ADDRESS}`));
    const lockedOut = { reason: 'server', upstream: `127.0.0.1:${forwarder.port}` };
    t.match(await event(program, 'turned-away', lockedOut), { message: /Host .* is blocked .*\(error 1129\)$/ });
    await server.sql(
      server.kind === 'mariadb' ? 'FLUSH HOSTS' : 'TRUNCATE TABLE performance_schema.host_cache');
    t.match(await attempt(t, program.program.port), { sum: 42 });
    await server.sql('SET GLOBAL max_connect_errors = 100');
    await reload(t, program, { upstream });
  },

  'everything is cut after a deploy': async (t, scene) => {
    const { program } = scene;
    await reload(t, program, { limits: { rows: 10 } });
    const client = await login(t, scene);
    t.match(await client.run('SELECT id FROM numbers LIMIT 50'), { error: { code: 3170 } });
    t.match(await event(program, 'cut', { reason: 'rows' }), { rule: 'default', digestText: /^SELECT `id`/ });
    t.match(await event(program, 'reload'), { outcome: 'applied', message: /limits/ });
    await reload(t, program, { limits: { rows: 100 } });
    t.match(await client.run('SELECT id FROM numbers LIMIT 50'), { rows: 50, error: null });
    await client.close();
  },

  'a rule has ended': async (t, scene) => {
    const { program } = scene;
    const rule = (until: string): object =>
      ({ limits: { rows: 10 }, rules: [{ name: 'search', match: { user: 'app' }, limits: { rows: 1000 }, until }] });
    await reload(t, program, rule(new Date(Date.now() + 1000).toISOString()));
    const client = await login(t, scene);
    t.match(await event(program, 'expiry'), { message: /search/ });
    await found(async () => (await client.run('SELECT id FROM numbers LIMIT 50')).error ?? undefined);
    t.match(await event(program, 'cut'), { rule: 'default' });
    await reload(t, program, rule(new Date(Date.now() + 86_400_000).toISOString()));
    t.match(await client.run('SELECT id FROM numbers LIMIT 50'), { rows: 50, error: null });
    await client.close();
    await reload(t, program, {});
  },

  'the memory of the application grows: results under way reach the budget': async (t, scene) => {
    const { program } = scene;
    await reload(t, program, { budget: { bytes: '1MiB' }, limits: { rows: null, bytes: null } });
    const client = await login(t, scene);
    t.match(await client.run("SELECT id, REPEAT('x', 1000) FROM numbers LIMIT 5000"), { error: { message: /budget/ } });
    const cut = await event(program, 'cut', { reason: 'budget' });
    t.match(JSON.parse((await program.ask(`/sessions/${cut['session']}`)).body), {
      user: 'app', events: [{ kind: 'cut', reason: 'budget' }],
    });
    await client.close();
    await reload(t, program, {});
  },

  'a server is lost': async (t, { program, upstream }) => {
    const gone = `127.0.0.1:${await freePort()}`;
    await reload(t, program, { upstream: [gone, upstream] });
    t.match(await attempt(t, program.program.port), { sum: 42 }, 'the other one takes over');
    t.match(await event(program, 'server-lost'), { upstream: gone });
    const { about } = JSON.parse((await program.ask('/live')).body) as { about: { upstreams: object[] } };
    t.match(about.upstreams, [{ address: gone, isLost: true }, { address: upstream, isLost: false }]);
    await reload(t, program, { upstream });
  },

  'TLS: a client does not encrypt, and the listener demands it': async (t, { upstream }) => {
    const listen = { host: '127.0.0.1', port: 0, tls: { mode: 'required' } };
    const strict = await startAdministered(t, { upstream, listen });
    t.match(JSON.stringify(await attempt(t, strict.program.port)), /3159/);
    const encrypted = await startSession(t, strict.program.port, { connect: { ssl: {} } });
    t.match(await encrypted.run('SELECT 42'), { sum: 42 });
    t.match(JSON.parse((await strict.ask('/sessions')).body), [{ tls: { client: /^TLSv1\.[23]$/ } }]);
  },
};

/**
 * With these options a server looks up the names of its clients. Only then does it lock out a host with too many failed
 * connections.
 */
const OPTIONS: Readonly<Record<ServerKind, readonly string[]>> = {
  mariadb: ['--skip-name-resolve=0'], mysql: ['--skip-name-resolve=0', '--performance-schema=ON'],
};

for (const kind of IS_WHOLE ? SERVER_KINDS : ['mariadb'] as const) {
  await t.test(`the runbook in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind, OPTIONS[kind]);
    await createKiller(server);
    await server.sql('CREATE TABLE shop.marks (id INT NOT NULL PRIMARY KEY)');
    const watch = await ProcessWatch.start(server);
    t.teardown(() => watch.close());
    const upstream = `127.0.0.1:${server.port}`;
    const program = await startAdministered(t, { upstream, kill: KILLER, limits: { rows: null, bytes: null } });
    const scene = { server, upstream, program, watch };
    for (const [title, play] of Object.entries(SITUATIONS)) await t.test(title, (t) => play(t, scene));
  });
}
