import t from 'tap';
import { HeavyHitters } from '../../src/statistics/heavyHitters.js';
import { Random } from '../support/random.js';

interface Seen {
  weight: number;
}

/** A stream of a few heavy and very many light keys, with their true weights. */
const play = (seed: number, capacity: number, keyCount: number) => {
  const random = new Random(seed);
  const hitters = new HeavyHitters<Seen>(capacity, () => ({ weight: 0 }));
  const truth = new Map<string, number>();
  let total = 0;
  for (let i = 0; i < 20_000; i += 1) {
    const key = `k${random.skewed(keyCount)}`;
    const weight = random.below(100);
    hitters.add(key, weight).weight += weight;
    truth.set(key, (truth.get(key) ?? 0) + weight);
    total += weight;
  }
  return { hitters, truth, total };
};

t.test('counts few keys exactly', (t) => {
  const { hitters, truth } = play(1, 50, 50);
  t.notOk(hitters.hasForgotten);
  t.equal(hitters.mostMissed, 0);
  t.equal(hitters.size, truth.size);
  for (const { key, weight, missed, value } of hitters.heaviest()) {
    t.strictSame([weight, missed, value.weight], [truth.get(key), 0, truth.get(key)], key);
  }
  t.end();
});

t.test('keeps the heaviest of many keys, and says how much may be missing', (t) => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const capacity = 40;
    const { hitters, truth, total } = play(seed, capacity, 5000);
    const held = new Map(hitters.heaviest().map((one) => [one.key, one]));
    t.equal(held.size, capacity);
    t.ok(hitters.hasForgotten);
    t.ok(hitters.mostMissed <= total / capacity, 'the bound that the method promises');
    for (const { key, weight, missed, value } of held.values()) {
      const real = truth.get(key)!;
      if (real > weight || real < weight - missed || value.weight !== weight - missed) t.fail(`${key} is told wrongly`);
    }
    for (const [key, real] of truth) {
      if (!held.has(key) && real > hitters.mostMissed) t.fail(`${key} of ${real} is missing`);
    }
  }
  t.end();
});

t.test('lists the heaviest keys first', (t) => {
  const weights = play(3, 30, 1000).hitters.heaviest().map(({ weight }) => weight);
  t.strictSame(weights, [...weights].sort((one, other) => other - one));
  t.end();
});
