import t from 'tap';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../src/config/schema/units.js';

t.test('reads a size as a whole number with a binary unit', (t) => {
  t.equal(parseSize('1B'), 1);
  t.equal(parseSize('64KiB'), 65_536);
  t.equal(parseSize('64 KiB'), 65_536);
  t.equal(parseSize('3MiB'), 3 * 1024 ** 2);
  t.equal(parseSize('2GiB'), 2 * 1024 ** 3);
  t.equal(parseSize('1TiB'), 1024 ** 4);
  t.end();
});

t.test('refuses an ambiguous size', (t) => {
  const wrong = ['64KB', '64kib', '64k', '64', '1.5MiB', '-1B', '1e3B', 'KiB', '', ' 1B', '1  B', '1at'];
  for (const text of wrong) t.equal(parseSize(text), undefined, JSON.stringify(text));
  t.end();
});

t.test('reads a time as a whole number of ms, s, m or h', (t) => {
  t.equal(parseDuration('250ms'), 250);
  t.equal(parseDuration('10s'), 10_000);
  t.equal(parseDuration('2m'), 120_000);
  t.equal(parseDuration('1h'), 3_600_000);
  for (const text of ['10', '10S', '1d', '1.5s', '-1s', 'toString']) {
    t.equal(parseDuration(text), undefined, text);
  }
  t.end();
});

t.test('writes an amount in the largest unit that divides it, and reads it back', (t) => {
  t.equal(formatSize(65_536), '64KiB');
  t.equal(formatSize(64 * 1024 ** 2), '64MiB');
  t.equal(formatSize(1000), '1000B');
  t.equal(formatSize(0), '0B');
  t.equal(formatDuration(90_000), '90s');
  t.equal(formatDuration(3_600_000), '1h');
  t.equal(formatDuration(1500), '1500ms');
  t.end();
});
