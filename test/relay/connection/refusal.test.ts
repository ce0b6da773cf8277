import t, { type Test } from 'tap';
import { decodeErr } from '../../../src/protocol/packets.js';
import type { MemoryCgroup } from '../../../src/config/cgroup.js';
import { MemoryWatch } from '../../../src/relay/connection/memoryWatch.js';
import { Refusals } from '../../../src/relay/connection/refusal.js';
import { History, type PastEvent } from '../../../src/telemetry/history.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { fakeTimers, type FakeTimers } from '../../support/fakeTimers.js';
import type { Entry } from '../../support/inProcess.js';
import { keptLog } from '../../support/keptLog.js';
import { memoryPair, settled } from '../../support/memorySocket.js';
import { End } from '../../support/pairs.js';

// Clients for whose sessions there is no room.

/** The number of clients that get an error at the same time. */
const MAX_TOLD = 1000;

interface Scene {
  readonly log: Entry[];
  readonly metrics: Metrics;
  /** All events so far. */
  events(): readonly PastEvent[];
  readonly timers: FakeTimers;
  readonly refusals: Refusals;
  /** A client connects, and is turned away. */
  turnAway(): End;
  /** A client connects while this many are there. @returns null if it is admitted */
  connect(sessions: number): End | null;
}

const start = (t: Test, cgroup: Pick<MemoryCgroup, 'read'> = { read: () => [] }): Scene => {
  const { log, entries } = keptLog();
  const [metrics, timers, history] = [new Metrics(), fakeTimers(t), new History()];
  const refusals = new Refusals(log, metrics, history, new MemoryWatch(cgroup));
  const connect = (sessions: number): End | null => {
    const { accepted, connected } = memoryPair();
    t.teardown(() => connected.destroy());
    return refusals.turnAway(accepted, sessions, 5) ? new End(connected) : null;
  };
  return {
    log: entries, metrics, timers, refusals, connect, turnAway: () => connect(5)!, events: () => history.after(0),
  };
};

t.test('sends error 1040 to a client beyond connections.max, and closes its connection', async (t) => {
  const { turnAway, log, metrics, timers } = start(t);
  const client = turnAway();
  t.equal(await client.ended(), 'FIN');
  t.match(decodeErr(client.heard.subarray(4)), {
    code: 1040, message: 'sluice: Too many connections: connections.max is 5',
  });
  t.match(log, [{ level: 'warn', client: '10.0.0.7:40000', max: 5 }]);
  await settled();
  t.strictSame([metrics.turnedAway, timers.count], [1, 0]);
});

t.test('says once a minute that connections.max is reached, in the log and as an event', async (t) => {
  const { turnAway, log, events, metrics } = start(t);
  for (const client of [turnAway(), turnAway(), turnAway()]) await client.ended();
  const msg = 'connections.max is reached: a client is turned away';
  t.match(log, [{ level: 'warn', client: '10.0.0.7:40000', sessions: 5, max: 5, msg }]);
  t.equal(log.length, 1);
  t.match(events(), [{
    kind: 'turned-away', reason: 'connections.max', client: '10.0.0.7:40000', sessions: 5, max: 5, inAll: 1, message: msg,
  }]);
  t.equal(events().length, 1);
  t.equal(metrics.turnedAway, 3, 'each is counted');
});

t.test('closes connections without an error while too many clients have not read theirs', async (t) => {
  const { turnAway, metrics, timers } = start(t);
  const slow = Array.from({ length: MAX_TOLD }, () => turnAway());
  const next = turnAway();
  await next.ended();
  t.equal(next.heardBytes, 0);
  await Promise.all(slow.map((client) => client.ended()));
  await settled();
  const later = turnAway();
  await later.ended();
  t.ok(later.heardBytes > 0, 'once they have, others are told again');
  await settled();
  t.strictSame([metrics.turnedAway, timers.count], [MAX_TOLD + 2, 0]);
});

t.test('sends error 1040 while memory is short, logs it once and counts each', async (t) => {
  const { connect, log, metrics, events } = start(t, { read: () => [{ limitBytes: 100, usedBytes: 91 }] });
  const clients = [connect(1), connect(4)];
  for (const client of clients) {
    t.equal(await client!.ended(), 'FIN');
    t.match(decodeErr(client!.heard.subarray(4)), {
      code: 1040, message: 'sluice: Too many connections: the memory limit of Sluice is near',
    });
  }
  const msg = 'the memory limit is near: a client is turned away';
  t.match(log, [{ level: 'warn', client: '10.0.0.7:40000', sessions: 1, limitBytes: 100, usedBytes: 91, msg }]);
  t.equal(log.length, 1);
  t.match(events(), [{ kind: 'turned-away', reason: 'memory', limitBytes: 100, usedBytes: 91, sessions: 1, inAll: 1 }]);
  t.equal(events().length, 1);
  t.strictSame([metrics.memoryRefusals, metrics.turnedAway], [2, 2]);
});

t.test('admits a client when no other is there, however short memory is', (t) => {
  const { connect, metrics, refusals } = start(t, { read: () => [{ limitBytes: 100, usedBytes: 100 }] });
  t.equal(connect(0), null);
  t.strictSame([refusals.isMemoryShort(0), refusals.isMemoryShort(1)], [false, true]);
  t.strictSame([metrics.memoryRefusals, metrics.turnedAway], [0, 0]);
  t.end();
});
