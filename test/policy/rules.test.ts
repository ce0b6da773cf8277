import t from 'tap';
import { type Asked, compileRules, firstRule, missesOf, rulesFor } from '../../src/policy/rules.js';
import { Statement } from '../../src/policy/statement.js';
import type { Subject } from '../../src/policy/subject.js';
import { queryCommand, settings, SUBJECT } from '../support/governed.js';
import type { Test } from 'tap';

/** The properties of a statement that rules use. */
const asked = (sql: string): Asked => {
  const statement = Statement.of(queryCommand(sql), 0);
  return { statement, tags: statement.tags };
};

/** The name of the rule that applies; null if none does. */
const winner = (
  t: Test, rules: object[], subject: Partial<Subject>, sql = 'SELECT 1 FROM t', atMs = 0,
): string | null => {
  const compiled = compileRules(settings(t, { rules }).rules);
  return firstRule(rulesFor(compiled, { ...SUBJECT, ...subject }), () => asked(sql), atMs)?.name ?? null;
};

t.test('the first rule that matches applies, and one without conditions hides those after it', (t) => {
  const rules = [
    { name: 'a', match: { user: 'x' } }, { name: 'b', match: { user: ['y', 'app'] } }, { name: 'c', match: {} },
  ];
  t.equal(winner(t, rules, {}), 'b');
  t.equal(winner(t, rules, { user: 'z' }), 'c');
  t.equal(winner(t, rules.slice(0, 2), { user: 'z' }), null);
  t.end();
});

t.test('a rule matches when each condition has a pattern that matches', (t) => {
  const rules = [{ name: 'r', match: { user: ['a*', 'b'], schema: 'shop', statement: ['show', 'select'] } }];
  t.equal(winner(t, rules, { user: 'b' }), 'r');
  t.equal(winner(t, rules, { user: 'c' }), null);
  t.equal(winner(t, rules, { user: 'b', schema: 'Shop' }), null, 'names keep their case');
  t.equal(winner(t, rules, {}, 'CALL p()'), null);
  t.end();
});

t.test('matches clients by address and network, and attributes by name, where a missing one is empty', (t) => {
  const net = [{ name: 'net', match: { client: ['10.0.0.0/8', '::1'] } }];
  t.equal(winner(t, net, {}), 'net');
  t.equal(winner(t, net, { address: '::ffff:10.9.9.9' }), 'net');
  t.equal(winner(t, net, { address: '::1' }), 'net');
  t.equal(winner(t, net, { address: '11.0.0.1' }), null);
  t.equal(winner(t, net, { address: '' }), null, 'a client without an address is in no network');
  const linux = [{ name: 'linux', match: { attributes: { _os: 'Lin*' }, program: 'job-?' } }];
  const attributes = new Map([['_os', 'Linux'], ['program_name', 'job-1']]);
  t.equal(winner(t, linux, { attributes }), 'linux');
  t.equal(winner(t, linux, {}), null);
  t.equal(winner(t, [{ name: 'nameless', match: { program: '' } }], {}), 'nameless');
  t.end();
});

t.test('does not read a statement when no rule asks for it', (t) => {
  const compiled = compileRules(settings(t, { rules: [{ name: 'r', match: { user: 'app' } }] }).rules);
  const unasked = (): never => t.fail('asked') as never;
  t.equal(firstRule(rulesFor(compiled, SUBJECT), unasked, 0)?.name, 'r');
  t.end();
});

t.test('a digest matches statements with any literals', (t) => {
  const { hash } = asked('SELECT a FROM t WHERE b = 1').statement.digest ?? { hash: '' };
  const rules = [{ name: 'r', match: { digest: `${hash.slice(0, 8)}*` } }];
  t.equal(winner(t, rules, {}, 'select a from t where b = 22'), 'r');
  t.equal(winner(t, rules, {}, 'select c from t where b = 22'), null);
  t.end();
});

t.test('a rule applies until its last moment', (t) => {
  const rules = [
    { name: 'day', match: {}, until: '2026-03-01' }, { name: 'moment', match: {}, until: '2026-03-02T10:00:00+02:00' },
  ];
  const endOfDay = Date.UTC(2026, 2, 2);
  t.equal(winner(t, rules, {}, 'SELECT 1', endOfDay - 1), 'day');
  t.equal(winner(t, rules, {}, 'SELECT 1', endOfDay), 'moment');
  t.equal(winner(t, rules, {}, 'SELECT 1', Date.UTC(2026, 2, 2, 8) - 1), 'moment');
  t.equal(winner(t, rules, {}, 'SELECT 1', Date.UTC(2026, 2, 2, 8)), null);
  t.end();
});

t.test('each condition that is not met says what it wanted and found', (t) => {
  const match = { user: ['bi', 'report_*'], attributes: { _os: 'Linux' }, statement: 'call' };
  const [compiled] = compileRules(settings(t, { rules: [{ name: 'r', match, until: '2026-03-01' }] }).rules);
  t.same(missesOf(compiled!, SUBJECT, asked('SELECT 1 FROM t'), Date.UTC(2026, 2, 2)), [
    { key: 'user', wanted: 'bi or report_*', found: 'app' },
    { key: 'attributes._os', wanted: 'Linux', found: '' },
    { key: 'statement', wanted: 'call', found: 'select' },
    { key: 'until', wanted: '2026-03-02T00:00:00.000Z', found: '2026-03-02T00:00:00.000Z' },
  ]);
  const holding = { ...SUBJECT, user: 'bi', attributes: new Map([['_os', 'Linux']]) };
  t.same(missesOf(compiled!, holding, asked('CALL p()'), 0), []);
  t.end();
});

t.test('matches by tags when each of them fits, and a missing one is empty', (t) => {
  const rules = [
    { name: 'reports', match: { tags: { route: ['/reports/*', '/exports'], application: 'shop' } } },
    { name: 'untagged', match: { tags: { route: '' } } },
  ];
  t.equal(winner(t, rules, {}, "SELECT 1 /*application='shop',route='%2Freports%2F1'*/"), 'reports');
  t.equal(winner(t, rules, {}, '/* application=shop, route=/exports */ SELECT 1'), 'reports');
  t.equal(winner(t, rules, {}, "SELECT 1 /*route='%2Freports%2F1'*/"), null);
  t.equal(winner(t, rules, {}, "SELECT '/*route=/reports/1,application=shop*/'"), 'untagged');
  t.end();
});
