import t from 'tap';
import { worldOf } from './generate/worlds.js';
import { PieceProcess } from './piece.js';
import { runWorld } from './runWorld.js';
import { namedSeeds } from './seeds.js';
import { storyOf } from './story.js';

/** The seeds that every run of the tests plays. */
const FIRST = 1;
const COUNT = 4096;
const PROCESSES = 2;

t.test('keeps every invariant in the worlds of 4,096 seeds', async (t) => {
  const each = COUNT / PROCESSES;
  const pieces = Array.from({ length: PROCESSES }, async (_, index) => {
    const runner = new PieceProcess();
    const piece = await runner.run(FIRST + index * each, each);
    runner.end();
    return piece;
  });
  for (const { worlds, failures, repeats } of await Promise.all(pieces)) {
    t.equal(worlds, each);
    for (const { seed, story, plan } of failures) {
      t.fail(`npm run simulate -- --seed ${seed} --only\n${story}\nIts plan:\n${plan}`);
    }
    t.equal(repeats, 0, 'no further world fails in the same way');
  }
});

t.test('keeps every invariant in the worlds that have found faults', async (t) => {
  for (const { name, plan } of namedSeeds()) {
    const outcome = await runWorld(plan);
    t.strictSame(outcome.violations, [], `${name}\n${outcome.violations.length === 0 ? '' : storyOf(outcome)}`);
  }
});

t.test('runs the world of a seed again with the same events', async (t) => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const [one, other] = [await runWorld(worldOf(seed)), await runWorld(worldOf(seed))];
    t.equal(storyOf(one), storyOf(other), `seed ${seed}`);
    t.equal(one.eventCount, other.eventCount);
  }
});
