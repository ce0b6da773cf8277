import { pino } from 'pino';
import t, { type Test } from 'tap';
import { Killer, KILL_LIMITS, type KillLimits, type KillTarget } from '../../src/control/killer.js';
import { type FakeServer, type Peer, type Script, startFakeServer } from './fakeServer.js';
import { remoteAt } from '../support/remote.js';

const target: KillTarget = {
  connectionId: 7, user: 'app', localAddress: '127.0.0.1', localPort: 4711,
  remote: remoteAt(0),
};

interface Setup {
  readonly killer: Killer;
  readonly server: FakeServer;
  readonly target: KillTarget;
  readonly lines: string[];
}

/** A killer, patient but for `limits`, and a server that treats each control connection as `script` says. */
const setUp = async (t: Test, script: Script, limits: Partial<KillLimits> = {}): Promise<Setup> => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const patient = { ...KILL_LIMITS, connectTimeoutMs: 60_000, answerTimeoutMs: 60_000, maxWaitingMs: 60_000 };
  const killer = new Killer({ user: 'sluice', password: 'hidden' }, { ...patient, ...limits }, log);
  t.teardown(() => killer.close());
  const server = await startFakeServer(t, script);
  return { killer, server, lines, target: { ...target, remote: remoteAt(server.port) } };
};

const showTarget = (peer: Peer): void => peer.row(['app', '127.0.0.1:4711', 'Query']);

/** All statements that the client sends until it closes. */
const statementsOf = async (peer: Peer): Promise<string[]> => {
  const statements: string[] = [];
  for (let sql = await peer.statement(); sql !== null; sql = await peer.statement()) statements.push(sql);
  return statements;
};

t.test('a server that does not let us in fails the kill; nothing stays open', async (t) => {
  const { killer, server, target, lines } = await setUp(t, () => undefined, { connectTimeoutMs: 20 });
  t.equal(await killer.kill(target), 'failed');
  t.match(lines, [/did not let us in within 20 ms.*drained instead/]);
  t.equal(await server.peers[0]!.receive(), null);
});

t.test('a server that does not show its process list fails the kill; the order is never sent', async (t) => {
  const { killer, server, target } = await setUp(t, (peer) => peer.letIn(), { answerTimeoutMs: 20 });
  t.equal(await killer.kill(target), 'failed');
  const statements = await statementsOf(server.peers[0]!);
  t.same(statements, ['SELECT USER, HOST, COMMAND FROM performance_schema.processlist WHERE ID = 7']);
});

t.test('an order that is sent and not answered leaves the outcome unknown', async (t) => {
  for (const answer of [() => undefined, ({ socket }: Peer) => void socket.resetAndDestroy()]) {
    const { killer, server, target, lines } = await setUp(t, async (peer) => {
      await peer.letIn();
      await peer.statement();
      showTarget(peer);
      t.equal(await peer.statement(), 'KILL QUERY 7');
      answer(peer);
    }, { answerTimeoutMs: 200 });
    t.equal(await killer.kill(target), 'unknown');
    t.match(lines, [/whether the statement has been killed is not known/]);
    t.equal(await server.peers[0]!.receive(), null);
  }
});

t.test('an order that the server refuses, or that comes too late, kills nothing', async (t) => {
  const refusals = [[1094, 'no-match'], [1095, 'failed'], [1227, 'failed'], [1053, 'failed']] as const;
  for (const [code, outcome] of refusals) {
    const { killer, target } = await setUp(t, async (peer) => {
      await peer.letIn();
      await peer.statement();
      showTarget(peer);
      await peer.statement();
      peer.send(1, Buffer.from([0xff, code & 0xff, code >> 8]));
    });
    t.equal(await killer.kill(target), outcome, String(code));
  }
});

t.test('a kill that is withdrawn in time is settled at once, and the order never sent', async (t) => {
  const withdrawal = new AbortController();
  const { killer, server, target } = await setUp(t, async (peer) => {
    await peer.letIn();
    await peer.statement();
    withdrawal.abort();
  });
  t.equal(await killer.kill(target, withdrawal.signal), 'withdrawn');
  const [peer] = server.peers;
  const next = killer.kill({ ...target, connectionId: 8 });
  showTarget(peer!);
  t.match(await peer!.statement(), /ID = 8$/, 'what comes next is about the next one');
  showTarget(peer!);
  t.equal(await peer!.statement(), 'KILL QUERY 8');
  peer!.ok(1);
  t.equal(await next, 'killed');
  t.equal(await killer.kill(target, AbortSignal.abort()), 'withdrawn');
});

t.test('an order that is sent cannot be withdrawn any more', async (t) => {
  const withdrawal = new AbortController();
  const { killer, target } = await setUp(t, async (peer) => {
    await peer.letIn();
    await peer.statement();
    showTarget(peer);
    await peer.statement();
    withdrawal.abort();
    peer.ok(1);
  });
  t.equal(await killer.kill(target, withdrawal.signal), 'killed');
});

t.test('a kill that waits too long for its turn fails, and is not sent when its turn comes', async (t) => {
  const limits = { maxWaitingMs: 50, answerTimeoutMs: 300 };
  const { killer, server, target, lines } = await setUp(t, (peer) => peer.letIn(), limits);
  const kills = [killer.kill(target), killer.kill({ ...target, connectionId: 8 })];
  t.same(await Promise.all(kills), ['failed', 'failed']);
  t.match(lines, [/could not be sent within 50 ms/]);
  t.match(await statementsOf(server.peers[0]!), [/ID = 7$/]);
});

t.test('more kills than may wait fail at once; there is one side connection for all', async (t) => {
  const { killer, server, target, lines } = await setUp(t, async (peer) => {
    await peer.letIn();
    for (let sql = await peer.statement(); sql !== null; sql = await peer.statement()) {
      if (sql.startsWith('KILL')) peer.ok(1);
      else showTarget(peer);
    }
  }, { maxWaiting: 2 });
  const kills = [1, 2, 3, 4, 5].map((connectionId) => killer.kill({ ...target, connectionId }));
  t.same(await Promise.all(kills), ['killed', 'killed', 'killed', 'failed', 'failed']);
  t.equal(lines.length, 1);
  t.match(lines, [/2 kills wait already/]);
  t.equal(server.peers.length, 1);
});

t.test('after a connection that failed none is tried for a while', async (t) => {
  const { killer, server, target, lines } = await setUp(t, (peer) => void peer.socket.end());
  t.equal(await killer.kill(target), 'failed');
  t.equal(await killer.kill(target), 'failed');
  t.equal(server.peers.length, 1);
  t.equal(lines.length, 1);
  const eager = await setUp(t, (peer) => void peer.socket.end(), { retryAfterMs: 0 });
  t.equal(await eager.killer.kill(eager.target), 'failed');
  t.equal(await eager.killer.kill(eager.target), 'failed');
  t.equal(eager.server.peers.length, 2);
});

t.test('a warm connection that does not answer any more is replaced once', async (t) => {
  let connections = 0;
  const { killer, target, lines } = await setUp(t, async (peer) => {
    const isFirst = (connections += 1) === 1;
    await peer.letIn();
    await peer.statement();
    showTarget(peer);
    await peer.statement();
    peer.ok(1);
    if (isFirst) await peer.statement();
  }, { answerTimeoutMs: 300 });
  t.equal(await killer.kill(target), 'killed');
  t.equal(await killer.kill(target), 'killed');
  t.equal(connections, 2);
  t.same(lines, []);
});

t.test('a connection without work is closed after a while, in good order', async (t) => {
  const { killer, server, target } = await setUp(t, async (peer) => {
    await peer.letIn();
    await peer.statement();
    peer.row(['app', '127.0.0.1:4711', 'Sleep']);
  }, { idleMs: 20 });
  t.equal(await killer.kill(target), 'no-match');
  // The timer that closes the connection keeps no process alive.
  const keepAlive = setInterval(() => undefined, 1000);
  t.same(await server.peers[0]!.receive(), Buffer.from([1]), 'COM_QUIT');
  clearInterval(keepAlive);
});

t.test('closing ends all kills: those that wait have failed, the one that was sent is unknown', async (t) => {
  const { killer, server, target, lines } = await setUp(t, async (peer) => {
    await peer.letIn();
    await peer.statement();
    showTarget(peer);
    await peer.statement();
    killer.close();
  });
  t.same(await Promise.all([killer.kill(target), killer.kill(target)]), ['unknown', 'failed']);
  t.equal(await killer.kill(target), 'failed');
  t.equal(await server.peers[0]!.receive(), null);
  t.equal(server.peers.length, 1);
  t.same(lines, []);
});

t.test('an address that cannot be connected to fails the kill', async (t) => {
  const { killer, target } = await setUp(t, () => undefined);
  t.equal(await killer.kill({ ...target, remote: remoteAt(99_999) }), 'failed');
});
