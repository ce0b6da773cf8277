import t, { type Test } from 'tap';
import { Command } from '../../../src/protocol/commands.js';
import { decodeErr } from '../../../src/protocol/packets.js';
import { Status } from '../../../src/protocol/status.js';
import { command, query } from '../../support/commandPayloads.js';
import type { Turn } from '../../support/conversationHarness.js';
import { fakeTimers } from '../../support/fakeTimers.js';
import { settled } from '../../support/memorySocket.js';
import { beginSession, type MemorySession, NOTHING_LEFT, startSession } from '../../support/memorySession.js';
import type { End } from '../../support/pairs.js';
import {
  answer, ask, err, login, ok, packetsFrom, resultSet, textRow,
} from '../../support/wirePackets.js';

// One session between two ends in memory: the bytes that each end gets, the end of the session, and what is left of
// it.

const QUIT = packetsFrom(0, command(Command.QUIT));
const RESULT = packetsFrom(1, ...resultSet('eof', [textRow('1')]));
const [GREETING, ANSWER, WELCOME] = login('eof') as [Turn, Turn, Turn];

/** The progress of a session. */
const PHASES = {
  'before the greeting': [],
  'before the answer to the greeting': [GREETING],
  'before the client is let in': [GREETING, ANSWER],
  'between commands': [GREETING, ANSWER, WELCOME],
  'in a response': [GREETING, ANSWER, WELCOME, ask(query('SELECT 1'))],
} satisfies Record<string, readonly Turn[]>;
type Phase = keyof typeof PHASES;
const phases = Object.keys(PHASES) as Phase[];

const begin = async (t: Test, phase: Phase): Promise<MemorySession> => {
  const scene = await beginSession(t);
  await scene.play(...PHASES[phase]);
  return scene;
};

/** Checks that the session has ended once, as `end` says, and that nothing of it is left. */
const isOver = async (t: Test, scene: MemorySession, end: object): Promise<void> => {
  await settled();
  t.match(scene.endings(), [end]);
  t.strictSame(scene.told, ['ended']);
  t.strictSame(scene.left(), NOTHING_LEFT);
};

const errorIn = ({ heard }: End): object => decodeErr(heard.subarray(4));

t.test('relays commands and responses unchanged', async (t) => {
  const { client, server, told } = await startSession(t);
  const { bytes } = ask(query('SELECT 1'));
  client.say(bytes);
  await server.hear(bytes.length);
  t.ok(server.heard.equals(bytes));
  server.say(RESULT);
  await client.hear(RESULT.length);
  t.ok(client.heard.equals(RESULT));
  t.strictSame(told, []);
});

t.test('keeps what the client sends before the greeting, and relays it then', async (t) => {
  const { client, server } = await beginSession(t, {}, { early: ANSWER.bytes });
  await settled();
  t.equal(server.heardBytes, 0);
  server.say(GREETING.bytes);
  await server.hear(ANSWER.bytes.length);
  t.ok(server.heard.equals(ANSWER.bytes));
  await client.hear(GREETING.bytes.length);
  server.say(WELCOME.bytes);
  t.ok(await client.hear(GREETING.bytes.length + WELCOME.bytes.length));
});

t.test('ends quietly when the client quits', async (t) => {
  const timers = fakeTimers(t);
  const scene = await startSession(t);
  scene.client.say(QUIT);
  await scene.server.hear(QUIT.length);
  t.ok(scene.server.heard.equals(QUIT));
  scene.server.socket.end();
  t.equal(await scene.client.ended(), 'FIN');
  scene.client.socket.end();
  await isOver(t, scene, { level: 'debug', by: 'client', reason: 'quit', session: 7, client: '10.0.0.7:40000' });
  t.equal(timers.count, 0);
});

for (const phase of ['before the greeting', 'before the answer to the greeting'] as const) {
  for (const how of ['ends', 'resetAndDestroy'] as const) {
    const what = how === 'ends' ? 'closes' : 'resets its connection';
    t.test(`sends the server a login to deny when the client ${what} ${phase}`, async (t) => {
      const timers = fakeTimers(t);
      const scene = await begin(t, phase);
      if (how === 'ends') scene.client.socket.end();
      else scene.client.socket.resetAndDestroy();
      await settled();
      t.match(scene.server.heard.toString('latin1'), /sluice-probe/);
      t.notOk(scene.server.hasHeardEnd, 'it is for the server to close');
      t.match(scene.endings(), [{ by: 'client', reason: how === 'ends' ? 'closed' : 'ECONNRESET' }]);
      t.strictSame(scene.told, ['ended'], 'the session does not wait for that');
      scene.server.socket.end();
      await settled();
      t.strictSame([scene.left(), timers.count], [NOTHING_LEFT, 0]);
    });
  }
}

for (const phase of phases.slice(2)) {
  t.test(`relays the FIN of a client ${phase}, and what the server still says`, async (t) => {
    const timers = fakeTimers(t);
    const scene = await begin(t, phase);
    scene.client.socket.end();
    t.equal(await scene.server.ended(), 'FIN');
    const last = phase === 'in a response' ? RESULT : WELCOME.bytes;
    scene.server.say(last);
    await scene.client.hear(last.length);
    t.ok(scene.client.heard.equals(last));
    scene.server.socket.end();
    t.equal(await scene.client.ended(), 'FIN');
    await isOver(t, scene, { by: 'client', reason: 'closed', level: 'debug' });
    t.equal(timers.count, 0);
  });

  t.test(`relays a reset by the client ${phase}`, async (t) => {
    const timers = fakeTimers(t);
    const scene = await begin(t, phase);
    scene.client.socket.resetAndDestroy();
    t.equal(await scene.server.ended(), 'ECONNRESET');
    await isOver(t, scene, { by: 'client', reason: 'ECONNRESET', level: 'info' });
    t.equal(timers.count, 0);
  });
}

for (const phase of phases.slice(1)) {
  t.test(`relays the FIN of a server ${phase}`, async (t) => {
    const timers = fakeTimers(t);
    const scene = await begin(t, phase);
    scene.server.socket.end();
    t.equal(await scene.client.ended(), 'FIN');
    await isOver(t, scene, { by: 'upstream', reason: 'closed', level: 'info' });
    t.equal(timers.count, 0);
  });

  t.test(`relays a reset by the server ${phase}, after what it said`, async (t) => {
    const timers = fakeTimers(t);
    const scene = await begin(t, phase);
    scene.server.say(RESULT);
    scene.server.socket.resetAndDestroy();
    t.equal(await scene.client.ended(), 'ECONNRESET');
    t.ok(scene.client.heard.equals(RESULT));
    await isOver(t, scene, { by: 'upstream', reason: 'ECONNRESET' });
    t.equal(timers.count, 0);
  });
}

const UNGREETED: Record<string, { readonly leave: (scene: MemorySession) => void, readonly message: RegExp }> = {
  'closes without a greeting': {
    leave: ({ server }) => void server.socket.end(),
    message: /^sluice: the upstream server db:3306 closed the connection without a greeting$/,
  },
  'resets the connection before its greeting': {
    leave: ({ server }) => void server.socket.resetAndDestroy(),
    message: /^sluice: lost the upstream server db:3306 before its greeting: ECONNRESET$/,
  },
};

for (const [what, { leave, message }] of Object.entries(UNGREETED)) {
  t.test(`sends the client an error in place of a greeting when the server ${what}`, async (t) => {
    const timers = fakeTimers(t);
    const scene = await beginSession(t);
    leave(scene);
    t.equal(await scene.client.ended(), 'FIN');
    t.match(errorIn(scene.client), { code: 1429, message });
    await isOver(t, scene, { by: 'upstream' });
    t.equal(timers.count, 0);
  });
}

t.test('relays a refusal in place of the greeting, and ends', async (t) => {
  const scene = await beginSession(t);
  const refusal = packetsFrom(0, Buffer.from('\xff\x10\x04Too many connections', 'latin1'));
  scene.server.say(refusal);
  t.equal(await scene.client.ended(), 'FIN');
  t.ok(scene.client.heard.equals(refusal), 'the number and the words are those of the server');
  await settled();
  scene.server.socket.end();
  await isOver(t, scene, {
    by: 'upstream',
    reason: 'the upstream server db:3306 refused the connection: Too many connections (error 1040)',
  });
});

const LATE: Record<string, { readonly phase: Phase, readonly reason: string }> = {
  'greeting': { phase: 'before the greeting', reason: 'the upstream server db:3306 did not greet within 10000 ms' },
  'answer to the greeting': {
    phase: 'before the answer to the greeting', reason: 'the client did not answer the greeting within 10000 ms',
  },
  'end of the authentication': {
    phase: 'before the client is let in', reason: 'the authentication did not come to its end within 10000 ms',
  },
};

for (const [what, { phase, reason }] of Object.entries(LATE)) {
  t.test(`ends when the ${what} is late`, async (t) => {
    const timers = fakeTimers(t);
    const scene = await begin(t, phase);
    timers.pass(9999);
    await settled();
    t.strictSame(scene.endings(), []);
    timers.pass(1);
    t.equal(await scene.client.ended(), 'FIN');
    if (what === 'greeting') t.match(errorIn(scene.client), { code: 1429, message: `sluice: ${reason}` });
    else t.equal(scene.client.heardBytes, 0);
    await settled();
    scene.server.socket.destroy();
    await isOver(t, scene, { by: what === 'greeting' ? 'upstream' : 'sluice', reason });
    t.equal(timers.count, 0);
  });
}

t.test('has no time-out between commands', async (t) => {
  const timers = fakeTimers(t);
  const scene = await startSession(t);
  t.equal(timers.count, 0);
  t.strictSame(scene.told, []);
});

t.test("closes the session when the server neither answers nor closes within drain.time of the client's " +
  "FIN", async (t) => {
  const timers = fakeTimers(t);
  const scene = await begin(t, 'in a response');
  scene.client.socket.end();
  await scene.server.ended();
  scene.server.say(RESULT.subarray(0, 20));
  await scene.client.hear(20);
  const { timeMs } = scene.shared.config.drain;
  timers.pass(timeMs);
  await settled();
  t.strictSame(scene.told, [], 'as long as something comes the client is served');
  timers.pass(timeMs);
  await isOver(t, scene, { by: 'client', reason: 'closed' });
  t.ok(scene.server.hasHeardEnd);
  t.equal(timers.count, 0);
});

/** The view of a client in the kernel's queues. */
const looking = (hasClientEnded: boolean) => ({
  shared: {
    queues: {
      intervalMs: 5,
      lookAt: () => Promise.resolve({ unacknowledgedBytes: 0, unreadBytes: null, isClientFull: false, hasClientEnded }),
    },
  },
});

t.test('ends when a look shows that its client, of which nothing was read, has gone', async (t) => {
  const scene = await startSession(t, {}, looking(true));
  scene.session.lookForClient();
  t.equal(await scene.server.ended(), 'FIN');
  await isOver(t, scene, { by: 'client', reason: /^a client has closed/ });
});

t.test('stays when a look shows that its client, of which nothing was read, is there', async (t) => {
  const scene = await startSession(t, {}, looking(false));
  scene.session.lookForClient();
  await settled();
  t.strictSame(scene.told, []);
});

t.test('stays after its client has gone while its statement is to run to its end', async (t) => {
  const scene = await startSession(t, { limits: { rows: 1 }, streaming: { signals: [] } }, looking(true));
  await scene.play(ask(query('SELECT 1; INSERT INTO t VALUES (1)')));
  scene.server.say(packetsFrom(1, ...resultSet('eof', [textRow('1'), textRow('2')]).slice(0, -1)));
  await settled();
  scene.session.lookForClient();
  await settled();
  t.strictSame(scene.told, []);
});

t.test('ends with a goodbye to both ends when it is idle and has to end', async (t) => {
  const timers = fakeTimers(t);
  const scene = await startSession(t);
  scene.session.endWhenIdle();
  t.equal(await scene.server.ended(), 'FIN');
  t.ok(scene.server.heard.equals(QUIT));
  t.equal(await scene.client.ended(), 'FIN');
  scene.client.socket.end();
  scene.server.socket.end();
  await isOver(t, scene, { by: 'sluice', reason: 'Sluice is about to stop' });
  t.equal(timers.count, 0);
});

t.test('stays until the response under way is over when it is to end', async (t) => {
  const scene = await begin(t, 'in a response');
  scene.session.endWhenIdle();
  await settled();
  t.notOk(scene.server.hasHeardEnd);
  scene.server.say(RESULT);
  t.equal(await scene.client.ended(), 'FIN');
  t.ok(scene.client.heard.equals(RESULT));
  t.equal(await scene.server.ended(), 'FIN');
  t.ok(scene.server.heard.equals(QUIT));
});

t.test('stays until the transaction is over when it is to end', async (t) => {
  const scene = await startSession(t);
  await scene.play(ask(query('BEGIN')), answer(ok(Status.AUTOCOMMIT | Status.IN_TRANS)));
  scene.session.endWhenIdle();
  await scene.play(ask(query('UPDATE t SET a = 1')), answer(ok(Status.AUTOCOMMIT | Status.IN_TRANS)));
  t.notOk(scene.server.hasHeardEnd || scene.client.hasHeardEnd);
  await scene.play(ask(query('COMMIT')));
  scene.server.say(packetsFrom(1, ok()));
  t.equal(await scene.server.ended(), 'FIN');
  t.ok(scene.server.heard.equals(QUIT));
  t.equal(await scene.client.ended(), 'FIN');
});

t.test('closes both connections at once when it is destroyed, and logs the first end only', async (t) => {
  const timers = fakeTimers(t);
  const scene = await begin(t, 'in a response');
  scene.session.destroy('Sluice is told to stop', ['sluice', 'stopped']);
  scene.session.destroy('once more', ['sluice', 'timeout']);
  await scene.server.ended();
  await scene.client.ended();
  await isOver(t, scene, { by: 'sluice', reason: 'Sluice is told to stop' });
  t.equal(timers.count, 0);
});

t.test('an error in a part of a session ends only this session', async (t) => {
  const [broken, whole] = [await begin(t, 'in a response'), await begin(t, 'in a response')];
  Object.defineProperty(broken.shared.metrics, 'resultEnded', {
    value: () => {
      throw new Error('made by the test');
    },
  });
  for (const { server } of [broken, whole]) server.say(RESULT);
  t.equal(await broken.client.ended(), 'FIN');
  broken.client.socket.end();
  await isOver(t, broken, { by: 'sluice', reason: 'an error that nobody expected' });
  t.match(broken.log.filter(({ level }) => level === 'error'), [{ session: 7, err: { message: 'made by the test' } }]);
  await whole.client.hear(RESULT.length);
  t.ok(whole.client.heard.equals(RESULT));
  t.strictSame(whole.told, []);
});

const UNFOLLOWED = packetsFrom(7, query('SELECT 1'));

t.test('relays what it cannot follow, and counts the session as such', async (t) => {
  const { client, server, log, shared, told } = await startSession(t);
  client.say(UNFOLLOWED);
  await server.hear(UNFOLLOWED.length);
  t.ok(server.heard.equals(UNFOLLOWED));
  t.match(log.filter(({ level }) => level === 'warn'), [{ msg: 'cannot follow this session any more' }]);
  t.equal([...shared.metrics.opaqueSessions.all()].reduce((sum, { count }) => sum + count, 0), 1);
  const anything = Buffer.from('whatever comes');
  server.say(anything);
  await client.hear(anything.length);
  t.ok(client.heard.equals(anything));
  t.strictSame(told, []);
});

t.test('ends when what comes cannot be followed and onUnparsed is "close"', async (t) => {
  const scene = await startSession(t, { onUnparsed: 'close' });
  scene.client.say(UNFOLLOWED);
  t.equal(await scene.client.ended(), 'FIN');
  t.equal(scene.server.heardBytes, 0);
  scene.client.socket.end();
  await isOver(t, scene, { by: 'sluice', reason: 'what came could not be followed' });
});

t.test('the view shows the state of the session', async (t) => {
  const { session, play } = await beginSession(t);
  t.match(session.view(), { session: 7, client: '10.0.0.7:40000', state: 'greeting', user: '', command: null });
  await play(GREETING);
  t.match(session.view(), { state: 'response', connectionId: 77 });
  await play(ANSWER);
  t.match(session.view(), { state: 'authentication', user: 'app', schema: 'shop' });
  await play(WELCOME);
  t.match(session.view(), { state: 'idle', command: null, stalledMs: null });
  await play(ask(query('SELECT * FROM t WHERE a = 5')));
  t.match(session.view(), {
    state: 'running', command: { command: 'COM_QUERY', digestText: 'SELECT * FROM `t` WHERE `a` = ?', rows: 0 },
  });
  t.match(session.totals, { bytesToUpstream: ANSWER.bytes.length + 4 + query('SELECT * FROM t WHERE a = 5').length });
});

t.test('logs a login that the server refuses, and the client gets the refusal', async (t) => {
  const { client, server, log } = await begin(t, 'before the client is let in');
  const denial = packetsFrom(2, err(1045, 'Access denied'));
  server.say(denial);
  await client.hear(denial.length);
  t.ok(client.heard.equals(denial));
  t.match(log, [{ level: 'info', user: 'app', code: 1045, msg: /refused the login: Access denied \(error 1045\)/ }]);
});
