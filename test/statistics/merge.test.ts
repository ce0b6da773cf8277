import t from 'tap';
import type { Fate } from '../../src/statistics/execution.js';
import { GroupTable } from '../../src/statistics/groupTable.js';
import { HeavyHitters } from '../../src/statistics/heavyHitters.js';
import { profileJson } from '../../src/statistics/json.js';
import { largestGroups, withProfiles } from '../../src/statistics/merge.js';
import { mergeSlots } from '../../src/statistics/timeline.js';
import { Random } from '../support/random.js';
import { execution } from './executions.js';

const WORKERS = 3;
const FATES: readonly Fate[] = ['passed', 'cut', 'would-cut', 'admitted', 'refused', 'would-refuse'];

/** The tables of several processes, and one that has counted everything. */
const countedBy = (capacity: number, digests: number) => {
  const random = new Random(20);
  const parts = Array.from({ length: WORKERS }, () => new GroupTable('bytes', capacity));
  const all = new GroupTable('bytes', 10_000);
  for (let count = 0; count < 3000; count += 1) {
    const digest = String(Math.floor(digests * random.fraction() ** 3));
    const fate = FATES[count % FATES.length]!;
    const isRefused = fate === 'refused' || fate === 'would-refuse';
    const sizes = isRefused ? { bytes: 0, rows: 0 } : { bytes: 1 + random.below(1000), rows: count % 50 };
    const hasResult = count % 7 > 0;
    const ended = execution({ digest, ...sizes, fate, hasResult, isLowerBound: count % 3 === 0, affectedRows: 2 });
    parts[random.below(WORKERS)]!.add(ended);
    all.add(ended);
  }
  return { parts, all };
};

const merged = (parts: readonly GroupTable[], count: number) => {
  const largest = largestGroups(parts.map((part) => part.index('bytes')), 'bytes', count);
  const keys = largest.groups.map(({ key }) => key);
  // A copy, as the messages between processes make one.
  const profiles = structuredClone(parts.map((part) => keys.map((key) => part.profile(key)?.data ?? null)));
  return withProfiles(largest, profiles, false);
};

t.test('ranks the groups of several processes as one process would have counted them', (t) => {
  const { parts, all } = countedBy(1000, 40);
  const [found, expected] = [merged(parts, 10), all.ranking().slice(0, 10)];
  t.strictSame(found.map(({ key, amount, missed }) => ({ key, amount, missed })),
    expected.map(({ key, amount, missed }) => ({ key, amount, missed })));
  const mean = (json: object): object => JSON.parse(JSON.stringify(json, (_, value) =>
    (typeof value === 'number' ? Number(value.toPrecision(9)) : value)));
  found.forEach(({ profile }, index) =>
    t.strictSame({ ...mean(profileJson(profile)), example: null },
      { ...mean(profileJson(expected[index]!.profile)), example: null }));
  t.end();
});

t.test('never misses more of a group than it says, when processes had to forget some', (t) => {
  const { parts, all } = countedBy(20, 400);
  const exact = new Map(all.ranking().map(({ key, amount }) => [key, amount]));
  const found = merged(parts, 15);
  for (const { key, amount, missed } of found) {
    const truth = exact.get(key)!;
    t.ok(amount <= truth && truth <= amount + missed, `${key}: ${amount} of ${truth}, at most ${missed} missed`);
  }
  t.ok(found.some(({ missed }) => missed > 0));
  t.end();
});

t.test('keeps the bounds of names that two processes have counted', (t) => {
  const [one, other] = [new HeavyHitters<null>(3, () => null), new HeavyHitters<null>(3, () => null)];
  const truth = new Map<string, number>();
  const count = (hitters: HeavyHitters<null>, name: string, weight: number): void => {
    hitters.add(name, weight);
    truth.set(name, (truth.get(name) ?? 0) + weight);
  };
  for (const [name, weight] of [['a', 50], ['b', 40], ['c', 5], ['d', 3]] as const) count(one, name, weight);
  for (const [name, weight] of [['a', 10], ['e', 30], ['f', 7], ['g', 2]] as const) count(other, name, weight);
  one.absorb(other.data, () => null);
  t.equal(one.size, 3);
  for (const { key, weight, missed } of one.heaviest()) {
    t.ok(weight - missed <= truth.get(key)! && truth.get(key)! <= weight, key);
  }
  for (const [name, weight] of truth) if (one.heaviest().every(({ key }) => key !== name)) t.ok(weight <= one.mostMissed);
  one.add('a', 1);
  t.equal(one.heaviest()[0]!.key, 'a', 'and goes on counting');
  t.end();
});

t.test('adds up the slots of timelines by their time', (t) => {
  const slots = (fromMs: number, cuts: number) =>
    [{ fromMs, cuts, wouldCuts: 0 }, { fromMs: fromMs + 10, cuts, wouldCuts: 1 }];
  t.strictSame(mergeSlots([slots(0, 1), slots(10, 2)]), [
    { fromMs: 0, cuts: 1, wouldCuts: 0 }, { fromMs: 10, cuts: 3, wouldCuts: 1 }, { fromMs: 20, cuts: 2, wouldCuts: 1 },
  ]);
  t.end();
});
