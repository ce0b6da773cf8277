import t from 'tap';
import { fill } from '../../src/config/messageTemplate.js';
import { problems, withUpstream } from './configFile.js';

const problemsOf = (t: Parameters<typeof problems>[0], message: unknown): readonly string[] =>
  problems(t, withUpstream({ rules: [{ name: 'r', match: {}, action: 'refuse', refusal: { message } }] }));

t.test('refuses an unknown placeholder with its place and the known ones', async (t) => {
  const [problem] = problemsOf(t, 'no {rul} here');
  t.match(problem, /rules\[0\]\.refusal\.message: unknown placeholder \{rul\}, did you mean \{rule\}\? known here:/);
  t.match(problem, /known here: \{rule\}, \{statement\}, \{digest\}$/);
  t.match(problemsOf(t, '{"a": 1}')[0], /unknown placeholder \{"a": 1\}, known here: /);
});

t.test('refuses a text that clients would not take', async (t) => {
  t.match(problemsOf(t, 'é'.repeat(256))[0], /has 512 bytes, but clients keep 511: shorten it$/);
  t.match(problemsOf(t, 'two\nlines')[0], /expected a text of 1 to 511 bytes without control characters/);
  t.match(problemsOf(t, '')[0], /expected a text/);
  t.match(problemsOf(t, 7)[0], /expected a text/);
  t.strictSame(problemsOf(t, 'é'.repeat(255)), []);
});

t.test('fills each placeholder, and leaves other braces alone', async (t) => {
  t.equal(fill('{a}{b} { {a} }', { a: () => '$&', b: () => '{a}' }), '$&{a} { $& }');
});
