import t from 'tap';
import { LogHistogram, RELATIVE_ERROR } from '../../src/statistics/logHistogram.js';
import { Random } from '../support/random.js';

const histogramOf = (values: readonly number[]): LogHistogram => {
  const histogram = new LogHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

t.test('the error of a quantile stays within its bound for any values', (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new Random(seed);
    const values = Array.from({ length: 1000 }, () => Math.floor(10 ** (random.fraction() * 15)));
    const histogram = histogramOf(values);
    const sorted = [...values].sort((one, other) => one - other);
    for (const part of [0.01, 0.25, 0.5, 0.95, 0.999, 1]) {
      const truth = sorted[Math.ceil(part * sorted.length) - 1]!;
      const error = Math.abs(histogram.quantile(part) - truth) / truth;
      if (error > RELATIVE_ERROR + 1e-9) t.fail(`seed ${seed}, ${part}: ${histogram.quantile(part)} for ${truth}`);
    }
  }
  t.ok(RELATIVE_ERROR < 0.045);
  t.end();
});

t.test('each value is in exactly one bucket, between its edges', (t) => {
  const values = [0, 0.5, 1, 2, 3, 7, 8, 9, 10, 1023, 1024, 1025, 2 ** 31, 2 ** 40 + 1, 2 ** 52 + 1];
  for (const value of values) {
    const buckets = [...histogramOf([value]).buckets()];
    t.equal(buckets.length, 1);
    t.ok(buckets[0]!.from <= value && value < buckets[0]!.to, `${value} from ${buckets[0]!.from} to ${buckets[0]!.to}`);
  }
  const all = [...histogramOf(values).buckets()];
  t.equal(all.reduce((sum, { count }) => sum + count, 0), values.length);
  all.forEach(({ from }, i) => t.ok(i === 0 || from >= all[i - 1]!.to, 'the smallest first, none in another'));
  t.end();
});

t.test('at most the given part of the values lies above the edge for it', (t) => {
  const random = new Random(5);
  const values = Array.from({ length: 500 }, () => random.below(100_000));
  const histogram = histogramOf(values);
  for (const part of [0, 0.01, 0.1, 0.5]) {
    const edge = histogram.edgeAbove(part);
    const beyond = values.filter((value) => value >= edge).length;
    t.ok(beyond <= part * values.length, `${beyond} beyond ${edge}`);
    const below = [...histogram.buckets()].find(({ to }) => to === edge)!;
    t.ok(beyond + below.count > part * values.length);
  }
  t.equal(histogram.edgeAbove(1), 1);
  t.end();
});

t.test('an empty histogram has no buckets and quantile 0', (t) => {
  t.equal(new LogHistogram().quantile(0.95), 0);
  t.strictSame([...new LogHistogram().buckets()], []);
  t.end();
});
