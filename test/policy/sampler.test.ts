import t, { type Test } from 'tap';
import type { SampleSettings } from '../../src/config/config.js';
import type { GovernedUsage } from '../../src/policy/governedUsage.js';
import { type Sample, Sampler } from '../../src/policy/sampler.js';
import { govern } from '../support/governed.js';

const AT_0 = (): number => 0;
const NONE: SampleSettings = { rows: Infinity, bytes: Infinity, oneIn: Infinity, perSecond: 100 };

/** A sampler that draws these numbers in turn, and what it has said of samples that it left out. */
const sampler = (settings: Partial<SampleSettings>, ...drawn: readonly number[]) => {
  const said = { dropped: 0 };
  let turn = 0;
  const random = () => drawn[turn++ % drawn.length] ?? 0;
  return { said, sampler: new Sampler({ ...NONE, ...settings }, random, () => (said.dropped += 1)) };
};

const result = (t: Test, rows: number, bytes: number, resultSets = 1) => {
  const { usage } = govern(t, {}, 'SELECT 1');
  return Object.assign(usage, { rows, bytes, resultSets });
};

/** The sampler's judgement of a result that begins and ends. */
const judged = (sampling: Sampler, usage: GovernedUsage, now: () => number): Sample | null => {
  sampling.begin(usage);
  return sampling.judge(usage, now);
};

t.test('samples every result above a floor', (t) => {
  const { sampler: over } = sampler({ rows: 10, bytes: 1000 });
  t.equal(judged(over, result(t, 10, 1000), AT_0), null, 'what reaches it is not over it');
  t.match(
    judged(over, result(t, 11, 5), AT_0),
    { action: 'sample', reason: 'rows', limit: { rows: 10, bytes: 1000 }, standsFor: 1 },
  );
  t.match(judged(over, result(t, 1, 1001), AT_0), { reason: 'bytes', standsFor: 1 });
  t.end();
});

t.test('samples one in oneIn of the results below the floor, and says how many it stands for', (t) => {
  const { sampler: drawing } = sampler({ rows: 10, oneIn: 4 }, 0.2, 0.3, 0.9, 0.25);
  const drawn = [1, 2, 3, 4].map(() => judged(drawing, result(t, 5, 5), AT_0));
  t.match(drawn[0], { action: 'sample', reason: 'chance', standsFor: 4, rule: 'default', limit: { rows: 100_000 } });
  t.strictSame(drawn.slice(1), [null, null, null]);
  t.match(
    judged(drawing, result(t, 11, 5), AT_0), { reason: 'rows', standsFor: 1 }, 'what is over the floor is not drawn',
  );
  t.end();
});

t.test('samples a change without a result by what it has changed and sent', (t) => {
  const change = (affectedRows: number, requestBytes: number) => {
    const { usage } = govern(t, {}, 'INSERT INTO t VALUES (1)');
    Object.assign(usage.command, { affectedRows, requestBytes });
    return usage;
  };
  const { sampler: over } = sampler({ rows: 10, bytes: 1000 });
  t.equal(judged(over, change(10, 1000), AT_0), null);
  t.match(judged(over, change(11, 5), AT_0), { reason: 'rows', standsFor: 1 });
  t.match(judged(over, change(1, 1001), AT_0), { reason: 'bytes', standsFor: 1 });
  t.match(judged(sampler({ oneIn: 3 }, 0).sampler, change(1, 5), AT_0), { reason: 'chance', standsFor: 3 });
  t.end();
});

t.test('an empty result may be a sample', (t) => {
  t.match(
    judged(sampler({ oneIn: 1 }, 0).sampler, result(t, 0, 0, 1), AT_0), { reason: 'chance' },
  );
  t.end();
});

t.test('samples nothing without settings', (t) => {
  t.equal(judged(sampler({}).sampler, result(t, 1e9, 1e12), AT_0), null);
  t.end();
});

t.test('bounds the samples of a second, and the next sample tells how many were left out', (t) => {
  const { sampler: bounded, said } = sampler({ rows: 0, perSecond: 2 });
  const at = (nowMs: number) => judged(bounded, result(t, 1, 1), () => nowMs)?.droppedSamples;
  t.strictSame([at(0), at(1), at(2), at(999)], [0, 0, undefined, undefined]);
  t.equal(said.dropped, 2);
  t.strictSame([at(1000), at(1001), at(1002), at(5000)], [2, 0, undefined, 1]);
  t.equal(bounded.droppedInAll, 3);
  t.end();
});
