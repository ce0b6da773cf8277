import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { startAdministered } from '../admin/administered.js';
import { client, silentUpstream, type SilentUpstream, sluice, startProgram } from '../cli/program.js';
import { Command } from '../../src/protocol/commands.js';
import { OK, startCountingServer } from '../support/countingServer.js';
import { RawClient } from '../support/rawClient.js';
import { startScriptedServer } from '../support/scriptedServer.js';

// The end of the built program with workers.

/** Opens two sessions. Returns a function that resolves once both are closed. */
async function twoClients(t: Test, upstream: SilentUpstream, port: number): Promise<() => Promise<unknown>> {
  const closed: Promise<void>[] = [];
  while (closed.length < 2) {
    const accepted = upstream.accepted();
    const socket = await client(t, port);
    socket.on('error', () => {});
    closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
    await accepted;
  }
  return () => Promise.all(closed);
}

t.test('a signal to all processes of the program loses no statement', async (t) => {
  const server = await startCountingServer(t);
  const { program } = await startAdministered(t, {
    upstream: `127.0.0.1:${server.port}`, workers: 3, shutdown: { acceptFor: 0, timeout: '1h' },
  });
  const workers = readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim().split(' ')
    .map(Number);
  const signalAll = (): void => {
    for (const pid of workers) for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    program.kill('SIGTERM');
  };
  let answered = 0;
  const work = async (session: RawClient): Promise<void> => {
    for (;;) {
      session.command(Command.QUERY, 'INSERT INTO t VALUES (1)');
      await session.packet();
      answered += 1;
      if (answered === 500) signalAll();
    }
  };
  const sessions: RawClient[] = [];
  while (sessions.length < 16) sessions.push(await RawClient.login(program.port));
  await Promise.allSettled(sessions.map(work));
  t.match(await program.ended, { code: 0, signal: null });
  t.ok(answered >= 500);
  t.equal(answered, server.given);
});

t.test('a running statement comes to its end after SIGTERM', async (t) => {
  const server = await startScriptedServer(t, async (connection) => {
    if (await connection.login() === null) return;
    await connection.packet();
    await new Promise((resolve) => connection.socket.once('answer', resolve));
    connection.send(OK);
    await connection.packet();
  });
  const { program } = await startAdministered(t, {
    upstream: `127.0.0.1:${server.port}`, workers: 2, shutdown: { acceptFor: 0, timeout: '1h' },
  });
  const [idle, running] = [await RawClient.login(program.port), await RawClient.login(program.port)];
  running.command(Command.QUERY, 'slow');
  const atServer = server.connections[1]!;
  while (!atServer.received.includes('slow')) await once(atServer.socket, 'data');
  program.kill('SIGTERM');
  await t.rejects(idle.packet(), { message: /closed the connection/ });
  atServer.socket.emit('answer');
  t.equal((await running.packet()).payload[0], 0, 'the answer comes whole');
  await t.rejects(running.packet(), { message: /closed the connection/ });
  t.match(await program.ended, { code: 0, signal: null });
});

t.test("ends every worker's sessions at shutdown.timeout", async (t) => {
  const upstream = await silentUpstream(t);
  const { program } = await startAdministered(t, {
    upstream: upstream.address, workers: 2, shutdown: { acceptFor: 0, timeout: '200ms' },
  });
  const closed = await twoClients(t, upstream, program.port);
  program.kill('SIGTERM');
  t.match(await program.said(/^stopping now/), { timeoutMs: 200, sessions: 2 });
  await closed();
  t.match(await program.ended, { code: 0, signal: null });
});

t.test('workers and their sessions end when the primary is killed', async (t) => {
  const upstream = await silentUpstream(t);
  const { program } = await startAdministered(t, { upstream: upstream.address, workers: 2 });
  const closed = await twoClients(t, upstream, program.port);
  program.kill('SIGKILL');
  await closed();
  t.match(await program.ended, { signal: 'SIGKILL' });
});

t.test('says once that its address is in use, and leaves no worker behind', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const upstream = await silentUpstream(t);
  const folder = t.testdir({ 'sluice.json': JSON.stringify({ upstream: upstream.address, workers: 2 }) });
  const seen = await sluice(['--config', `${folder}/sluice.json`, '--listen', `127.0.0.1:${port}`]);
  t.match(seen, { code: 1, stderr: /cannot listen on 127\.0\.0\.1:\d+: .*another program listens there/ });
});

t.test('says why when workers cannot start', async (t) => {
  const upstream = await silentUpstream(t);
  const folder = t.testdir({
    'sluice.json': JSON.stringify({ upstream: upstream.address, workers: 2, listen: '127.0.0.1:0' }),
    // A module that only a worker loads, before anything else.
    'broken.cjs': "if (process.send) { console.error('no memory'); process.exit(7); }",
  });
  const seen = await sluice(['--config', `${folder}/sluice.json`], { NODE_OPTIONS: `--require ${folder}/broken.cjs` });
  t.match(
    seen, { code: 1, stderr: /sluice: workers: worker [12] ended before it was ready, with exit code 7: no memory/ },
  );
});

t.test('runs in one process without workers', async (t) => {
  const upstream = await silentUpstream(t);
  const program = await startProgram(t, ['--listen', '127.0.0.1:0', '--upstream', upstream.address]);
  t.equal(readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8'), '');
});
