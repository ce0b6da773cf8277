import t from 'tap';
import { judgePace, maxStreamRate, rateOf } from '../../src/policy/pace.js';

const SETTINGS = { waitMs: 500, maxRowsPerSecond: 4000, maxBytesPerSecond: 128 * 1024 ** 2 };

t.test('judges rows of usual sizes by their number, and wide rows by their bytes', (t) => {
  t.equal(maxStreamRate(SETTINGS, 200), 4000);
  t.equal(maxStreamRate(SETTINGS, 32 * 1024), 4000);
  t.equal(maxStreamRate(SETTINGS, 128 * 1024), 1024);
  t.end();
});

t.test('a client is fast when the least that it can have taken is too much', (t) => {
  t.strictSame(judgePace(401, 1000, 100, 4000), { isSlow: false, rowsPerSecond: 4010 });
  t.end();
});

t.test('a client is slow when the most that it can have taken is not too much', (t) => {
  t.strictSame(judgePace(-50, 400, 100, 4000), { isSlow: true, rowsPerSecond: 4000 });
  t.end();
});

t.test('gives no verdict when a client may be fast or slow', (t) => {
  t.equal(judgePace(400, 401, 100, 4000), null);
  t.end();
});

t.test('gives a rate in rows per second, also when no time has passed', (t) => {
  t.equal(rateOf(30, 10), 3000);
  t.equal(rateOf(30, 0), 30_000);
  t.end();
});
