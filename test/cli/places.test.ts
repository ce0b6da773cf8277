import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import t, { type Test } from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { startDemoServer } from '../../src/demo/server.js';
import { run, runOk } from '../support/run.js';
import { MYSQL9_ENV, mysql9Program, SERVER_KINDS, startServer } from '../support/servers.js';
import { startSession } from '../support/session.js';
import { sluice, startProgram, type Running } from './program.js';

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-places-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Starts the program with this configuration. */
function start(t: Test, config: object, variables: NodeJS.ProcessEnv = {}): Promise<Running> {
  const file = join(folderFor(t), 'sluice.json');
  writeFileSync(file, JSON.stringify({ shutdown: { acceptFor: 0 }, ...config }));
  return startProgram(t, ['--config', file], variables);
}

async function demoServer(t: Test): Promise<string> {
  const server = await startDemoServer();
  t.teardown(() => server.close());
  return `127.0.0.1:${server.address.port}`;
}

async function countRows(t: Test, host: string, port: number): Promise<number> {
  const client = await DemoClient.connect({ host, port, user: 'demo', schema: 'demo', program: 'places' });
  t.teardown(() => client.close());
  return (await client.query('SELECT * FROM rows_10')).rows;
}

/** Runs a query over a Unix socket. */
async function askOver(path: string, sql: string, account = ['-udemo', 'demo']): Promise<string> {
  return (await runOk('mariadb', ['--no-defaults', `--socket=${path}`, ...account, '-Ne', sql])).trim();
}

async function listening(t: Test, server: Server, path: string): Promise<void> {
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
}

t.test('listens on several addresses: IPv4, IPv6, and a Unix socket with its permissions', async (t) => {
  const path = join(folderFor(t), 'sluice.sock');
  const listen = ['127.0.0.1:0', '[::1]:0', { path, permissions: '0600' }];
  const program = await start(t, { listen, upstream: await demoServer(t), limits: { rows: 5 } });
  const { address } = await program.said(/^listening$/);
  const [, v4, v6] = /^127\.0\.0\.1:(\d+), \[::1\]:(\d+), \/.*\/sluice\.sock$/.exec(String(address)) ?? [];
  t.equal(await countRows(t, '127.0.0.1', Number(v4)), 5);
  t.equal(await countRows(t, '::1', Number(v6)), 5);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.match(await run('mariadb', ['--no-defaults', `--socket=${path}`, '-udemo', 'demo', '-Ne', 'SELECT * FROM ' +
    'rows_6']), {
    code: 1, stderr: /ERROR 3170 .* exceeds 5 rows/,
  });
  program.kill('SIGTERM');
  const { code, stdout } = await program.ended;
  t.equal(code, 0);
  t.notOk(existsSync(path), 'the socket is gone with the program');
  const clients = stdout.trim().split('\n').map((line) => JSON.parse(line).client);
  t.match(clients, [/^127\.0\.0\.1:\d+$/, /^\[::1\]:\d+$/, 'unix']);
});

t.test('allows only owner and group to connect to a Unix socket by default', async (t) => {
  const path = join(folderFor(t), 'sluice.sock');
  await startProgram(t, ['--listen', path, '--upstream', await demoServer(t)]);
  t.equal(statSync(path).mode & 0o777, 0o660);
  t.equal(await askOver(path, 'SELECT 42'), '42');
});

t.test('replaces a Unix socket of a killed process, and neither one in use nor another file', async (t) => {
  const path = join(folderFor(t), 'sluice.sock');
  const args = ['--listen', path, '--upstream', await demoServer(t)];
  const first = await startProgram(t, args);
  t.match(
    await sluice(args),
    {
      code: 1,
      stderr: `sluice: cannot listen on ${path}: another program listens there; stop it, or give another path\n`,
    },
  );
  t.equal(await askOver(path, 'SELECT 1'), '1', 'the first one is not disturbed');
  first.kill('SIGKILL');
  await first.ended;
  t.ok(existsSync(path));
  const second = await startProgram(t, args);
  t.equal(await askOver(path, 'SELECT 2'), '2');
  second.kill('SIGINT');
  await second.ended;

  writeFileSync(path, 'precious');
  t.match(
    await sluice(args), { code: 1, stderr: /there is a file that is not a socket: remove it, or give another path/ },
  );
  t.equal(statSync(path).size, 'precious'.length);
  t.match(
    await sluice(['--listen', '/nonexistent/sluice.sock', '--upstream', 'db']),
    { code: 1, stderr: /its folder does not exist/ },
  );
});

for (const kind of SERVER_KINDS) {
  t.test(`reaches ${kind} over its Unix socket, and kills a cut query there`, async (t) => {
    const server = await startServer(t, kind);
    const path = join(folderFor(t), 'sluice.sock');
    await server.sql("CREATE USER 'ops'@'localhost' IDENTIFIED BY 'ops'; GRANT ALL ON *.* TO 'ops'@'localhost';");
    const program = await start(t, {
      listen: path, upstream: server.socket, limits: { rows: 10 }, kill: { user: 'ops', password: 'ops' },
      streaming: { signals: [] },
    });
    const sql = 'SELECT a.id, b.id FROM numbers a, numbers b WHERE a.id <= 100';
    const session = await startSession(t, 0, { connect: { host: 'localhost', unix_socket: path } });
    t.match(await session.run(sql), { error: { code: 3170 } });
    t.match(await session.run('SELECT 42'), { sum: 42 });
    await session.close();
    program.kill('SIGTERM');
    const { stdout } = await program.ended;
    t.match(JSON.parse(stdout), { action: 'cut', outcome: 'killed', client: 'unix' });
  });
}

t.test('logs in an account that MySQL has not cached when the connection to its Unix socket is ' +
  'encrypted', async (t) => {
  const server = await startServer(t, 'mysql');
  await server.sql("CREATE USER 'fresh'@'%' IDENTIFIED WITH caching_sha2_password BY 'secret'");
  const program = await start(
    t, { listen: '127.0.0.1:0', upstream: { path: server.socket, tls: { mode: 'required' } } },
  );
  const args = [
    '--no-defaults', '--get-server-public-key', '-h127.0.0.1', `-P${program.port}`, '-ufresh', '-psecret', '-Ne',
    'SELECT 42',
  ];
  t.match(await run(mysql9Program('mysql'), args, { env: MYSQL9_ENV }), { code: 0, stdout: '42\n' });
});

t.test('takes the first server that greets, and an earlier one again when it is back', async (t) => {
  const path = join(folderFor(t), 'first.sock');
  const demo = await demoServer(t);
  const program = await start(t, { listen: '127.0.0.1:0', upstream: [path, '127.0.0.1:1', demo] });
  t.equal(await countRows(t, '127.0.0.1', program.port), 10);
  t.match(await program.said(/ENOENT/), {
    upstream: path,
    msg: `cannot reach the upstream server ${path}: ENOENT; until it greets again the other servers are tried first`,
  });
  const first = createServer((socket) => {
    const server = connect(Number(demo.split(':').at(-1)), '127.0.0.1');
    pipeline(socket, server, socket, () => {});
  });
  await listening(t, first, path);
  await program.said(/^the upstream server .*first\.sock greets again$/);
  const chosen = once(first, 'connection');
  t.equal(await countRows(t, '127.0.0.1', program.port), 10);
  await chosen;
});

t.test('tells the client of each server when none can be reached', async (t) => {
  const program = await start(t, { listen: '127.0.0.1:0', upstream: ['127.0.0.1:1', '/nonexistent/db.sock'] });
  const error = await DemoClient.connect(
    { host: '127.0.0.1', port: program.port, user: 'demo', schema: 'demo', program: 'places' },
  ).catch(String);
  t.match(error, /cannot reach the upstream server 127\.0\.0\.1:1: ECONNREFUSED; /);
  t.match(error, /; cannot reach the upstream server \/nonexistent\/db\.sock: ENOENT/);
});

t.test('tries the next server when one does not answer within connectTimeout', async (t) => {
  const upstream = ['192.0.2.1:3306', await demoServer(t)]; // of a network that is for documentation (RFC 5737)
  const program = await start(t, { listen: '127.0.0.1:0', upstream, connections: { connectTimeout: '200ms' } });
  t.equal(await countRows(t, '127.0.0.1', program.port), 10);
  t.match(await program.said(/the other servers are tried first$/), { msg: /192\.0\.2\.1:3306/ });
});

t.test('resolves a host name again for each connection', async (t) => {
  const folder = folderFor(t);
  const answer = join(folder, 'answer');
  const resolver = join(folder, 'resolver.cjs');
  // Replaces the system's resolver by one that reads a file.
  writeFileSync(resolver, `
    const dns = require('node:dns');
    const { readFileSync } = require('node:fs');
    const { lookup } = dns;
    dns.lookup = (host, options, callback) => {
      if (host !== 'db.example.com') return lookup(host, options, callback);
      const address = readFileSync(${JSON.stringify(answer)}, 'utf8');
      callback(null, options.all ? [{ address, family: 4 }] : address, 4);
    };`);
  const port = await listenOn(t, '127.0.0.1', 0);
  const other = await startDemoServer({ host: '127.0.0.2', port });
  t.teardown(() => other.close());
  writeFileSync(answer, '127.0.0.2');
  const program = await start(
    t, { listen: '127.0.0.1:0', upstream: `db.example.com:${port}` }, { NODE_OPTIONS: `--require ${resolver}` },
  );
  t.equal(await countRows(t, '127.0.0.1', program.port), 10);
  writeFileSync(answer, '127.0.0.1');
  await t.rejects(countRows(t, '127.0.0.1', program.port), 'the other address leads to somebody who hangs up');
  writeFileSync(answer, '127.0.0.2');
  t.equal(await countRows(t, '127.0.0.1', program.port), 10);
});

/** A server that closes every connection. Returns its port. */
async function listenOn(t: Test, host: string, port: number): Promise<number> {
  const server = createServer((socket) => socket.destroy()).listen(port, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}
