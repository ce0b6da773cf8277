import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import { startAdministered, type AdministeredProgram } from '../admin/administered.js';
import { silentUpstream } from '../cli/program.js';
import { Command } from '../../src/protocol/commands.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { Status } from '../../src/protocol/status.js';
import { RawClient } from '../support/rawClient.js';
import { startScriptedServer } from '../support/scriptedServer.js';

// The built program with three workers.

const WORKERS = 3;
/** The number of cut results of each client. */
const CUTS = 30;

/** The children of a process. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

/** The numbers of the live sessions, from the admin endpoint. */
const sessionsOf = async ({ ask }: AdministeredProgram): Promise<number[]> => {
  const views = JSON.parse((await ask('/sessions')).body) as { session: number }[];
  return views.map(({ session }) => session).sort((one, other) => one - other);
};

t.test('spreads clients over the workers, and reports all of them as one', async (t) => {
  const program = await startAdministered(t, { workers: WORKERS, limits: { rows: 10 }, audit: { sqlBytes: '1MiB' } });
  const clients = await Promise.all(Array.from({ length: 2 * WORKERS }, () => program.connect()));
  t.same(await sessionsOf(program), [1, 2, 3, 4, 5, 6], 'each has a number of its own');
  t.equal(await program.metric('sluice_sessions_open'), 2 * WORKERS);
  t.equal(await program.metric('sluice_sessions_total'), 2 * WORKERS);
  t.equal(await program.metric('sluice_workers'), WORKERS);

  await t.test('writes records of all workers as whole lines, one for each counted cut', async (t) => {
    // Longer than what a pipe takes in one write, so that lines of several writers would mix.
    const comment = `/* ${'long '.repeat(20_000 / 5)} */`;
    await Promise.all(clients.map(async (client) => {
      for (let count = 0; count < CUTS; count += 1) {
        const { rows } = await client.query(`SELECT * FROM rows_20 ${comment}`);
        if (rows !== 10) t.fail(`${rows} rows`);
      }
    }));
    t.equal(await program.metric('sluice_cuts_total{rule="default",reason="rows"}'), clients.length * CUTS);
    t.equal(await program.metric('sluice_audit_dropped_records_total'), 0);
    program.program.kill('SIGTERM');
    const { code, stdout } = await program.program.ended;
    t.equal(code, 0);
    const records = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { session: number; sql: string });
    t.equal(records.length, clients.length * CUTS);
    t.same([...new Set(records.map(({ session }) => session))].sort(), [1, 2, 3, 4, 5, 6]);
    t.ok(records.every(({ sql }) => sql.endsWith(comment)));
  });
});

t.test('applies a reload to all workers, and a refused one to none', async (t) => {
  const program = await startAdministered(t, { workers: WORKERS });
  const clients = await Promise.all(Array.from({ length: WORKERS }, () => program.connect()));
  const rowsNow = () => Promise.all(clients.map(async (client) => (await client.query('SELECT * FROM rows_20')).rows));
  t.same(await rowsNow(), [20, 20, 20]);
  program.configure({ workers: WORKERS, limits: { rows: 7 } });
  t.match(
    JSON.parse((await program.ask('/reload', { method: 'POST' })).body), { applied: true, changed: ['limits.rows'] },
  );
  t.same(await rowsNow(), [7, 7, 7]);
  program.configure({ workers: WORKERS, limits: { rows: 0 } });
  t.match(JSON.parse((await program.ask('/reload', { method: 'POST' })).body), { applied: false });
  t.same(await rowsNow(), [7, 7, 7]);
  program.configure({ workers: 2, limits: { rows: 7 } });
  await program.ask('/reload', { method: 'POST' });
  await program.program.said(/^config: workers: the change takes effect at the next start/);
});

t.test('a killed worker ends only its own sessions, and another worker replaces it', async (t) => {
  const program = await startAdministered(t, { workers: WORKERS, connections: { max: WORKERS }, limits: { rows: 10 } });
  const clients = await Promise.all(Array.from({ length: WORKERS }, () => program.connect()));
  for (const client of clients) await client.query('SELECT * FROM rows_20');
  t.equal(await program.metric('sluice_cuts_total{rule="default",reason="rows"}'), WORKERS);
  await t.rejects(program.connect(), { message: /connections\.max is 3/ });
  const [victim] = childrenOf(program.program.pid);
  process.kill(victim!, 'SIGKILL');
  t.match(await program.program.said(/^a worker has ended/), { pid: victim, signal: 'SIGKILL', sessions: 1 });
  const seen = await Promise.allSettled(clients.map((client) => client.query('SELECT * FROM rows_5')));
  t.equal(seen.filter(({ status }) => status === 'rejected').length, 1);
  t.equal(seen.filter((each) => each.status === 'fulfilled' && each.value.rows === 5).length, 2);
  const late = await program.connect();
  t.equal((await late.query('SELECT * FROM rows_5')).rows, 5, 'its place is free');
  await t.rejects(program.connect(), { message: /connections\.max is 3/ }, 'and no more than that');
  t.equal(await program.metric('sluice_worker_restarts_total'), 1);
  t.equal(
    await program.metric('sluice_cuts_total{rule="default",reason="rows"}'), WORKERS,
    'what it had counted is not forgotten',
  );
  t.equal((await program.ask('/readyz')).status, 200);
  while (await program.metric('sluice_workers') < WORKERS); // the new worker begins
  t.equal(childrenOf(program.program.pid).length, WORKERS);
});

t.test('a worker that does not answer gets no new clients until it does', async (t) => {
  const program = await startAdministered(t, { workers: 2 });
  const [hung] = childrenOf(program.program.pid);
  process.kill(hung!, 'SIGSTOP');
  t.match(await program.program.said(/^a worker does not answer/), { pid: hung, level: 'error' });
  const clients = await Promise.all(Array.from({ length: 10 }, () => program.connect()));
  for (const client of clients) t.equal((await client.query('SELECT * FROM rows_5')).rows, 5);
  process.kill(hung!, 'SIGCONT');
  t.match(await program.program.said(/^a worker answers again/), { pid: hung });
  const later = await program.connect();
  t.equal((await later.query('SELECT * FROM rows_5')).rows, 5);
});

/** Opens connections and reports each that is refused; ends with its standard input. */
const CROWD = `
  const { connect } = require('node:net');
  for (let count = 0; count < 20; count += 1) {
    const socket = connect(Number(process.argv[1]), '127.0.0.1');
    socket.on('data', (bytes) => console.log(bytes.readUInt16LE(5)));
    socket.on('error', () => {});
  }
  process.stdin.resume().on('end', () => process.exit());
`;

t.test('accepts clients of several programs together up to connections.max', async (t) => {
  const upstream = await silentUpstream(t);
  const max = 25;
  const { program, metric } = await startAdministered(
    t, { upstream: upstream.address, workers: WORKERS, connections: { max } },
  );
  const crowds = Array.from(
    { length: 3 }, () => spawn(process.execPath, ['-e', CROWD, String(program.port)], { stdio: 'pipe' }),
  );
  t.teardown(() => { for (const crowd of crowds) crowd.kill('SIGKILL'); });
  let refused = 0;
  await new Promise<void>((resolve) => {
    for (const crowd of crowds) {
      createInterface({ input: crowd.stdout }).on('line', (line) => {
        t.equal(line, '1040');
        refused += 1;
        if (refused === 60 - max) resolve();
      });
    }
  });
  while (await metric('sluice_sessions_total') < max); // the last connections are on their way to their worker
  t.equal(await metric('sluice_sessions_open'), max);
  t.equal(await metric('sluice_clients_turned_away_total'), 60 - max);
  for (const crowd of crowds) crowd.stdin.end();
  await Promise.all(crowds.map((crowd) => once(crowd, 'exit')));
  while (await metric('sluice_sessions_open') > 0); // the workers see their clients leave
  t.equal(await metric('sluice_sessions_ended_total{by="client",reason="closed"}')
    + await metric('sluice_sessions_ended_total{by="client",reason="error"}'), max);
});

t.test('a client that has closed its sending side still gets its answer, also over a Unix socket', async (t) => {
  let answer: () => void = () => {};
  const server = await startScriptedServer(t, async (connection) => {
    if (await connection.login() === null) return;
    await connection.packet();
    await new Promise<void>((resolve) => { answer = resolve; });
    connection.send(encodePacket(1, Buffer.from([0, 0, 0, Status.AUTOCOMMIT, 0, 0, 0])));
    connection.end();
  });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-workers-')); // a socket's path has to be short
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'sluice.sock');
  const { program, ask } = await startAdministered(t, {
    upstream: `127.0.0.1:${server.port}`, workers: 2, listen: [{ path }, '127.0.0.1:0'],
  });
  const ways = [{ path }, program.port];
  for (const [index, way] of ways.entries()) {
    const client = await RawClient.login(way);
    const connected = JSON.parse((await ask('/sessions')).body) as { client: string }[];
    t.match(connected.map(({ client: text }) => text), [index === 0 ? 'unix' : /^127\.0\.0\.1:\d+$/]);
    client.command(Command.QUERY, 'SELECT 1');
    client.socket.end();
    const atServer = server.connections[index]!;
    while (!atServer.received.includes('SELECT 1')) await once(atServer.socket, 'data');
    answer();
    t.equal((await client.packet()).payload[0], 0);
    await t.rejects(client.packet(), { message: /closed the connection/ });
    await atServer.closed;
  }
});
