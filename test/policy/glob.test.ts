import t from 'tap';
import { compileGlob } from '../../src/policy/glob.js';

const matches = (pattern: string, ...texts: string[]): boolean[] => texts.map(compileGlob(pattern));

t.test('a pattern without wildcards matches only itself', (t) => {
  t.strictSame(matches('app', 'app', 'App', 'apps', 'ap', ''), [true, false, false, false, false]);
  t.strictSame(matches('', '', 'a'), [true, false]);
  t.end();
});

t.test('* matches any number of characters, also none', (t) => {
  t.strictSame(matches('*', '', 'a', 'a\nb'), [true, true, true]);
  t.strictSame(matches('app*', 'app', 'app_ro', 'xapp'), [true, true, false]);
  t.strictSame(matches('*_ro', '_ro', 'app_ro', 'app_rx', 'app_ro_'), [true, true, false, false]);
  t.strictSame(matches('a*b*c', 'abc', 'aXbXbXc', 'acb', 'abcc', 'ab'), [true, true, false, true, false]);
  t.strictSame(matches('**a**', 'a', 'xax', 'x'), [true, true, false]);
  t.strictSame(matches('*aab', 'aaaab', 'aab', 'aaba'), [true, true, false], 'also where a first try goes too far');
  t.end();
});

t.test('? matches exactly one character of any script', (t) => {
  t.strictSame(matches('a?c', 'abc', 'ac', 'abbc', 'a?c', 'a😀c'), [true, false, false, true, true]);
  t.strictSame(matches('??', 'ab', 'a', 'abc', ''), [true, false, false, false]);
  t.strictSame(matches('*?b?*', 'abc', 'bc', 'xabcx', 'abab'), [true, false, true, true]);
  t.end();
});

t.test('a backslash makes a wildcard match itself', (t) => {
  t.strictSame(matches('a\\*b', 'a*b', 'axb'), [true, false]);
  t.strictSame(matches('\\?*', '?x', 'ax'), [true, false]);
  t.strictSame(matches('a\\\\*', 'a\\b', 'a*'), [true, false]);
  t.strictSame(matches('\\a', 'a', '\\a'), [true, false]);
  t.strictSame(matches('a*\\', 'ab\\', 'ab'), [true, false], 'at the very end it stands for itself');
  t.end();
});

t.test('compares case unless told otherwise', (t) => {
  const ignoringCase = compileGlob('Go-*-Driver', false);
  t.ok(ignoringCase('GO-mysql-driver'));
  t.notOk(compileGlob('Go-*-Driver')('GO-mysql-driver'));
  t.ok(compileGlob('ÄB', false)('äb'));
  t.end();
});

t.test('patterns of any length match, also across the words of the bit set', (t) => {
  for (const length of [30, 31, 32, 33, 63, 64, 65, 200]) {
    const letters = Array.from({ length }, (_, index) => 'abc'[index % 3]).join('');
    t.strictSame(matches(`${letters}?`, `${letters}x`, letters, `${letters}xy`), [true, false, false], `${length}`);
    t.strictSame(matches(`*${letters}*`, `ab${letters}c`, letters, letters.slice(1)), [true, true, false], `${length}`);
  }
  t.end();
});

t.test('agrees with a regular expression on all short patterns and texts', (t) => {
  const words = (alphabet: string, length: number): string[] =>
    length === 0 ? [''] : words(alphabet, length - 1).flatMap((word) => [...alphabet].map((letter) => word + letter));
  const texts = [0, 1, 2, 3, 4, 5].flatMap((length) => words('ab', length));
  let wrong = 0;
  for (const pattern of [1, 2, 3, 4].flatMap((length) => words('ab*?', length))) {
    const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
    const glob = compileGlob(pattern);
    for (const text of texts) if (glob(text) !== expression.test(text)) wrong += 1;
  }
  t.equal(wrong, 0);
  t.end();
});

t.test('reads each character once when a pattern would make others backtrack', (t) => {
  const glob = compileGlob(`${'*a'.repeat(20)}*b`);
  const looks = (text: string): number => {
    let characters = 0;
    const watched = Object.assign(new String(text), {
      *[Symbol.iterator]() {
        for (const character of text) {
          characters += 1;
          yield character;
        }
      },
    });
    t.notOk(glob(watched as unknown as string));
    return characters;
  };
  t.equal(looks('a'.repeat(10_000)), 10_000);
  t.equal(looks('a'.repeat(20_000)), 20_000);
  t.end();
});
