import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Metrics } from '../../../src/telemetry/metrics.js';
import type { GovernedUsage } from '../../../src/policy/governedUsage.js';
import { judge } from '../../../src/policy/judgement.js';
import { Sampler } from '../../../src/policy/sampler.js';
import { Recorder } from '../../../src/relay/session/recorder.js';
import { fakeSession } from '../../support/fakeSession.js';
import { govern, queryCommand, settings } from '../../support/governed.js';

const ROWS = 10;
const ROW_BYTES = 100;
const LIMITED = { limits: { rows: 2 } };

/** A session for which the test says when the kernel has everything that was sent. */
interface Scene {
  readonly recorder: Recorder;
  readonly records: Record<string, unknown>[];
  nowMs: number;
  schema: string;
  hasPassedOn: boolean;
  /** The kernel takes all. */
  take(): void;
}

const start = (t: Test): Scene => {
  const config = settings(t, { ...LIMITED, audit: { sample: { rows: 0 } } });
  const records: Scene['records'] = [];
  const taken: (() => void)[] = [];
  const session = fakeSession({
    origin: () => ({ user: 'app', schema: scene.schema, client: '', program: null, connectionId: 1, session: 1, upstream: 'db:3306' }),
    conversation: { options: { now: () => scene.nowMs } },
    responses: {
      totalStallMs: 0,
      get hasPassedOn() { return scene.hasPassedOn; },
      whenTaken: (then) => void taken.push(then),
    },
    shared: {
      config, metrics: new Metrics(), statistics: null,
      sampler: new Sampler(config.audit.sample, () => 1, () => undefined),
      audit: { write: (record) => void records.push({ ...record }) },
    },
  });
  const scene: Scene = {
    recorder: new Recorder(session), records, nowMs: 0, schema: 'shop', hasPassedOn: true,
    take: () => {
      for (const then of taken.splice(0)) then();
    },
  };
  return scene;
};

/** A complete result of some rows: a sample, or one with a judgement. */
const result = (t: Test, number: number, isJudged = false): GovernedUsage => {
  const { usage } = govern(t, { ...LIMITED, mode: 'audit' }, queryCommand(`SELECT ${number}`, number));
  Object.assign(usage, { rows: ROWS, bytes: ROWS * ROW_BYTES, resultSets: 1 });
  if (isJudged) usage.judgement = judge(usage, 'rows', false);
  return usage;
};

const end = (recorder: Recorder, usage: GovernedUsage): void => recorder.result(usage, 'completed', true, null, 0);

t.test('records results once the kernel has everything forwarded, in the order of their ends', async (t) => {
  const scene = start(t);
  const { recorder, records } = scene;
  scene.nowMs = 5;
  end(recorder, result(t, 1));
  scene.nowMs = 6;
  scene.schema = 'attic';
  end(recorder, result(t, 2, true));
  await nextTurn();
  scene.nowMs = 100;
  t.strictSame(records, []);
  scene.take();
  t.match(records, [
    { action: 'sample', sql: 'SELECT 1', forwardedRows: ROWS, outcome: 'completed', durationMs: 5, schema: 'shop' },
    { action: 'would-cut', sql: 'SELECT 2', forwardedRows: ROWS, outcome: 'completed', durationMs: 6, schema: 'attic' },
  ]);
  recorder.close(true, 'client-gone');
  scene.take();
  t.equal(records.length, 2, 'each once');
});

t.test('delays a record while decided bytes have not gone on', async (t) => {
  const scene = start(t);
  const { recorder, records } = scene;
  scene.hasPassedOn = false;
  end(recorder, result(t, 1));
  await nextTurn();
  scene.take();
  t.strictSame(records, []);
  scene.hasPassedOn = true;
  recorder.handOver();
  scene.take();
  t.match(records, [{ sql: 'SELECT 1', forwardedRows: ROWS }]);
});

t.test('counts as forwarded only what the kernel was handed when the client leaves', async (t) => {
  const { recorder, records } = start(t);
  const [half, whole] = [result(t, 1), result(t, 2, true)];
  Object.assign(half, { rows: 4, bytes: 4 * ROW_BYTES });
  half.noteHandedOver(ROW_BYTES / 2);
  Object.assign(half, { rows: ROWS, bytes: ROWS * ROW_BYTES });
  end(recorder, half);
  end(recorder, whole);
  await nextTurn();
  recorder.close(false, 'client-gone');
  t.match(records, [
    {
      sql: 'SELECT 1', rows: ROWS, forwardedRows: 3, forwardedBytes: 3.5 * ROW_BYTES, complete: true,
      outcome: 'client-gone',
    },
    { sql: 'SELECT 2', rows: ROWS, forwardedRows: 0, forwardedBytes: 0, complete: true, outcome: 'client-gone' },
  ]);
});

t.test('records a result that ends with the session at once', (t) => {
  const { recorder, records } = start(t);
  recorder.close(true, 'client-gone');
  end(recorder, result(t, 1));
  t.match(records, [{ sql: 'SELECT 1', forwardedRows: ROWS, outcome: 'completed' }]);
  t.end();
});
