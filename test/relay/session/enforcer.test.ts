import t, { type Test } from 'tap';
import type { Killer } from '../../../src/control/killer.js';
import { Budget } from '../../../src/policy/budget.js';
import type { GovernedUsage } from '../../../src/policy/governedUsage.js';
import type { PaceReading } from '../../../src/policy/pace.js';
import { decodeErr, FirstByte } from '../../../src/protocol/packets.js';
import { Status } from '../../../src/protocol/status.js';
import { execute, fetch, prepare, query } from '../../support/commandPayloads.js';
import { fakeTimers } from '../../support/fakeTimers.js';
import type { ProxySettings } from '../../support/inProcess.js';
import { HEAD_PACKETS, heardOf, NEXT, respond, result, rows } from '../../support/memoryResults.js';
import { settled } from '../../support/memorySocket.js';
import {
  beginSession, type MemorySession, type MemorySessionOptions, NOTHING_LEFT, startSession,
} from '../../support/memorySession.js';
import {
  answer, ask, err, login, packetsFrom, preparedAnswer, resultSet, wireBytes,
} from '../../support/wirePackets.js';

// The decisions about a response at its limit, and their effects.

const SELECT = 'SELECT * FROM big';
const MORE = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
const LIMIT = 2;
const FIVE = result(5);
/** A row of the result, on the wire. */
const ROW_BYTES = wireBytes(...rows(1));

/** Limits that hold at any pace of the client. */
const limited = (settings: ProxySettings = {}): ProxySettings =>
  ({ limits: { rows: LIMIT }, streaming: { signals: [] }, ...settings });
const HOLD: ProxySettings = limited({ onExceed: { action: 'hold' }, budget: { bytes: '1MiB' } });

const start = (t: Test, settings: ProxySettings = {}, options: MemorySessionOptions = {}): Promise<MemorySession> =>
  startSession(t, limited(settings), options);

/** Checks that this many packets of the answer passed, with an error in place of the next. */
const isCut = (t: Test, scene: MemorySession, payloads: readonly Buffer[], passed: number, message: RegExp): void => {
  const heard = heardOf(scene, payloads);
  t.equal(heard.passed, passed, 'packets that passed');
  t.equal(heard.behind[3], (passed + 1) & 0xff, 'the sequence id of the next');
  t.equal(heard.behind[4], FirstByte.ERR);
  t.match(decodeErr(heard.behind.subarray(4)).message, message);
};

t.test('cuts at the row limit: an error takes the place of the next row, and the rest is discarded', async (t) => {
  const scene = await start(t);
  await respond(scene, SELECT, FIVE);
  isCut(t, scene, FIVE, HEAD_PACKETS + LIMIT, /^sluice: result set exceeds 2 rows \(rule default\)/);
  t.match(scene.records, [{
    action: 'cut', reason: 'rows', outcome: 'drained', complete: true, rows: 5, forwardedRows: LIMIT,
    forwardedBytes: LIMIT * ROW_BYTES, drainedBytes: wireBytes(...rows(3), ...FIVE.slice(-1)),
  }]);
  scene.client.forget();
  await scene.play(...NEXT);
  t.strictSame(scene.told, [], 'the session goes on');
});

t.test('cuts at the byte limit', async (t) => {
  const scene = await start(t, { limits: { bytes: 3 * ROW_BYTES } });
  await respond(scene, SELECT, FIVE);
  isCut(t, scene, FIVE, HEAD_PACKETS + 3, /^sluice: result set exceeds \d+ bytes/);
  t.match(scene.records, [{ action: 'cut', reason: 'bytes', forwardedBytes: 3 * ROW_BYTES }]);
});

t.test('delays the next command until the rest of a cut response has come', async (t) => {
  const timers = fakeTimers(t);
  const scene = await start(t);
  await respond(scene, SELECT, FIVE.slice(0, -1));
  const [asked] = NEXT;
  scene.client.say(asked.bytes);
  await settled();
  t.equal(scene.server.heardBytes, 0);
  scene.server.say(packetsFrom(FIVE.length, ...FIVE.slice(-1)));
  await scene.server.hear(asked.bytes.length);
  t.ok(scene.server.heard.equals(asked.bytes));
  t.equal(timers.count, 0, 'no bound of the drain is left');
});

t.test('closes both connections at the limit when onExceed is "close"', async (t) => {
  const scene = await start(t, { onExceed: { action: 'close' } });
  await respond(scene, SELECT, FIVE);
  t.strictSame(heardOf(scene, FIVE), { passed: HEAD_PACKETS + LIMIT, behind: Buffer.alloc(0) });
  t.ok(scene.client.hasHeardEnd && scene.server.hasHeardEnd);
  scene.client.socket.end();
  await settled();
  t.match(scene.endings(), [{ by: 'sluice', reason: 'a result breaks its limit' }]);
  t.match(scene.records, [{ action: 'close', outcome: 'closed', complete: false, forwardedRows: LIMIT }]);
});

t.test('ends a result at the limit as the server does when onExceed is "truncate"', async (t) => {
  const scene = await start(t, { onExceed: { action: 'truncate' } });
  await respond(scene, SELECT, FIVE.slice(0, -1));
  t.strictSame(heardOf(scene, FIVE), { passed: HEAD_PACKETS + LIMIT, behind: Buffer.alloc(0) });
  scene.server.say(packetsFrom(FIVE.length, ...FIVE.slice(-1)));
  await settled();
  const { behind } = heardOf(scene, FIVE);
  t.strictSame([behind[3], behind[4], behind.length], [HEAD_PACKETS + LIMIT + 1, FirstByte.EOF, 9]);
  t.match(scene.records, [{ action: 'truncate', outcome: 'drained', rows: 5, forwardedRows: LIMIT }]);
});

t.test('lets everything pass in audit mode, and records what it would have cut', async (t) => {
  const scene = await start(t, { mode: 'audit' });
  await respond(scene, SELECT, FIVE);
  t.strictSame(heardOf(scene, FIVE), { passed: FIVE.length, behind: Buffer.alloc(0) });
  t.match(scene.records, [{ action: 'would-cut', reason: 'rows', outcome: 'completed', rows: 5, forwardedRows: 5 }]);
});

/** As for a row of more than 16 MiB, which spans packets. */
const insideRow = ({ session: { conversation: { server } } }: MemorySession): void =>
  void Object.defineProperty(server, 'isInsideRow', { get: () => true, set: () => undefined });

t.test('closes the session at a limit inside a row of which the client has the front', async (t) => {
  const scene = await start(t);
  insideRow(scene);
  await respond(scene, SELECT, FIVE);
  t.strictSame(heardOf(scene, FIVE), { passed: HEAD_PACKETS + LIMIT, behind: Buffer.alloc(0) });
  t.ok(scene.client.hasHeardEnd && scene.server.hasHeardEnd);
  scene.client.socket.end();
  await settled();
  t.match(scene.records, [{ action: 'close', reason: 'rows' }]);
});

t.test('cuts at a limit inside a row when the whole row is held back', async (t) => {
  const scene = await start(t, HOLD);
  insideRow(scene);
  await respond(scene, SELECT, FIVE);
  isCut(t, scene, FIVE, HEAD_PACKETS, /exceeds 2 rows/);
});

// Rows that are held back.

t.test('sends held back rows when the result ends within its limit', async (t) => {
  const scene = await start(t, HOLD);
  const few = result(LIMIT);
  await respond(scene, SELECT, few.slice(0, -1));
  t.equal(heardOf(scene, few).passed, HEAD_PACKETS);
  t.equal(scene.shared.budget.usedBytes, LIMIT * ROW_BYTES, 'what is held back counts');
  scene.server.say(packetsFrom(few.length, ...few.slice(-1)));
  await settled();
  t.strictSame(heardOf(scene, few), { passed: few.length, behind: Buffer.alloc(0) });
  t.equal(scene.shared.budget.usedBytes, 0);
});

t.test('sends an error and no row when a held back result breaks its limit', async (t) => {
  const scene = await start(t, HOLD);
  const [front, rest] = [FIVE.slice(0, HEAD_PACKETS + 1), FIVE.slice(HEAD_PACKETS + 1, -1)];
  await respond(scene, SELECT, front);
  t.ok(scene.shared.budget.usedBytes > 0);
  scene.server.say(packetsFrom(front.length + 1, ...rest));
  await settled();
  isCut(t, scene, FIVE, HEAD_PACKETS, /exceeds 2 rows/);
  t.equal(scene.shared.budget.usedBytes, 0, 'what is discarded does not count');
  scene.server.say(packetsFrom(FIVE.length, ...FIVE.slice(-1)));
  await settled();
  t.match(scene.records, [{ action: 'cut', rows: 5, forwardedRows: 0, forwardedBytes: 0 }]);
});

t.test("sends the server's error in place of held back rows", async (t) => {
  const scene = await start(t, HOLD);
  const failing = [...FIVE.slice(0, HEAD_PACKETS + 1), err(1317, 'Query execution was interrupted')];
  await respond(scene, SELECT, failing);
  isCut(t, scene, FIVE, HEAD_PACKETS, /^Query execution was interrupted$/);
  t.equal(scene.shared.budget.usedBytes, 0);
  scene.client.forget();
  await scene.play(...NEXT);
});

t.test('sends an error in place of held back rows when the server closes', async (t) => {
  const scene = await start(t, HOLD);
  await respond(scene, SELECT, FIVE.slice(0, HEAD_PACKETS + 1));
  scene.server.socket.end();
  t.equal(await scene.client.ended(), 'FIN');
  isCut(t, scene, FIVE, HEAD_PACKETS, /the server closed the connection before the end of this result/);
  t.equal(scene.shared.budget.usedBytes, 0);
});

t.test('releases the rows held back when the client leaves', async (t) => {
  const timers = fakeTimers(t);
  const scene = await start(t, HOLD);
  await respond(scene, SELECT, FIVE.slice(0, HEAD_PACKETS + 1));
  t.ok(scene.shared.budget.usedBytes > 0);
  scene.client.socket.resetAndDestroy();
  await settled();
  t.strictSame([scene.left(), timers.count], [NOTHING_LEFT, 0]);
});

// Rows that a change returns.

const RETURNING = 'DELETE FROM t RETURNING a';
const startMariadb = async (t: Test, settings: ProxySettings = {}): Promise<MemorySession> => {
  const scene = await beginSession(t, limited(settings));
  await scene.play(...login('eof', { server: 'mariadb' }));
  return scene;
};

t.test('passes the rows that a change returns, and counts the exempt response once', async (t) => {
  const scene = await startMariadb(t);
  const both = [...result(5, MORE), ...FIVE];
  await respond(scene, `${RETURNING}; ${RETURNING}`, both);
  t.strictSame(heardOf(scene, both), { passed: both.length, behind: Buffer.alloc(0) });
  t.match(scene.records, [{ action: 'would-cut', exempt: 'returning', forwardedRows: 10 }]);
  t.match([...scene.shared.metrics.exemptions.all()], [{ count: 1 }]);
});

t.test('cuts the result after rows that a change returns', async (t) => {
  const scene = await startMariadb(t);
  const both = [...result(5, MORE), ...FIVE];
  await respond(scene, `${RETURNING}; ${SELECT}`, both);
  isCut(t, scene, both, FIVE.length + HEAD_PACKETS, /exceeds 2 rows/);
});

t.test('holds back the rows before and after exempt rows, but not the exempt rows', async (t) => {
  const scene = await startMariadb(t, HOLD);
  const all = [...result(1, MORE), ...result(5, MORE), ...FIVE];
  await respond(scene, `SELECT 1; ${RETURNING}; ${SELECT}`, all);
  isCut(t, scene, all, result(1).length + FIVE.length + HEAD_PACKETS, /exceeds 2 rows/);
});

t.test('holds back the result after exempt rows that are within the limit', async (t) => {
  const scene = await startMariadb(t, HOLD);
  const both = [...result(1, MORE), ...result(1)];
  await respond(scene, `${RETURNING}; SELECT 1`, both.slice(0, -1));
  t.equal(heardOf(scene, both).passed, result(1).length + HEAD_PACKETS);
  scene.server.say(packetsFrom(both.length, ...both.slice(-1)));
  await settled();
  t.equal(heardOf(scene, both).passed, both.length);
});

// The budget for all sessions.

const BUDGET: ProxySettings = { limits: { rows: null, bytes: null }, budget: { bytes: 10 * ROW_BYTES } };

t.test('cuts the largest of the results that fill the budget, and the other one goes on', async (t) => {
  const budget = new Budget(10 * ROW_BYTES);
  const small = await start(t, BUDGET, { shared: { budget } });
  const large = await start(t, BUDGET, { shared: { budget } });
  const many = result(20);
  await respond(large, SELECT, many.slice(0, HEAD_PACKETS + 7));
  await respond(small, SELECT, FIVE.slice(0, HEAD_PACKETS + 4));
  t.equal(budget.usedBytes, 4 * ROW_BYTES, 'the largest is marked, and not under way any more');
  t.equal(heardOf(large, many).behind.length, 0);
  large.server.say(packetsFrom(HEAD_PACKETS + 8, ...many.slice(HEAD_PACKETS + 7)));
  await settled();
  isCut(t, large, many, HEAD_PACKETS + 7, /exceed the budget of \d+ bytes, and this is the largest/);
  t.match(large.records, [{ action: 'cut', reason: 'budget' }]);
  small.server.say(packetsFrom(HEAD_PACKETS + 5, ...FIVE.slice(HEAD_PACKETS + 4)));
  await settled();
  t.equal(heardOf(small, FIVE).passed, FIVE.length);
  t.equal(budget.usedBytes, 0);
});

t.test('waits before the next row until the budget is known to have room', async (t) => {
  const paused: GovernedUsage[] = [];
  class Lent extends Budget {
    protected override grown(usage: GovernedUsage): void {
      if (paused.push(usage) === 1) usage.pause();
    }
  }
  const scene = await start(t, BUDGET, { shared: { budget: new Lent(10 * ROW_BYTES) } });
  await respond(scene, SELECT, FIVE.slice(0, HEAD_PACKETS + 1));
  scene.server.say(packetsFrom(HEAD_PACKETS + 2, ...FIVE.slice(HEAD_PACKETS + 1)));
  await settled();
  t.equal(heardOf(scene, FIVE).passed, HEAD_PACKETS + 1);
  paused[0]!.goOn();
  await settled();
  t.strictSame(heardOf(scene, FIVE), { passed: FIVE.length, behind: Buffer.alloc(0) });
});

// The client's pace.

const PACED: ProxySettings = { streaming: { signals: ['pace'] } };
const SLOW: PaceReading = { isSlow: true, rowsPerSecond: 10 };
const FAST: PaceReading = { isSlow: false, rowsPerSecond: 100_000 };

/** A session in which each look tells the client's pace at once, or only a longer watch does. */
const startPaced = (
  t: Test, soFar: readonly PaceReading[], watch: Promise<PaceReading> = Promise.resolve(FAST),
  settings: ProxySettings = {},
): Promise<MemorySession> => {
  const known = [...soFar];
  return start(t, { ...PACED, ...settings }, {
    shared: { pace: { soFar: () => known.shift() ?? null, watch: () => watch } },
  });
};

t.test('admits a slow reader until its result has doubled, and cuts at a later look', async (t) => {
  const scene = await startPaced(t, [SLOW, SLOW, FAST]);
  const many = result(20);
  await respond(scene, SELECT, many);
  isCut(t, scene, many, HEAD_PACKETS + 4 * LIMIT, /exceeds 2 rows \(rule default\), read row by row until row 8/);
  t.match(scene.records, [{
    action: 'cut', forwardedRows: 4 * LIMIT,
    looks: [{ rows: 2, class: 'streaming' }, { rows: 4, class: 'streaming' }, { rows: 8, class: 'buffered' }],
  }]);
});

t.test('lets a slow reader have its whole result up to the limit for streams', async (t) => {
  const scene = await startPaced(
    t, [SLOW, SLOW, SLOW, SLOW], undefined, { streaming: { signals: ['pace'], limits: { rows: 6 } } },
  );
  await respond(scene, SELECT, FIVE);
  t.strictSame(heardOf(scene, FIVE), { passed: FIVE.length, behind: Buffer.alloc(0) });
  t.match(scene.records, [{ action: 'admit', signal: 'pace', rows: 5, limit: { rows: LIMIT } }]);
  scene.client.forget();
  const many = result(20);
  await respond(scene, SELECT, many);
  isCut(t, scene, many, HEAD_PACKETS + 6, /exceeds 6 rows/);
});

for (const [what, reading] of Object.entries({ slow: SLOW, fast: FAST })) {
  t.test(`waits with a response until its client is known to be ${what}`, async (t) => {
    let tell = (_: PaceReading): void => undefined;
    const scene = await startPaced(t, [], new Promise((resolve) => (tell = resolve)));
    const three = result(LIMIT + 1);
    await respond(scene, SELECT, three);
    t.strictSame(heardOf(scene, three), { passed: HEAD_PACKETS + LIMIT, behind: Buffer.alloc(0) });
    tell(reading);
    await settled();
    if (what === 'slow') t.strictSame(heardOf(scene, three), { passed: three.length, behind: Buffer.alloc(0) });
    else isCut(t, scene, three, HEAD_PACKETS + LIMIT, /exceeds 2 rows/);
  });
}

t.test('does not wait for the client\'s pace in audit mode', async (t) => {
  const scene = await startPaced(t, [], new Promise(() => undefined), { mode: 'audit' });
  await respond(scene, SELECT, FIVE);
  t.strictSame(heardOf(scene, FIVE), { passed: FIVE.length, behind: Buffer.alloc(0) });
  t.match(scene.records, [{ action: 'would-cut', rows: 5 }], 'what is known at its end decides');
});

t.test('does nothing when a client leaves while its pace is watched', async (t) => {
  const timers = fakeTimers(t);
  let tell = (_: PaceReading): void => undefined;
  const scene = await startPaced(t, [], new Promise((resolve) => (tell = resolve)));
  await respond(scene, SELECT, FIVE);
  scene.client.socket.resetAndDestroy();
  await settled();
  tell(FAST);
  await settled();
  t.match(scene.endings(), [{ by: 'client', reason: 'ECONNRESET' }]);
  t.strictSame(scene.records.filter(({ action }) => action === 'cut'), []);
  t.strictSame([scene.left(), timers.count], [NOTHING_LEFT, 0]);
});

t.test('an error in watching the pace ends only its session', async (t) => {
  let fail = (_: Error): void => undefined;
  const scene = await startPaced(t, [], new Promise((_, reject) => (fail = reject)));
  await respond(scene, SELECT, FIVE);
  fail(new Error('made by the test'));
  t.equal(await scene.client.ended(), 'FIN');
  t.match(scene.log.filter(({ level }) => level === 'error'), [{ err: { message: 'made by the test' } }]);
});

// Results of cursors.

t.test('does not hold back rows of a server-side cursor', async (t) => {
  const scene = await start(t, HOLD);
  await scene.play(ask(prepare(SELECT)), answer(...preparedAnswer('eof', 1, 1, 0)));
  const cursor = resultSet('eof', [], { statusFlags: Status.AUTOCOMMIT | Status.CURSOR_EXISTS }).slice(0, HEAD_PACKETS);
  await scene.play(ask(execute(1, 1)), answer(...cursor), ask(fetch(1, 2)));
  scene.server.say(packetsFrom(1, ...rows(LIMIT)));
  await settled();
  t.equal(heardOf(scene, rows(LIMIT)).passed, LIMIT, 'its client asks for more once it has these');
});

// The rest of a cut response.

/** A killer, and how often it was asked. */
const killer = (): { readonly killer: Pick<Killer, 'kill'>, readonly asked: () => number } => {
  let count = 0;
  return {
    killer: {
      kill: () => {
        count += 1;
        return Promise.resolve('killed');
      },
    },
    asked: () => count,
  };
};
const KILL: ProxySettings = { kill: { user: 'killer', password: 'secret' } };

t.test('kills a single read-only statement that is cut', async (t) => {
  const { killer: fake, asked } = killer();
  const scene = await start(t, KILL, { shared: { killer: fake } });
  await respond(scene, SELECT, FIVE.slice(0, -1));
  scene.server.say(packetsFrom(FIVE.length, err(1317)));
  await settled();
  t.equal(asked(), 1);
  t.match(scene.records, [{ action: 'cut', outcome: 'killed', serverError: { code: 1317 } }]);
});

t.test('says that a statement was killed only if that has ended it', async (t) => {
  const scene = await start(t, KILL, { shared: { killer: killer().killer } });
  await respond(scene, SELECT, FIVE.slice(0, -1));
  scene.server.say(packetsFrom(FIVE.length, err(1205)));
  await settled();
  t.match(scene.records, [{ action: 'cut', outcome: 'drained', complete: true, serverError: { code: 1205 } }]);
});

t.test('withdraws the order to kill when the response has come to its end', async (t) => {
  let order: AbortSignal | null = null;
  const waiting: Pick<Killer, 'kill'> = {
    kill: (_, signal) => {
      order = signal ?? null;
      return new Promise((resolve) => signal?.addEventListener('abort', () => resolve('failed')));
    },
  };
  const scene = await start(t, KILL, { shared: { killer: waiting } });
  await respond(scene, SELECT, FIVE.slice(0, -1));
  t.match(order, { aborted: false });
  scene.server.say(packetsFrom(FIVE.length, ...FIVE.slice(-1)));
  await settled();
  t.match(order, { aborted: true });
  t.match(scene.records, [{ action: 'cut', outcome: 'drained' }]);
  await scene.play(...NEXT);
});

for (const sql of [`${SELECT}; INSERT INTO t VALUES (1)`, 'CALL report()']) {
  t.test(`does not kill a statement that may change something, such as ${sql}`, async (t) => {
    const { killer: fake, asked } = killer();
    const scene = await start(t, KILL, { shared: { killer: fake } });
    await respond(scene, sql, FIVE);
    t.equal(asked(), 0);
    t.match(scene.records, [{ action: 'cut', outcome: 'drained' }]);
  });
}

t.test('does not kill a statement when another was sent after it', async (t) => {
  const { killer: fake, asked } = killer();
  const scene = await start(t, KILL, { shared: { killer: fake } });
  await scene.play(ask(query(SELECT)), NEXT[0]);
  scene.server.say(packetsFrom(1, ...FIVE));
  await settled();
  t.equal(asked(), 0);
});

t.test('stops discarding a response beyond drain.bytes', async (t) => {
  const timers = fakeTimers(t);
  const scene = await start(t, { drain: { bytes: 2 * ROW_BYTES } });
  await respond(scene, SELECT, FIVE);
  t.equal(await scene.client.ended(), 'FIN');
  scene.client.socket.end();
  await settled();
  t.match(scene.endings(), [{ reason: 'the rest of a cut response was more than drain.bytes' }]);
  const givenUp = [...scene.shared.metrics.drainsGivenUp.all()].filter(({ count }) => count > 0);
  t.match(givenUp, [{ labels: { reason: 'bytes' } }]);
  t.strictSame([scene.left(), timers.count], [NOTHING_LEFT, 0]);
});

for (const [bound, isAsking] of Object.entries({ time: false, waiting: true })) {
  t.test(`stops discarding a response beyond drain.${bound}`, async (t) => {
    const timers = fakeTimers(t);
    const scene = await start(t, { drain: { time: '50s', waiting: '5s' } });
    await respond(scene, SELECT, FIVE.slice(0, -1));
    scene.client.forget();
    if (isAsking) scene.client.say(NEXT[0].bytes);
    await settled();
    timers.pass(5000);
    await settled();
    t.equal(scene.client.hasHeardEnd, isAsking);
    timers.pass(45_000);
    t.equal(await scene.client.ended(), 'FIN');
    if (isAsking) t.match(decodeErr(scene.client.heard.subarray(4)), { code: 1927, message: /was not run/ });
    scene.client.socket.end();
    await settled();
    t.match(scene.records, [{ action: 'cut', outcome: 'closed', complete: false }]);
    t.strictSame([scene.left(), timers.count], [NOTHING_LEFT, 0]);
  });
}

t.test('closes the session after the error when the driver loses step', async (t) => {
  const scene = await beginSession(t, limited());
  const attributes = new Map([['_client_name', 'MariaDB Connector/J'], ['_client_version', '3.5.11']]);
  await scene.play(...login('eof', { attributes }));
  await respond(scene, SELECT, FIVE);
  isCut(t, scene, FIVE, HEAD_PACKETS + LIMIT, /exceeds 2 rows/);
  t.ok(scene.client.hasHeardEnd && scene.server.hasHeardEnd);
  scene.client.socket.end();
  await settled();
  t.match(scene.endings(), [{ reason: /driver that loses step/ }]);
});
