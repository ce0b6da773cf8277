import t, { type Test } from 'tap';
import type { Remote } from '../../../src/control/controlConnection.js';
import type { ServerTimeouts } from '../../../src/control/serverTimeouts.js';
import type { ConversationObserver } from '../../../src/conversation/conversationObserver.js';
import { Budget } from '../../../src/policy/budget.js';
import { Guard } from '../../../src/policy/guard.js';
import { Sampler } from '../../../src/policy/sampler.js';
import { StallWatch } from '../../../src/relay/pace/stallWatch.js';
import { Enforcer } from '../../../src/relay/session/enforcer.js';
import { Recorder } from '../../../src/relay/session/recorder.js';
import { Supervisor } from '../../../src/relay/session/supervisor.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { fakeSession } from '../../support/fakeSession.js';
import { fakeTimers } from '../../support/fakeTimers.js';
import { queryCommand, settings } from '../../support/governed.js';
import { settled } from '../../support/memorySocket.js';

// The warnings and records about a server that waits for its client, on a simulated clock.

const SELECT = queryCommand('SELECT * FROM big');
const KIB = 1024;
const nothing = (): void => undefined;
const OBSERVER: ConversationObserver = { greeted: nothing, identified: nothing, ready: nothing, unparsed: nothing };

interface Scene {
  readonly supervisor: Supervisor;
  readonly records: Record<string, unknown>[];
  readonly warnings: {
    readonly serverWaitMs: number; readonly netWriteTimeoutMs: number | null; readonly msg: string,
  }[];
  /** The time for which the client has not read, in ms. */
  readonly responses: { stalledMs: number };
  /** All stalled sessions. */
  readonly stalls: StallWatch;
  /** A mark that changes when the client reads; null when that is unknown. */
  mark: string | null;
  /** The client takes nothing for `ms`; then Sluice reads `thenBytes` more from the server. */
  stall(ms: number, thenBytes: number): void;
}

/** @param timeouts the server's own time-outs */
const responding = (t: Test, timeouts: Pick<ServerTimeouts, 'netWriteTimeoutMs'> | null = null): Scene => {
  const config = settings(t, {});
  const [records, warnings]: [Scene['records'], Scene['warnings']] = [[], []];
  const stalls = new StallWatch();
  const responses = { totalStallMs: 0, stalledMs: 0, writtenBytes: 0, hasHandedOver: true };
  const upstreamTcp = { bytesRead: 0 };
  const session = fakeSession({
    responses, requests: { flow: { unblock: () => undefined } },
    connections: { upstreamTcp, upstreamRemote: () => ({}) as Remote, upstreamBuffer: { taken: () => undefined } },
    origin: () => ({ user: 'app', schema: '', client: '', program: null, connectionId: 1, session: 1, upstream: 'db:3306' }),
    sayGoodbye: () => undefined,
    log: { warn: (details, msg) => void warnings.push({ ...details, msg } as Scene['warnings'][number]) },
    shared: {
      config, stalls, guard: new Guard(config, () => 0), budget: new Budget(Infinity), metrics: new Metrics(),
      pace: { readMark: () => Promise.resolve(scene.mark) },
      timeouts, statistics: null, sampler: new Sampler(config.audit.sample, () => 1, () => undefined),
      audit: { write: (record) => void records.push({ ...record }) },
    },
  });
  const recorder = new Recorder(session);
  const supervisor = new Supervisor(session, new Enforcer(session, recorder), recorder, OBSERVER, '');
  const { conversation } = supervisor;
  Object.assign(session, { conversation });
  t.teardown(() => supervisor.stalls.stop());
  Object.defineProperty(conversation.server, 'usage', { value: supervisor.newUsage(SELECT), configurable: true });
  const scene: Scene = {
    supervisor, records, warnings, responses, stalls, mark: 'unread',
    stall: (ms, thenBytes) => {
      supervisor.stalled(true);
      responses.totalStallMs += ms;
      if (supervisor.stalls.isNearLoss) supervisor.stalls.nearLoss(false);
      supervisor.stalled(false);
      upstreamTcp.bytesRead += thenBytes;
    },
  };
  return scene;
};

t.test('warns once at half of net_write_timeout when a client reads too little for the server to write', (t) => {
  const { supervisor, records, warnings, stall } = responding(t);
  for (let i = 0; i < 29; i += 1) stall(1000, 32 * KIB);
  t.strictSame([records, warnings], [[], []]);
  stall(1000, 32 * KIB);
  t.match(
    warnings,
    [{ serverWaitMs: 30_000, msg: /read faster, or set streaming\.netWriteTimeout or a larger net_write_timeout/ }],
  );
  t.match(records, [{ event: 'stall', action: 'warn', serverGaveUp: false, outcome: null }]);
  for (let i = 0; i < 10; i += 1) stall(1000, 32 * KIB);
  t.equal(warnings.length, 1);
  supervisor.newUsage(SELECT);
  stall(30_000, 0);
  t.equal(warnings.length, 2, 'and again for another response');
  t.end();
});

t.test('does not warn of a slow reader while the server goes on writing', (t) => {
  const { warnings, stall } = responding(t);
  for (let i = 0; i < 100; i += 1) stall(10_000, 1500 * KIB);
  t.strictSame(warnings, []);
  t.end();
});

t.test('says that the server gave up a client that kept reading, with its longest wait', (t) => {
  const { supervisor, records, warnings, stall } = responding(t);
  const set = Object.assign(queryCommand('SET net_write_timeout=10'), { answerCount: 1 });
  supervisor.statementDone(set, { schema: null, characterSet: null });
  for (let i = 0; i < 4; i += 1) stall(4000, 2000 * KIB);
  t.ok(supervisor.stalls.upstreamEnded());
  t.match(warnings.at(-1), {
    serverWaitMs: 4000, netWriteTimeoutMs: 10_000, msg: /^the server closed the connection in the middle of a response/,
  });
  supervisor.close('upstream-gone');
  t.match(records.at(-1), { event: 'stall', serverGaveUp: true, outcome: 'upstream-gone', complete: false });
  t.end();
});

t.test('does not say that a server gave up if it ended early or hardly waited', (t) => {
  const early = responding(t);
  early.stall(9000, 0);
  t.notOk(
    early.supervisor.stalls.upstreamEnded(), 'whoever knows nothing of its time takes it for ten seconds at least',
  );
  const busy = responding(t);
  for (let i = 0; i < 100; i += 1) busy.stall(1000, 2000 * KIB);
  t.notOk(busy.supervisor.stalls.upstreamEnded(), 'all together is no matter');
  busy.supervisor.close('upstream-gone');
  t.strictSame([...early.records, ...busy.records, ...busy.warnings], []);
  t.end();
});

// The looks at a client that does not read.

const WARN_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 250;

t.test('records a client once when it has read nothing for stall.warnAfter', async (t) => {
  const timers = fakeTimers(t);
  const { supervisor, records, responses } = responding(t);
  supervisor.stalled(true);
  for (const stalledMs of [WARN_AFTER_MS / 2, WARN_AFTER_MS - 1]) {
    responses.stalledMs = stalledMs;
    timers.pass(LOOK_EVERY_MS);
    await settled();
    t.strictSame(records, []);
  }
  for (const stalledMs of [WARN_AFTER_MS, 2 * WARN_AFTER_MS, 3 * WARN_AFTER_MS]) {
    responses.stalledMs = stalledMs;
    timers.pass(LOOK_EVERY_MS);
    await settled();
    t.match(records, [{ event: 'stall', action: 'warn', outcome: null, serverGaveUp: false }]);
    t.equal(records.length, 1);
  }
});

t.test('does not record a client that reads a little while its buffers stay full', async (t) => {
  const timers = fakeTimers(t);
  const scene = responding(t);
  scene.supervisor.stalled(true);
  for (const stalledMs of [WARN_AFTER_MS / 2, WARN_AFTER_MS]) {
    scene.responses.stalledMs = stalledMs;
    timers.pass(LOOK_EVERY_MS);
    scene.mark = 'read';
    await settled();
  }
  t.strictSame(scene.records, []);
});

t.test('stops looking at a client that reads again', async (t) => {
  const timers = fakeTimers(t);
  const { supervisor, records, responses, stalls } = responding(t);
  supervisor.stalled(true);
  t.strictSame([stalls.count, timers.count], [1, 1]);
  supervisor.stalled(false);
  t.equal(stalls.count, 0);
  responses.stalledMs = WARN_AFTER_MS;
  timers.pass(LOOK_EVERY_MS);
  await settled();
  t.strictSame([records, timers.count], [[], 0], 'no timer runs while all clients read');
});

t.test('asks the server for its net_write_timeout at the first stall, and warns at half of that', async (t) => {
  let askedCount = 0;
  const { stall, warnings } = responding(t, {
    netWriteTimeoutMs: () => {
      askedCount += 1;
      return Promise.resolve(20_000);
    },
  });
  stall(5000, 0);
  await settled();
  stall(4000, 0);
  t.strictSame([askedCount, warnings], [1, []]);
  stall(1000, 0);
  t.match(warnings, [{ serverWaitMs: 10_000, netWriteTimeoutMs: 20_000 }]);
  t.equal(askedCount, 1);
});
