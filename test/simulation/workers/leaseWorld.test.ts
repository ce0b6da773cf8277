import t from 'tap';
import { playLeases } from './leaseWorld.js';

/** Seeds that have found faults. */
const NAMED_SEEDS: readonly { readonly seed: number, readonly story: string }[] = [
  {
    seed: 2046,
    story: 'a reload makes the budget smaller, and a worker with nothing to do keeps a lease of the old size: with a ' +
      'small new budget the other workers get nothing, and all their results are cut',
  },
];

const violationsOf = (seed: number): readonly string[] =>
  playLeases(seed).map(({ invariant, text }) => `${invariant}: ${text}`);

t.test('leases come back and no response waits for ever, whatever order messages, deaths and reloads have', (t) => {
  for (const { seed, story } of NAMED_SEEDS) t.same(violationsOf(seed), [], story);
  const failed = Array.from({ length: 500 }, (_, index) => index + 1).filter((seed) => violationsOf(seed).length > 0);
  t.same(failed, [], 'seeds that fail');
  t.end();
});
