import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { printConfig } from '../../src/config/load.js';
import type { Rule } from '../../src/config/config.js';
import { load, problems, withUpstream } from './configFile.js';

/** The rule of a configuration with these global settings. */
function ruleOf(t: Test, rule: object, global: object = {}): Rule {
  const [read] = load(t, withUpstream({ ...global, rules: [{ name: 'r', match: {}, ...rule }] })).rules;
  if (!read) throw new Error('there is one rule');
  return read;
}

function problemsOf(t: Test, rule: object, global: object = {}): readonly string[] {
  return problems(t, withUpstream({ ...global, rules: [{ name: 'r', match: {}, ...rule }] }));
}

t.test('a rule without settings takes the global settings', (t) => {
  const global = {
    mode: 'audit',
    limits: { rows: 7, bytes: 8 },
    warn: { rows: 5, bytes: 6 },
    onExceed: { action: 'close', error: { code: 1644, sqlState: '45000', message: null } },
    hints: 'none',
    streaming: { limits: { rows: 9, bytes: 10 } },
  };
  const refusal = {
    code: 3164, sqlState: 'HY000', message: 'sluice: statement refused (rule {rule})', unjudged: false,
  };
  const own = { name: 'r', match: {}, class: null, action: null, refusal, untilMs: Infinity };
  t.strictSame(ruleOf(t, {}, global), { ...global, ...own });
  t.end();
});

t.test('a setting of a rule overrides the global one, key by key', (t) => {
  const rule = ruleOf(
    t,
    { limits: { rows: 1 }, onExceed: { error: { code: 4000 } }, streaming: { limits: { bytes: null } } },
    {
      limits: { bytes: 8 }, onExceed: { action: 'truncate', error: { sqlState: '45000' } },
      streaming: { limits: { rows: 9, bytes: 10 }, signals: [] },
    },
  );
  t.strictSame(rule.limits, { rows: 1, bytes: 8 });
  t.strictSame(rule.onExceed, { action: 'truncate', error: { code: 4000, sqlState: '45000', message: null } });
  t.strictSame(rule.streaming, { limits: { rows: 9, bytes: Infinity } });
  t.end();
});

t.test('a rule inherits values of flags and variables', (t) => {
  const rules = [{ name: 'r', match: {}, limits: { bytes: 1 } }];
  const config = load(t, withUpstream({ rules }), { 'max-rows': '5' }, { SLUICE_MODE: 'audit' });
  t.match(config.rules, [{ limits: { rows: 5, bytes: 1 }, mode: 'audit' }]);
  t.end();
});

t.test('reads a condition that is one pattern as a list of patterns', (t) => {
  const { match } = ruleOf(t, {
    match: {
      user: 'app', schema: ['a_*', ''], client: '10.0.0.0/8', program: ['mysql', 'my?dump'],
      attributes: { _os: 'Linux', program_name: ['a', 'b'] }, digest: 'b3d6*', statement: ['select', 'call'],
    },
  });
  t.strictSame(match, {
    user: ['app'], schema: ['a_*', ''], client: ['10.0.0.0/8'], program: ['mysql', 'my?dump'],
    attributes: { _os: ['Linux'], program_name: ['a', 'b'] }, digest: ['b3d6*'],
    statement: ['select', 'call'],
  });
  t.end();
});

t.test('prints rules with every setting that applies to them, and the output loads as the same rules', (t) => {
  const config = load(t, withUpstream({
    limits: { rows: 5 },
    rules: [
      { name: 'a', match: { user: 'x' }, class: 'streaming', until: '2026-12-31' },
      { name: 'b', match: {}, streaming: { limits: { bytes: '1GiB' } } },
    ],
  }));
  const printed = printConfig(config);
  t.match(JSON.parse(printed).rules, [
    { name: 'a', match: { user: ['x'] }, class: 'streaming', limits: { rows: 5, bytes: '64MiB' },
      until: '2027-01-01T00:00:00Z' },
    { name: 'b', match: {}, class: null, streaming: { limits: { rows: null, bytes: '1GiB' } }, until: null },
  ]);
  t.strictSame(load(t, printed), config);
  t.end();
});

t.test('freezes rules at every depth', (t) => {
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' || (Object.isFrozen(value) && Object.values(Object(value)).every(isFrozen));
  t.ok(isFrozen(ruleOf(t, { match: { user: 'x', attributes: { _os: ['a'] } } })));
  t.end();
});

t.test('refuses a rule without a name, with a bad name, or with a name that another rule has', (t) => {
  const [missing] = problems(t, withUpstream({ rules: [{ match: {} }] }));
  t.equal(missing, 'config: rules[0].name: required: the name that stands in records and errors');
  for (const name of ['', 'default', 'two words', 'x\n', 'é', 'x'.repeat(65), 5, null]) {
    t.match(problemsOf(t, { name }), [/^config: rules\[0\]\.name: expected a name of 1 to 64/], String(name));
  }
  const twice = [{ name: 'a', match: {} }, { name: 'b', match: {} }, { name: 'a', match: {} }];
  t.strictSame(problems(t, withUpstream({ rules: twice })), [
    'config: rules[2]: has the name "a" of rules[0]',
  ]);
  t.end();
});

t.test('an error in a rule names its place, and an unknown key gets a suggestion', (t) => {
  const found = problems(t, withUpstream({
    rules: [
      { name: 'a', match: { users: 'x', colour: 'red' }, limit: { rows: 1 }, limits: { row: 1 } },
      'b',
      { name: 'c', match: [], class: 'stream', mode: 'off', hints: true, until: 'tomorrow' },
    ],
  }));
  t.strictSame(found, [
    'config: rules[0].limit: unknown key, did you mean rules[0].limits?',
    'config: rules[0].match.users: unknown key, did you mean rules[0].match.user?',
    'config: rules[0].match.colour: unknown key, known here: ' +
      'user, schema, client, program, attributes, tags, digest, statement',
    'config: rules[0].limits.row: unknown key, did you mean rules[0].limits.rows?',
    'config: rules[1]: expected an object, got "b"',
    'config: rules[2].match: expected an object, got a list',
    'config: rules[2].class: expected "buffered" or "streaming" or null, got "stream"',
    'config: rules[2].mode: expected "enforce" or "audit", got "off"',
    'config: rules[2].hints: expected "none", "lower", or "any", got true',
    'config: rules[2].until: expected a date such as "2026-12-31", a date-time with its zone ' +
      'such as "2026-12-31T18:00:00Z", or null, got "tomorrow"',
  ]);
  t.end();
});

t.test('reports an error in a global setting once, not for each rule that inherits it', (t) => {
  t.equal(problemsOf(t, {}, { limits: { rows: '10k' }, hints: 'all' }).length, 2);
  t.end();
});

t.test('refuses a bad pattern of each kind when it is read', (t) => {
  const problem = (match: object) => problemsOf(t, { match });
  t.match(problem({ user: 5 }), [/^config: rules\[0\]\.match\.user: expected a pattern of at most 1000/]);
  t.match(problem({ user: [] }), [/match\.user: expected a list of 1 to 1000 patterns, got a list$/]);
  t.match(problem({ schema: ['a', null] }), [/match\.schema\[1\]: expected a pattern of .*, got null$/]);
  t.equal(problem({ program: 'x'.repeat(1001) }).length, 1);
  t.equal(problem({ program: Array(1001).fill('x') }).length, 1);
  t.match(problem({ attributes: 'x' }), [/match\.attributes: expected an object with at most 100 keys/]);
  t.match(problem({ attributes: { _os: 5 } }), [/match\.attributes\._os: expected a pattern/]);
  t.match(problem({ attributes: { '': 'x' } }), [/match\.attributes\."": expected the name of a connection/]);
  t.match(problem({ digest: 'B3D6' }), [/match\.digest: expected the 16 digits 0-9, a-f of a digest/]);
  t.match(problem({ statement: 'insert' }), [/match\.statement: expected "select", .*, got "insert"$/]);
  t.end();
});

t.test('refuses a bad address or network, and says what is wrong', (t) => {
  const problem = (client: unknown) => problemsOf(t, { match: { client } });
  const wrong = ['localhost', '10.0.0', '10.*', '1.2.3.4/5/6', '', 'x'.repeat(101), '::1\u001b[2J', 5];
  for (const client of wrong) {
    t.match(problem(client), [/^config: rules\[0\]\.match\.client: expected an IP address or a network/]);
  }
  t.match(problem(['::1', '10.0.0.0/33']), [/client\[1\]: expected a prefix length from 0 to 32/]);
  t.strictSame(problem(['127.0.0.1', '::1', 'fd00::/8', '::ffff:10.0.0.0/104']), []);
  t.end();
});

t.test('accepts a thousand rules, and refuses one more', (t) => {
  const withRules = (count: number) =>
    withUpstream({ rules: Array.from({ length: count }, (_, index) => ({ name: `r${index}`, match: {} })) });
  t.equal(load(t, withRules(1000)).rules.length, 1000);
  t.match(problems(t, withRules(1001)), [/^config: rules: expected a list of at most 1000 rules/]);
  t.end();
});

t.test('refuses hold without a budget, in a rule and globally', (t) => {
  const hold = { action: 'hold' };
  const needs = /onExceed\.action: "hold" needs a budget for what is held: give budget\.bytes/;
  t.match(problems(t, withUpstream({ onExceed: hold })), [needs]);
  t.match(problemsOf(t, { onExceed: hold }), [/^config: rules\[0\]\.onExceed\.action: "hold" needs/]);
  t.match(problemsOf(t, {}, { onExceed: hold }), [/^config: onExceed\.action: "hold" needs a budget/]);
  t.strictSame(problemsOf(t, { onExceed: hold }, { budget: { bytes: '1GiB' } }), []);
  t.end();
});

t.test('the example file shows every setting of a rule', (t) => {
  const text = readFileSync(new URL('../../config.example.json', import.meta.url), 'utf8');
  const shown: object[] = JSON.parse(text).rules;
  const keysOf = (objects: readonly object[]) => new Set(objects.flatMap((object) => Object.keys(object)));
  const known: object[] = JSON.parse(printConfig(load(t, text))).rules;
  t.strictSame([...keysOf(shown)].sort(), [...keysOf(known)].sort());
  t.strictSame([...keysOf(shown.map((rule) => Object(rule).match))].sort(), [
    'attributes', 'client', 'digest', 'program', 'schema', 'statement', 'tags', 'user',
  ]);
  t.end();
});
