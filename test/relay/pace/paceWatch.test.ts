import t from 'tap';
import { PaceWatch, type WatchedSession } from '../../../src/relay/pace/paceWatch.js';
import { SocketQueueReader, type SocketQueues } from '../../../src/relay/pace/socketQueues.js';
import { leapingTime } from '../../support/leapingTime.js';

const SETTINGS = { waitMs: 100, maxRowsPerSecond: 4000, maxBytesPerSecond: 128 * 1024 ** 2 };
const ROW_BYTES = 200;
const ROWS = 10_000;
const PROGRESS = {
  rows: ROWS, bytes: ROWS * ROW_BYTES, wireBytes: ROWS * ROW_BYTES, waitedMs: 0, elapsedMs: 10_000,
};
const NOTHING = { rows: 0, bytes: 0, wireBytes: 0, waitedMs: 0, elapsedMs: 0 };
const WAITED_FOR = { isClientWaitedFor: true };
const NETWORK = { isClientWaitedFor: false };
const watch = new PaceWatch(new SocketQueueReader(), SETTINGS);

/** A client in which each look sees the next of these states, and the last one forever. */
const client = (...seen: readonly Partial<SocketQueues>[]): WatchedSession & { looks: number } => {
  const session = {
    looks: 0,
    isOver: false,
    responses: { isClientWaitedFor: true, writtenBytes: PROGRESS.wireBytes },
    connections: {
      clientQueue: {
        pendingBytes: 0,
        look: () => {
          const queues = seen[Math.min(session.looks, seen.length - 1)]!;
          session.looks += 1;
          const nothing = { unacknowledgedBytes: 0, unreadBytes: null, isClientFull: false, hasClientEnded: false };
          return Promise.resolve({ ...nothing, ...queues });
        },
      },
    },
  };
  return session;
};

/** The same client on a slow network. */
const overNetwork = (session: WatchedSession): WatchedSession =>
  ({ ...session, responses: { ...session.responses, ...NETWORK } });

t.test('a client that has taken everything at the first look is not slow, and is looked at once', async (t) => {
  leapingTime(t);
  const taken = client({ unacknowledgedBytes: 0, unreadBytes: 0 });
  t.strictSame(await watch.watch(taken, PROGRESS, NOTHING), { isSlow: false, rowsPerSecond: null });
  t.equal(taken.looks, 1);
});

t.test('a client that cannot be seen is not slow', async (t) => {
  leapingTime(t);
  t.strictSame(
    await watch.watch(client({ unacknowledgedBytes: null }), PROGRESS, NOTHING), { isSlow: false, rowsPerSecond: null },
  );
});

t.test('a client that takes nothing while it has something to read is slow', async (t) => {
  leapingTime(t);
  const still = client({ unacknowledgedBytes: 1_000_000, isClientFull: true });
  t.strictSame(await watch.watch(still, PROGRESS, NOTHING), { isSlow: true, rowsPerSecond: 0 });
  const local = client({ unacknowledgedBytes: 0, unreadBytes: 100_000 });
  t.match(await watch.watch(local, PROGRESS, NOTHING), { isSlow: true });
});

t.test('a client is not slow when the network takes nothing', async (t) => {
  leapingTime(t);
  const lost = client({ unacknowledgedBytes: 1_000_000, isClientFull: false });
  t.match(await watch.watch(lost, PROGRESS, NOTHING), { isSlow: false });
});

t.test('finds a client fast that empties its queue before the watch is over', async (t) => {
  leapingTime(t);
  const fast = client(
    { unacknowledgedBytes: 1_500_000, isClientFull: true }, { unacknowledgedBytes: 100_000, isClientFull: true },
  );
  const { isSlow, rowsPerSecond } = await watch.watch(fast, PROGRESS, NOTHING);
  t.notOk(isSlow);
  t.ok(rowsPerSecond! > SETTINGS.maxRowsPerSecond);
  t.equal(fast.looks, 2);
});

t.test('a client that has taken a few rows after a moment is not slow, since it may not have been ' +
  'running', async (t) => {
  leapingTime(t);
  const few = { rows: 5, bytes: 5 * ROW_BYTES, wireBytes: 5 * ROW_BYTES, waitedMs: 0, elapsedMs: 0 };
  const unread = { unacknowledgedBytes: 0, unreadBytes: few.bytes };
  const late = client(unread, unread, unread, { unacknowledgedBytes: 0, unreadBytes: 0 });
  t.match(await watch.watch(late, few, NOTHING), { isSlow: false });
});

t.test('a client that soon has all rows is slow when the response waited long enough before', async (t) => {
  leapingTime(t);
  const few = { rows: 100, bytes: 100 * ROW_BYTES, wireBytes: 100 * ROW_BYTES, waitedMs: 90, elapsedMs: 90 };
  const soon = (): WatchedSession =>
    client({ unacknowledgedBytes: 0, unreadBytes: few.bytes / 4 }, { unacknowledgedBytes: 0, unreadBytes: 0 });
  t.match(await watch.watch(soon(), few, NOTHING), { isSlow: true });
  t.match(
    await watch.watch(client({ unreadBytes: 0 }), few, NOTHING), { isSlow: true },
    'also where it has all of it at once',
  );
  t.match(
    await watch.watch(overNetwork(soon()), few, NOTHING), { isSlow: false }, 'but not where it was the network',
  );
  t.match(
    await watch.watch(soon(), { ...few, rows: 10_000 }, NOTHING), { isSlow: false }, 'nor where it took many rows',
  );
  t.match(await watch.watch(soon(), { ...few, waitedMs: 10 }, NOTHING), { isSlow: false }, 'nor in a moment');
});

t.test('one step of a receive buffer does not make a slow client fast', async (t) => {
  leapingTime(t);
  const step = client(
    { unacknowledgedBytes: 1_000_000, isClientFull: true }, { unacknowledgedBytes: 960_000, isClientFull: true },
  );
  t.match(await watch.watch(step, PROGRESS, NOTHING), { isSlow: true });
});

t.test('a driver that has read 128 KiB at once does not make a slow client fast', async (t) => {
  leapingTime(t);
  const before = { unacknowledgedBytes: 1_000_000, isClientFull: true };
  const after = { unacknowledgedBytes: 868_000, isClientFull: true };
  t.match(await watch.watch(client(before, after), PROGRESS, NOTHING), { isSlow: true });
  t.match(await watch.watch(client(before, before, after), PROGRESS, NOTHING), { isSlow: true }, 'also a moment later');
});

t.test('a client that takes 128 KiB at every look is fast', async (t) => {
  leapingTime(t);
  const looks = [10, 8.7, 7.4, 6.1, 4.8].map((size) => ({ unacknowledgedBytes: size * 100_000, isClientFull: true }));
  t.match(await watch.watch(client(...looks), PROGRESS, NOTHING), { isSlow: false });
});

t.test('a client on this host is waited for, whether or not it has something to read at a look', async (t) => {
  leapingTime(t);
  const local = client({ unacknowledgedBytes: 300_000, unreadBytes: 0 });
  t.match(await watch.watch(local, PROGRESS, NOTHING), { isSlow: true });
});

t.test('does not count bytes as taken that leave one of two queues after standing in both', async (t) => {
  leapingTime(t);
  const inBoth = client(
    { unacknowledgedBytes: 500_000, unreadBytes: 500_000 }, { unacknowledgedBytes: 0, unreadBytes: 490_000 },
  );
  t.match(await watch.watch(inBoth, PROGRESS, NOTHING), { isSlow: true });
});

t.test('the end of a session ends the watch', async (t) => {
  leapingTime(t);
  const gone = { ...client({ unacknowledgedBytes: 1_000_000 }), isOver: true };
  t.match(await watch.watch(gone, PROGRESS, NOTHING), { isSlow: false });
});

t.test('finds a client slow from its pace so far, without a look', (t) => {
  t.strictSame(
    watch.soFar(WAITED_FOR, { ...PROGRESS, waitedMs: 10_000 }, NOTHING), { isSlow: true, rowsPerSecond: 1000 },
  );
  t.end();
});

t.test('does not find a client fast whose rows may all be in the kernel', (t) => {
  t.equal(watch.soFar(WAITED_FOR, { ...PROGRESS, waitedMs: 1000 }, NOTHING), null);
  t.equal(watch.soFar(WAITED_FOR, { ...PROGRESS, waitedMs: 50 }, NOTHING), null, 'it was waited for only a moment');
  t.end();
});

t.test('finds a client fast at the first look that has taken many rows since the first row', async (t) => {
  leapingTime(t);
  const fast = client({ unacknowledgedBytes: 100_000, isClientFull: true });
  t.match(await watch.watch(fast, { ...PROGRESS, waitedMs: 200, elapsedMs: 1000 }, NOTHING), { isSlow: false });
  t.equal(fast.looks, 1);
});

t.test('rows in the queues of the kernel do not make a slow client fast', async (t) => {
  leapingTime(t);
  const slow = client({ unacknowledgedBytes: 1_950_000, isClientFull: true });
  t.match(await watch.watch(slow, { ...PROGRESS, waitedMs: 700, elapsedMs: 700 }, NOTHING), { isSlow: true });
  t.equal(slow.looks, 1);
});

t.test('rows that went out while nobody waited do not make a slow client fast', async (t) => {
  leapingTime(t);
  const slow = client({ unacknowledgedBytes: 100_000, isClientFull: true });
  t.match(await watch.watch(slow, { ...PROGRESS, waitedMs: 700, elapsedMs: 30_000 }, NOTHING), { isSlow: true });
});

t.test('gives no verdict on the pace so far when nothing waited for the client', (t) => {
  t.equal(watch.soFar(WAITED_FOR, PROGRESS, NOTHING), null);
  t.equal(watch.soFar(NETWORK, { ...PROGRESS, waitedMs: 10_000 }, NOTHING), null, 'it was the network');
  t.end();
});

t.test('counts only what was sent since the last look at the next', async (t) => {
  leapingTime(t);
  const before = { ...PROGRESS, waitedMs: 10_000 };
  const now = {
    rows: 2 * ROWS, bytes: 2 * PROGRESS.bytes, wireBytes: 2 * PROGRESS.wireBytes, waitedMs: 10_900, elapsedMs: 11_000,
  };
  const reader = client({ unacknowledgedBytes: 100_000, isClientFull: true });
  t.equal(watch.soFar(WAITED_FOR, now, before), null);
  t.match(await watch.watch(reader, now, before), { isSlow: false }, 'row by row at first, then as fast as it could');
});
