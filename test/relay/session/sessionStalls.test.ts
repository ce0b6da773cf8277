import t, { type Test } from 'tap';
import type { ConversationObserver } from '../../../src/conversation/conversationObserver.js';
import { Budget } from '../../../src/policy/budget.js';
import { Guard } from '../../../src/policy/guard.js';
import { StallWatch } from '../../../src/relay/pace/stallWatch.js';
import { Enforcer } from '../../../src/relay/session/enforcer.js';
import { Recorder } from '../../../src/relay/session/recorder.js';
import { Supervisor } from '../../../src/relay/session/supervisor.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { fakeSession } from '../../support/fakeSession.js';
import { queryCommand, settings } from '../../support/governed.js';

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
  /** The client takes nothing for `ms`; then Sluice reads `thenBytes` more from the server. */
  stall(ms: number, thenBytes: number): void;
}

const responding = (t: Test): Scene => {
  const config = settings(t, {});
  const [records, warnings]: [Scene['records'], Scene['warnings']] = [[], []];
  const stalls = new StallWatch();
  const responses = { totalStallMs: 0, stalledMs: 0, writtenBytes: 0, hasHandedOver: true };
  const upstreamTcp = { bytesRead: 0 };
  const session = fakeSession({
    responses,
    connections: { upstreamTcp, upstreamRemote: () => null, upstreamBuffer: { taken: () => undefined } },
    encryption: { upstreamTls: { forControlConnections: null } },
    origin: () => ({ user: 'app', schema: '', client: '', program: null, connectionId: 1, session: 1 }),
    sayGoodbye: () => undefined,
    log: { warn: (details, msg) => void warnings.push({ ...details, msg } as Scene['warnings'][number]) },
    shared: {
      config, stalls, guard: new Guard(config, () => 0), budget: new Budget(Infinity), metrics: new Metrics(),
      timeouts: null, statistics: null, audit: { write: (record) => void records.push({ ...record }) },
    },
  });
  const recorder = new Recorder(session);
  const supervisor = new Supervisor(session, new Enforcer(session, recorder), recorder, OBSERVER, '');
  const { conversation } = supervisor;
  Object.assign(session, { conversation });
  t.teardown(() => supervisor.stalls.stop());
  Object.defineProperty(conversation.server, 'usage', { value: supervisor.newUsage(SELECT), configurable: true });
  return {
    supervisor, records, warnings,
    stall: (ms, thenBytes) => {
      supervisor.stalled(true);
      responses.totalStallMs += ms;
      if (supervisor.stalls.isNearLoss) supervisor.stalls.nearLoss(false);
      supervisor.stalled(false);
      upstreamTcp.bytesRead += thenBytes;
    },
  };
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
  supervisor.statementDone(Object.assign(queryCommand('SET net_write_timeout=10'), { answerCount: 1 }), false);
  for (let i = 0; i < 4; i += 1) stall(4000, 2000 * KIB);
  t.ok(supervisor.stalls.upstreamEnded());
  t.match(warnings.at(-1), {
    serverWaitMs: 4000, netWriteTimeoutMs: 10_000, msg: /^the server closed the connection in the middle of a response/,
  });
  supervisor.close('upstream-gone');
  t.match(records.at(-1), { event: 'stall', serverGaveUp: true, outcome: 'upstream-gone', complete: false });
  t.end();
});

t.test('does not say that a server gave up which ended early or hardly waited', (t) => {
  const early = responding(t);
  early.stall(9000, 0);
  t.notOk(early.supervisor.stalls.upstreamEnded(), 'whoever knows nothing of its time takes it for ten seconds at least');
  const busy = responding(t);
  for (let i = 0; i < 100; i += 1) busy.stall(1000, 2000 * KIB);
  t.notOk(busy.supervisor.stalls.upstreamEnded(), 'all together is no matter');
  busy.supervisor.close('upstream-gone');
  t.strictSame([...early.records, ...busy.records, ...busy.warnings], []);
  t.end();
});
