import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { sluice } from '../cli/program.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { RawClient } from '../support/rawClient.js';
import { BASE_CAPABILITIES, responsePayload } from '../support/wirePackets.js';
import { askPort, type Reply, startAdministered } from './administered.js';

const PATHS = ['/livez', '/readyz', '/metrics', '/config', '/sessions', '/live'];
const CHANGES = ['/reload', '/drain', '/quit'];

t.test('listens on no admin address when the configuration has no admin section', async (t) => {
  const { program } = await startAdministered(t, { admin: null });
  t.equal((await program.said(/^listening$/)).admin, undefined);
});

t.test('answers /livez whatever the database does, and /readyz?upstream with 503 when no server can be ' +
  'reached', async (t) => {
  const { ask } = await startAdministered(t, { upstream: '127.0.0.1:1' });
  t.match(await ask('/livez'), { status: 200, body: 'alive\n' });
  t.match(await ask('/readyz'), { status: 200, body: 'ready\n' });
  t.match(await ask('/readyz?upstream'), { status: 503, body: /upstream/ });
  const other = await startAdministered(t);
  t.match(await other.ask('/readyz?upstream'), { status: 200, body: 'ready\n' });
});

t.test('/config shows the effective configuration without secrets, in a form that loads again', async (t) => {
  const { ask } = await startAdministered(
    t, { limits: { rows: 5 }, kill: { user: 'killer', password: 'open sesame' } },
  );
  const { status, headers, body } = await ask('/config');
  t.equal(status, 200);
  t.match(headers['content-type'], /^application\/json/);
  t.match(JSON.parse(body), { limits: { rows: 5, bytes: '64MiB' }, kill: { user: 'killer', password: '***' } });
  t.notMatch(body, /sesame/);
});

t.test('/sessions shows each session with its user and its running command', async (t) => {
  const { ask, connect: client } = await startAdministered(t);
  t.strictSame(JSON.parse((await ask('/sessions')).body), []);
  const idle = await client();
  await idle.query('SELECT 1');
  const slow = await client();
  let release = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    // Takes the first row, then waits until it is told to go on.
    void slow.query('SELECT * FROM rows_1000000', () => {
      resolve();
      return new Promise<void>((go) => { release = go; });
    }).catch(() => {});
  });
  await stopped;
  const shown = JSON.parse((await ask('/sessions')).body);
  release();
  t.match(shown, [
    { user: 'demo', schema: 'demo', program: 'test', state: 'idle', command: null, stalledMs: null },
    {
      user: 'demo', state: 'running',
      command: { command: 'COM_QUERY', digest: /^[0-9a-f]{16}/, rule: 'default', class: 'buffered', rows: Number },
    },
  ]);
  t.match(shown[0].client, /^127\.0\.0\.1:\d+$/);
});

t.test('cuts the names that clients give themselves, and splits /sessions into pages of about a ' +
  'megabyte', async (t) => {
  const { ask, program } = await startAdministered(t);
  const name = '\u0001'.repeat(60_000);
  const attributes = new Map([['program_name', name]]);
  const capabilities = BASE_CAPABILITIES | Capability.CONNECT_ATTRS;
  const clients = await Promise.all(Array.from({ length: 500 }, async () => {
    const client = await RawClient.connect(program.port);
    t.teardown(() => client.socket.destroy());
    await client.packet();
    client.send(responsePayload({ capabilities, user: 'demo', attributes }), 1);
    await client.packet();
    return client;
  }));
  const seen: { session: number; program: string }[] = [];
  let pages = 0;
  for (let path: string | null = '/sessions'; path !== null; pages += 1) {
    const { body, headers }: Reply = await ask(path);
    t.ok(body.length < 1.1 * 2 ** 20, `${body.length} bytes`);
    seen.push(...JSON.parse(body) as typeof seen);
    path = /^<(.*)>; rel="next"$/.exec(headers.link?.toString() ?? '')?.[1] ?? null;
  }
  t.ok(pages > 1, `${pages} pages`);
  t.equal(new Set(seen.map(({ session }) => session)).size, clients.length);
  t.ok(seen.every((view) => view.program === name.slice(0, 512)));
  t.ok((await ask('/live')).body.length < 2 ** 20);
  t.match(await ask('/sessions?after=-1'), { status: 400, body: /^after: expected the number of a session/ });
});

t.test('answers an unknown path with 404 and a wrong method with 405', async (t) => {
  const { ask } = await startAdministered(t);
  for (const path of ['/page', '/livez/', '/constructor', '/../config', '//metrics']) {
    t.equal((await ask(path)).status, 404, path);
  }
  for (const path of PATHS) {
    t.match(await ask(path, { method: 'POST' }), { status: 405, headers: { allow: 'GET, HEAD' } }, path);
  }
  for (const path of CHANGES) t.match(await ask(path), { status: 405, headers: { allow: 'POST' } }, path);
  t.match(await ask('/metrics', { method: 'HEAD' }), { status: 200, body: '' });
  t.match(await ask('/reload', { method: 'POST', body: '{}' }), { status: 413 });
  t.match(await ask('/livez', { headers: { 'x-large': 'x'.repeat(10_000) } }), { status: 431 });
});

t.test('refuses a change that a web page of another origin asks for', async (t) => {
  const { ask, program, adminPort } = await startAdministered(t);
  const pages = [
    { origin: 'https://example.com' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' },
    { origin: `http://127.0.0.1:${adminPort + 1}` }, { 'sec-fetch-site': 'same-site' },
    { 'content-type': 'application/x-www-form-urlencoded' }, { 'content-type': 'text/plain; charset=utf-8' },
    { 'content-type': 'multipart/form-data; boundary=x' },
  ];
  for (const headers of pages) {
    for (const path of CHANGES) {
      t.equal((await ask(path, { method: 'POST', headers })).status, 403, JSON.stringify(headers));
    }
  }
  t.notOk(program.log.some(({ msg }) => /stopping|configuration/.test(String(msg))), 'nothing was done');
  const own = { origin: `http://127.0.0.1:${adminPort}`, 'sec-fetch-site': 'same-origin' };
  t.equal((await ask('/reload', { method: 'POST', headers: own })).status, 200, 'its own page may');
});

t.test('takes orders for sessions only with the token when one is configured, and logs who gave them', async (t) => {
  const tokenFile = join(t.testdir(), 'token');
  writeFileSync(tokenFile, 'one-token\n');
  const { ask, connect: client, program } = await startAdministered(t, { admin: { listen: '127.0.0.1:0', tokenFile } });
  const app = await client();
  const headers = { authorization: 'Bearer one-token' };
  t.equal((await ask('/sessions/1/end', { method: 'POST' })).status, 401);
  t.equal((await ask('/sessions/1', {})).status, 401);
  t.equal((await app.query('SELECT * FROM rows_5')).rows, 5, 'nothing was ended');
  t.match(await ask('/sessions/1/kill', { method: 'POST', headers }), { status: 409, body: /"outcome":"refused"/ });
  t.equal((await ask('/sessions/1/end', { method: 'POST', headers })).status, 200);
  await t.rejects(app.query('SELECT * FROM rows_5'));
  t.match(await program.said(/^admin: POST \/sessions\/1\/end/), {
    session: 1, outcome: 'ended', client: /^127\.0\.0\.1:\d+$/, token: true,
  });
  t.equal((await ask('/sessions/1/end', { method: 'GET', headers })).status, 405);
});

t.test('selects sessions as a request asks, and shows the statement of one', async (t) => {
  const { ask, connect: client } = await startAdministered(t, { audit: { tags: ['route'] } });
  const [idle, slow] = [await client(), await client()];
  await idle.query('SELECT 1');
  const statement = "SELECT * FROM rows_1000000 /* route='/orders' */";
  const stopped = new Promise<void>((resolve) => {
    void slow.query(statement, () => new Promise<void>(() => resolve())).catch(() => {});
  });
  await stopped;
  const found = async (query: string): Promise<number[]> =>
    (JSON.parse((await ask(`/sessions?${query}`)).body) as { session: number }[]).map(({ session }) => session);
  t.strictSame(await found('state=idle'), [1]);
  t.strictSame(await found('user=DEM&digest=rows_1000000'), [2]);
  t.strictSame(await found('text=127.0.0.1'), [1, 2]);
  t.strictSame(await found('text=nobody'), []);
  const detail = JSON.parse((await ask('/sessions/2')).body);
  t.match(detail, {
    session: 2, inTransactionMs: null, tls: { client: null, upstream: null }, upstream: /^127\.0\.0\.1:/,
    statement: { sql: statement, sqlTruncated: false }, command: { tags: { route: '/orders' } }, events: [],
  });
  t.equal((await ask('/sessions/3')).status, 404);
  const live = JSON.parse((await ask('/live')).body);
  t.match(live, { sessions: [{ session: 2 }], sessionCounts: { open: 2, matching: 2, idle: 1 } });
  t.match(JSON.parse((await ask('/live?idle&skip=1')).body), { sessions: [{ session: 1 }], sessionsSkipped: 1 });
});

t.test('sends events as they happen, and resumes after the last one that a client has', async (t) => {
  const { ask, adminPort, connect: client } = await startAdministered(t, { limits: { rows: 10 } });
  const listen = async (headers: Record<string, string>, count: number) => {
    const aborter = new AbortController();
    const { body, headers: told } = await fetch(
      `http://127.0.0.1:${adminPort}/events`, { headers, signal: aborter.signal },
    );
    let text = '';
    for await (const chunk of body!) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.split('\n\nid: ').length > count) break;
    }
    aborter.abort();
    t.match(told.get('content-type'), /^text\/event-stream/);
    return [...text.matchAll(/^id: (\d+)\nevent: ([\w-]+)\ndata: (.*)$/gm)].map(([, id, kind, data]) =>
      ({ id, kind, ...JSON.parse(data!) as object }));
  };
  const app = await client();
  await app.query('SELECT * FROM rows_20').catch(() => {});
  const first = listen({}, 2);
  await ask('/reload', { method: 'POST' });
  const [cut, reload] = await first;
  t.match(cut, { kind: 'cut', reason: 'rows', rule: 'default', session: 1, digest: /^[0-9a-f]{16}/ });
  t.match(reload, { kind: 'reload', outcome: 'applied' });
  await app.query('SELECT * FROM rows_20').catch(() => {});
  t.match(await listen({ 'last-event-id': String(reload!.id) }, 1), [{ kind: 'cut', session: 1 }]);
  t.equal((await ask('/events', { headers: { 'last-event-id': 'x' } })).status, 400);
  t.match(JSON.parse((await ask('/sessions/1')).body), { events: [{ kind: 'cut' }, { kind: 'cut' }] });
});

t.test('refuses a request whose Host is neither an address nor localhost', async (t) => {
  const { ask } = await startAdministered(t);
  for (const path of PATHS) {
    for (const host of ['evil.example', 'evil.example:9307', '127.0.0.1.evil.example', '[evil', 'a b']) {
      t.equal((await ask(path, { headers: { host } })).status, 421, `${path} ${host}`);
    }
    for (const host of ['localhost', 'LOCALHOST:9307', '127.0.0.1:1', '[::1]:9307', '10.0.0.7']) {
      t.equal((await ask(path, { headers: { host } })).status, 200, `${path} ${host}`);
    }
  }
});

t.test('asks for the token on every path except health and metrics when a token is configured', async (t) => {
  const tokenFile = join(t.testdir(), 'token');
  writeFileSync(tokenFile, 'one-token\n');
  const { ask } = await startAdministered(t, { admin: { listen: '127.0.0.1:0', tokenFile } });
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  for (const path of ['/livez', '/readyz', '/metrics']) t.equal((await ask(path)).status, 200, path);
  for (const path of ['/config', '/sessions']) {
    t.match(await ask(path), { status: 401, headers: { 'www-authenticate': 'Bearer' } }, path);
    t.equal((await ask(path, bearer('another'))).status, 401, path);
    t.equal((await ask(path, { headers: { authorization: 'Basic b25lOnRva2Vu' } })).status, 401, path);
    t.equal((await ask(path, bearer('one-token'))).status, 200, path);
  }
  t.equal((await ask('/quit', { method: 'POST' })).status, 401);
  writeFileSync(tokenFile, 'another\n');
  t.equal((await ask('/reload', { method: 'POST', ...bearer('one-token') })).status, 200);
  t.equal((await ask('/config', bearer('one-token'))).status, 401, 'a token that was replaced holds no more');
  t.equal((await ask('/config', bearer('another'))).status, 200);
});

t.test('serves only health and metrics to other hosts when no token is configured', async (t) => {
  const own = Object.values(networkInterfaces()).flat().find((found) => found?.family === 'IPv4' && !found.internal);
  const { adminPort, ask } = await startAdministered(t, { admin: { listen: '0.0.0.0:0' } });
  t.equal((await ask('/config')).status, 200, 'over loopback everything is there');
  // A machine without a network has only the loopback address.
  const host = own?.address ?? '127.0.0.1';
  const expected = own === undefined ? 200 : 403;
  const viaName = { host, headers: { host: 'sluice.shop.svc' } };
  t.equal((await askPort(adminPort, '/config', { host })).status, expected);
  t.equal((await askPort(adminPort, '/metrics', own === undefined ? { host } : viaName)).status, 200);
  t.equal((await askPort(adminPort, '/sessions', { host })).status, expected);
});

t.test('closes the oldest idle connection when silent clients take every place', async (t) => {
  const { adminPort, ask } = await startAdministered(t);
  const idle: Socket[] = [];
  for (let count = 0; count < 80; count += 1) {
    const socket = connect(adminPort, '127.0.0.1');
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    idle.push(socket.resume());
  }
  t.equal((await ask('/livez')).status, 200);
  const [first] = idle;
  if (!first!.closed) await once(first!, 'close');
  t.ok(first!.closed, 'the oldest had to make room');
});

t.test('ends with exit code 1 and a remedy that names --admin when the admin address is in use', async (t) => {
  const { adminPort } = await startAdministered(t);
  const { code, stderr } = await sluice(
    ['--upstream', 'db.invalid', '--listen', '127.0.0.1:0', '--admin', `127.0.0.1:${adminPort}`],
  );
  t.equal(code, 1);
  // Log lines may stand before or after it.
  t.match(stderr, /^(?:\{.*\}\n)*sluice: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*--admin\n(?:\{.*\}\n)*$/);
});
