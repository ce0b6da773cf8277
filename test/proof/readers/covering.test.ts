import t from 'tap';
import { coveringSet, keyOf, pairsOf } from './covering.js';

const DIMENSIONS = {
  fruit: ['apple', 'pear', 'plum', 'quince'], size: ['small', 'middling', 'large'], colour: ['red', 'green', 'blue'],
  taste: ['sweet', 'sour'],
} as const;

const isNoBluePear = (part: { readonly fruit?: string; readonly colour?: string }): boolean =>
  !(part.fruit === 'pear' && part.colour === 'blue');

t.test('each allowed pair of values meets, and no forbidden pair', (t) => {
  const found = coveringSet(DIMENSIONS, isNoBluePear);
  const met = new Set(found.flatMap(pairsOf).map(keyOf));
  const entries = Object.entries(DIMENSIONS);
  for (const [index, [first, values]] of entries.entries()) {
    for (const [second, others] of entries.slice(index + 1)) {
      for (const a of values) {
        for (const b of others) {
          const pair = { [first]: a, [second]: b };
          t.equal(met.has(keyOf(pair)), isNoBluePear(pair), keyOf(pair));
        }
      }
    }
  }
  t.end();
});

t.test('the set is far smaller than all combinations', (t) => {
  const { length } = coveringSet(DIMENSIONS, () => true);
  t.ok(length >= 12 && length <= 16, `${length} of 72`);
  t.end();
});

t.test('the set is the same each time', (t) => {
  t.strictSame(coveringSet(DIMENSIONS, isNoBluePear), coveringSet(DIMENSIONS, isNoBluePear));
  t.end();
});

t.test('leaves out a pair that no combination holds', (t) => {
  const isPossible = (part: { readonly fruit?: string; readonly taste?: string; readonly size?: string }): boolean =>
    !(part.fruit === 'quince' && part.taste === 'sweet') && !(part.size === 'large' && part.taste === 'sour');
  const found = coveringSet(DIMENSIONS, isPossible);
  t.notOk(found.some(({ fruit, size }) => fruit === 'quince' && size === 'large'));
  t.ok(found.some(({ fruit, size }) => fruit === 'quince' && size === 'small'));
  t.end();
});
