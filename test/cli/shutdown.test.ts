import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { startAdministered } from '../admin/administered.js';
import { Command } from '../../src/protocol/commands.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { Status } from '../../src/protocol/status.js';
import { startCountingServer } from '../support/countingServer.js';
import { RawClient } from '../support/rawClient.js';
import { startScriptedServer, type ScriptedConnection } from '../support/scriptedServer.js';

/** Answers pings at once, and other commands when the test releases them. SQL with BEGIN opens a transaction. */
async function serveLogins(connection: ScriptedConnection): Promise<void> {
  const encoder = await connection.login();
  if (encoder === null) return;
  for (let packet = await connection.packet(); packet !== null; packet = await connection.packet()) {
    const sql = packet.payload.toString('latin1', 1);
    const okWith = (status: number): Buffer => encodePacket(1, Buffer.from([0, 0, 0, status, 0, 0, 0]));
    if (sql === 'slow') await new Promise((resolve) => connection.socket.once('answer', resolve));
    connection.send(okWith(sql === 'BEGIN' ? Status.AUTOCOMMIT | Status.IN_TRANS : Status.AUTOCOMMIT));
  }
  connection.end();
}

t.test('after SIGTERM it is not ready, and accepts clients for shutdown.acceptFor', async (t) => {
  const { program, ask, connect: client } = await startAdministered(
    t, { shutdown: { acceptFor: '1s', timeout: '20s' } },
  );
  const before = await client();
  program.kill('SIGTERM');
  await program.said(/^stopping/);
  t.match(await ask('/readyz'), { status: 503, body: 'stopping\n' });
  t.equal((await ask('/livez')).status, 200);
  const late = await client();
  t.equal((await late.query('SELECT * FROM rows_10')).rows, 10, 'an application that is being ended still connects');
  t.equal((await before.query('SELECT * FROM rows_10')).rows, 10, 'and nothing is ended');
  await program.said(/^no longer accepting/);
  await t.rejects(before.query('SELECT 1'), 'between commands it is');
  t.match(await program.ended, { code: 0, signal: null });
});

t.test('ends idle sessions with a FIN, and gives running commands and transactions their time', async (t) => {
  const server = await startScriptedServer(t, serveLogins);
  const { program, ask } = await startAdministered(
    t, { upstream: `127.0.0.1:${server.port}`, shutdown: { acceptFor: 0, timeout: '1h' } },
  );
  const [idle, running, inTransaction] = [
    await RawClient.login(program.port), await RawClient.login(program.port), await RawClient.login(program.port),
  ];
  inTransaction.command(Command.QUERY, 'BEGIN');
  await inTransaction.packet();
  running.command(Command.QUERY, 'slow');
  const [idleAtServer, runningAtServer] = server.connections;
  while (!runningAtServer!.received.includes('slow')) await once(runningAtServer!.socket, 'data');

  program.kill('SIGTERM');
  await t.rejects(idle.packet(), { message: /closed the connection/ }, 'a FIN and no reset');
  await idleAtServer!.closed;
  t.ok(
    idleAtServer!.received.subarray(-5).equals(encodePacket(0, Buffer.from([Command.QUIT]))),
    'the server is told goodbye',
  );
  t.equal((await ask('/livez')).status, 200, 'the admin endpoint answers to the end');

  runningAtServer!.socket.emit('answer');
  t.equal((await running.packet()).payload[0], 0, 'the answer comes whole');
  await t.rejects(running.packet(), { message: /closed the connection/ }, 'and then the end');

  inTransaction.command(Command.QUERY, 'COMMIT');
  t.equal((await inTransaction.packet()).payload[0], 0);
  await t.rejects(inTransaction.packet(), { message: /closed the connection/ });
  t.match(await program.ended, { code: 0, signal: null });
});

t.test('ends every session at shutdown.timeout, with exit code 0', async (t) => {
  const server = await startScriptedServer(t, serveLogins);
  const { program } = await startAdministered(
    t, { upstream: `127.0.0.1:${server.port}`, shutdown: { acceptFor: 0, timeout: '200ms' } },
  );
  const client = await RawClient.login(program.port);
  client.command(Command.QUERY, 'slow');
  program.kill('SIGTERM');
  t.match(await program.said(/^stopping now/), { timeoutMs: 200, sessions: 1 });
  t.match(await program.ended, { code: 0, signal: null });
});

t.test('POST /drain ends it as SIGTERM does, and the next SIGTERM does not count as the second', async (t) => {
  const server = await startScriptedServer(t, serveLogins);
  const { program, ask } = await startAdministered(
    t, { upstream: `127.0.0.1:${server.port}`, shutdown: { acceptFor: 0, timeout: '1h' } },
  );
  const client = await RawClient.login(program.port);
  client.command(Command.QUERY, 'slow');
  const [atServer] = server.connections;
  while (!atServer!.received.includes('slow')) await once(atServer!.socket, 'data');
  t.equal((await ask('/drain', { method: 'POST' })).status, 202);
  t.match(await program.said(/^stopping/), { signal: 'POST /drain', sessions: 1 });
  program.kill('SIGTERM');
  t.equal((await ask('/drain', { method: 'POST' })).status, 202);
  atServer!.socket.emit('answer');
  t.equal((await client.packet()).payload[0], 0);
  t.match(await program.ended, { code: 0, signal: null });
});

t.test('POST /quit ends a sidecar without waiting for new connections', async (t) => {
  const { program, ask, connect: client } = await startAdministered(
    t, { shutdown: { acceptFor: '1h', timeout: '2h' } },
  );
  const idle = await client();
  t.equal((await ask('/quit', { method: 'POST' })).status, 202);
  await t.rejects(idle.query('SELECT 1'));
  t.match(await program.ended, { code: 0, signal: null });
});

t.test('SIGINT ends it without waiting for new connections', async (t) => {
  const { program } = await startAdministered(t, { shutdown: { acceptFor: '1h', timeout: '2h' } });
  program.kill('SIGINT');
  t.match(await program.ended, { code: 0, signal: null });
});

t.test('drops a command that crosses the end of an idle session: no answer, and nothing to the server', async (t) => {
  const server = await startScriptedServer(t, serveLogins);
  const { program } = await startAdministered(
    t, { upstream: `127.0.0.1:${server.port}`, shutdown: { acceptFor: 0, timeout: '1h' } },
  );
  const client = await RawClient.login(program.port);
  program.kill('SIGTERM');
  await program.said(/^no longer accepting/);
  client.command(Command.QUERY, 'late');
  await t.rejects(client.packet());
  const [atServer] = server.connections;
  await atServer!.closed;
  t.notOk(atServer!.received.includes('late'));
  t.match(await program.ended, { code: 0 });
  const refused = connect(program.port, '127.0.0.1');
  await t.rejects(once(refused, 'connect'), { code: 'ECONNREFUSED' });
});

t.test('no client loses a statement that the server was given when many are at work', async (t) => {
  const server = await startCountingServer(t);
  const { program } = await startAdministered(
    t, { upstream: `127.0.0.1:${server.port}`, shutdown: { acceptFor: 0, timeout: '1h' } },
  );
  let answered = 0;
  const work = async (client: RawClient): Promise<void> => {
    for (;; answered += 1) {
      client.command(Command.QUERY, 'INSERT INTO t VALUES (1)');
      await client.packet();
      if (answered === 500) program.kill('SIGTERM');
    }
  };
  const clients: RawClient[] = [];
  while (clients.length < 16) clients.push(await RawClient.login(program.port));
  await Promise.allSettled(clients.map(work));
  t.match(await program.ended, { code: 0, signal: null });
  t.ok(answered > 500);
  t.equal(answered, server.given);
});
