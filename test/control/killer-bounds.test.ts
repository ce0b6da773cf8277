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

/** A killer with generous limits except `limits`, and a server that runs `script` for each control connection. */
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

t.test('fails the kill and closes the connection when the server does not let it log in', async (t) => {
  const { killer, server, target, lines } = await setUp(t, () => undefined, { connectTimeoutMs: 20 });
  t.equal(await killer.kill(target), 'failed');
  t.match(lines, [/did not complete the login within 20 ms; the statement is not killed; if its response was cut/]);
  t.equal(await server.peers[0]!.receive(), null);
});

t.test('fails the kill without sending it when the server does not show its process list', async (t) => {
  const { killer, server, target } = await setUp(t, (peer) => peer.letIn(), { answerTimeoutMs: 20 });
  t.equal(await killer.kill(target), 'failed');
  const statements = await statementsOf(server.peers[0]!);
  t.same(statements, ['SELECT USER, HOST, COMMAND FROM performance_schema.processlist WHERE ID = 7']);
});

t.test('the outcome is unknown when a sent kill is not answered', async (t) => {
  for (const answer of [() => undefined, ({ socket }: Peer) => void socket.resetAndDestroy()]) {
    const { killer, server, target, lines } = await setUp(t, async (peer) => {
      await peer.letIn();
      await peer.statement();
      showTarget(peer);
      t.equal(await peer.statement(), 'KILL QUERY 7');
      answer(peer);
    }, { answerTimeoutMs: 200 });
    t.equal(await killer.kill(target), 'unknown');
    t.match(lines, [/it is not known whether the statement was killed/]);
    t.equal(await server.peers[0]!.receive(), null);
  }
});

t.test('kills nothing when the server refuses the order or gets it too late', async (t) => {
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

t.test('a kill that is withdrawn in time ends at once, and is never sent', async (t) => {
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

t.test('warns neither of a rest to discard nor of another client once a kill was called off', async (t) => {
  const isDenied = (peer: Peer): void => peer.send(1, Buffer.from([0xff, 1227 & 0xff, 1227 >> 8]));
  const isOfAnother = (peer: Peer): void => peer.row(['other', '127.0.0.1:4711', 'Query']);
  const [ofDenied, ofAnother] = await Promise.all([isDenied, isOfAnother].map(async (answer) => {
    const withdrawal = new AbortController();
    const { killer, target, lines } = await setUp(t, async (peer) => {
      await peer.letIn();
      for (let sql = await peer.statement(); sql !== null; sql = await peer.statement()) {
        withdrawal.abort();
        answer(peer);
      }
    });
    t.equal(await killer.kill(target, withdrawal.signal), 'withdrawn');
    // The next kill has its turn after that one.
    await killer.kill({ ...target, connectionId: 8 });
    return lines;
  }));
  t.match(ofDenied, [/"connectionId":7.*the order was called off before/]);
  t.match(ofAnother, [/"connectionId":8.*shows another user/]);
  t.equal(ofAnother!.length, 1);
});

t.test('a kill that is sent cannot be withdrawn', async (t) => {
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

t.test('fails a kill that waits too long for its turn, and does not send it', async (t) => {
  const limits = { maxWaitingMs: 50, answerTimeoutMs: 300 };
  const { killer, server, target, lines } = await setUp(t, (peer) => peer.letIn(), limits);
  const kills = [killer.kill(target), killer.kill({ ...target, connectionId: 8 })];
  t.same(await Promise.all(kills), ['failed', 'failed']);
  t.match(lines, [/could not be sent within 50 ms/]);
  t.match(await statementsOf(server.peers[0]!), [/ID = 7$/]);
});

t.test('fails kills beyond maxWaiting at once, and uses one control connection for all', async (t) => {
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
  t.match(lines, [/the queue is full: it holds 2 kills/]);
  t.equal(server.peers.length, 1);
});

t.test('waits retryAfterMs after a failed connection before it connects again', async (t) => {
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

t.test('replaces once a warm connection that no longer answers', async (t) => {
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

t.test('closes an idle connection with COM_QUIT', async (t) => {
  const { killer, server, target } = await setUp(t, async (peer) => {
    await peer.letIn();
    await peer.statement();
    peer.row(['app', '127.0.0.1:4711', 'Sleep']);
  }, { idleMs: 20 });
  t.equal(await killer.kill(target), 'no-match');
  // The timer that closes the connection does not keep the process alive.
  const keepAlive = setInterval(() => undefined, 1000);
  t.same(await server.peers[0]!.receive(), Buffer.from([1]), 'COM_QUIT');
  clearInterval(keepAlive);
});

t.test('close() fails waiting kills, and leaves a sent one unknown', async (t) => {
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

t.test('fails the kill when the address cannot be connected to', async (t) => {
  const { killer, target } = await setUp(t, () => undefined);
  t.equal(await killer.kill({ ...target, remote: remoteAt(99_999) }), 'failed');
});
