import t, { type Test } from 'tap';
import { adviceOn } from '../../src/config/advice.js';
import { load, withUpstream } from './configFile.js';

function adviceFor(t: Test, settings: object): string[] {
  return adviceOn(load(t, withUpstream(settings)));
}

t.test('gives no advice on the defaults', (t) => {
  t.same(adviceFor(t, {}), []);
  t.end();
});

t.test('warns of an error code that clients take for more than an error of the statement', (t) => {
  const advice = (code: number, sqlState = 'HY000') => adviceFor(t, { onExceed: { error: { code, sqlState } } });
  const evicts = /^onExceed\.error\.code: on 1105 HikariCP throws the connection away; 3170 has no such effect$/;
  t.match(advice(1105), [evicts]);
  t.match(advice(1213), [/run the transaction again/, /MySQL Connector\/J replaces HY000 by 40001/]);
  t.match(advice(4031), [/SQLAlchemy/]);
  t.match(advice(1290), [/Druid/]);
  for (const code of [3024, 1969]) t.match(advice(code), [/drivers report a time-out/], String(code));
  t.match(advice(1317), [/drivers report a time-out/, /MySQL Connector\/J replaces HY000 by 70100/]);
  for (const code of [3170, 1644]) t.same(advice(code), [], String(code));
  t.end();
});

t.test('warns of an error code for which MySQL Connector/J replaces HY000 with another SQLSTATE', (t) => {
  const advice = (code: number, sqlState = 'HY000') => adviceFor(t, { onExceed: { error: { code, sqlState } } });
  t.same(advice(1104), [
    'onExceed.error.code: on 1104 MySQL Connector/J replaces HY000 by 42000; 3170 has no such effect',
  ]);
  t.match(advice(1153), [/MySQL Connector\/J replaces HY000 by 08S01, and pools throw the connection away/]);
  t.match(advice(1074), [/replaces HY000 by 42000/], 'a number within a range');
  t.match(advice(1104, '42000'), [/^onExceed\.error\.sqlState/], 'another SQLSTATE stays as it is');
  t.end();
});

t.test('warns of an SQLSTATE that clients take for more than an error of the statement', (t) => {
  const advice = (sqlState: string) => adviceFor(t, { onExceed: { error: { sqlState } } });
  const states = ['08S01', '0A000', '57P01', '70100', '22001', '40001', '01000', '02000', 'JZ0C0', '23000', '28000'];
  for (const state of states) {
    const [first] = advice(state);
    t.match(first, new RegExp(`^onExceed\\.error\\.sqlState: on ${state} `), state);
  }
  t.match(advice('01002'), [/no error/, /HikariCP/]);
  t.match(advice('70100'), [/^[^,]* MariaDB Connector\/J reports a time-out; HY000 has no such effect$/]);
  t.match(advice('42000'), [/report bad SQL/]);
  t.match(advice('45000'), [/a transient error of the connection, and applications an error of their own/]);
  t.match(advice('50000'), [/MariaDB Connector\/J reports a transient error of the connection; /]);
  t.same(advice('HY000'), []);
  t.end();
});

t.test('does not warn of 1104 with 42000 in a rule that is for certain programs', (t) => {
  const onExceed = { error: { code: 1104, sqlState: '42000' } };
  const advice = (match: object, error: object = {}) =>
    adviceOnRules(t, [{ match, onExceed: { error: { ...onExceed.error, ...error } } }]);
  for (const match of [{ program: 'orders' }, { client: '10.0.0.0/8' }, { attributes: { _client_name: 'mariadb' } }]) {
    t.same(advice(match), [], JSON.stringify(match));
  }
  t.match(advice({ user: 'orders' }), [/^rules\[0\]\.onExceed\.error\.sqlState: on 42000 /]);
  t.match(advice({ program: 'orders' }, { code: 3170 }), [/sqlState: on 42000 /]);
  t.match(adviceFor(t, { onExceed }), [/^onExceed\.error\.sqlState: on 42000 /], 'for everybody');
  t.end();
});

t.test('warns of a configuration that neither limits nor warns', (t) => {
  const unlimited = { rows: null, bytes: null };
  t.match(adviceFor(t, { limits: unlimited }), [/^limits: no result has a limit/]);
  t.same(adviceFor(t, { limits: unlimited, warn: { rows: 10 } }), []);
  t.end();
});

t.test('warns of a warn threshold that no result can pass below its limit', (t) => {
  const warn = { rows: 100_000 };
  t.match(adviceFor(t, { warn }), [/^warn\.rows: is never reached, since limits\.rows cuts/]);
  t.same(adviceFor(t, { warn: { rows: 99_999 } }), []);
  t.same(adviceFor(t, { warn, mode: 'audit' }), []);
  t.same(adviceFor(t, { warn, hints: 'any' }), []);
  t.end();
});

const now = Date.UTC(2026, 5, 15);

/** The advice on these rules in the middle of 2026. */
function adviceOnRules(t: Test, rules: object[], global: object = {}): string[] {
  const named = rules.map((rule, index) => ({ name: `r${index}`, match: {}, ...rule }));
  return adviceOn(load(t, withUpstream({ ...global, rules: named })), now);
}

t.test('says when a rule ended', (t) => {
  const user = (name: string) => ({ match: { user: name } });
  t.same(adviceOnRules(t, [
    { ...user('a'), until: '2026-06-13' },
    { ...user('b'), until: '2026-06-14' },
    { ...user('c'), until: '2026-07-15' },
  ]), [
    'rules[0].until: the rule r0 ended at 2026-06-14T00:00:00Z; remove it',
    'rules[1].until: the rule r1 ended at 2026-06-15T00:00:00Z; remove it',
  ]);
  t.end();
});

t.test('warns of a rule that ends within a week, and of one that ends within a day', (t) => {
  const user = (name: string) => ({ match: { user: name } });
  t.same(adviceOnRules(t, [
    { ...user('a'), until: '2026-06-22T00:00:00Z' },
    { ...user('b'), until: '2026-06-22T00:00:01Z' },
    { ...user('c'), until: '2026-06-16T00:00:00Z' },
    { ...user('d'), until: '2026-06-15T00:00:01Z' },
  ]), [
    'rules[0].until: the rule r0 ends at 2026-06-22T00:00:00Z, in less than 7 days',
    'rules[2].until: the rule r2 ends at 2026-06-16T00:00:00Z, in less than a day',
    'rules[3].until: the rule r3 ends at 2026-06-15T00:00:01Z, in less than a day',
  ]);
  t.end();
});

t.test('warns of a rule that an earlier rule hides', (t) => {
  const unreached = [/^rules\[1\]\.match: the rule r1 is never reached: r0 matches first$/];
  const advice = (one: object, other: object) => adviceOnRules(t, [{ match: one }, { match: other }]);
  t.match(advice({}, { user: 'a' }), unreached);
  t.match(advice({}, {}), unreached);
  t.match(advice({ user: 'a' }, { user: 'a' }), unreached);
  t.match(advice({ user: ['a', 'b'] }, { user: 'b', schema: 's' }), unreached);
  t.match(advice({ user: '*', attributes: {} }, { schema: 's' }), unreached);
  t.match(advice({ attributes: { _os: 'x' } }, { attributes: { _os: 'x', _pid: '1' } }), unreached);
  t.end();
});

t.test('does not warn about a rule that can match', (t) => {
  const advice = (one: object, other: object) => adviceOnRules(t, [{ match: one }, { match: other }]);
  t.same(advice({ user: 'a' }, {}), []);
  t.same(advice({ user: 'a' }, { user: ['a', 'b'] }), []);
  t.same(advice({ user: 'a', schema: 's' }, { user: 'a' }), []);
  t.same(advice({ attributes: { _os: 'x' } }, { attributes: { _pid: 'x' } }), []);
  t.same(adviceOnRules(t, [{ until: '2026-12-31' }, { match: { user: 'a' } }]), []);
  // The first rule ends, and the second one matches from then on, unless that has ended before.
  const shorter = adviceOnRules(t, [{ until: '2026-12-31' }, { until: '2026-07-01' }]);
  t.match(shorter, [/r1 is never reached/]);
  t.end();
});

t.test('warns of limits for a class that a rule excludes', (t) => {
  t.match(adviceOnRules(t, [{ class: 'streaming', limits: { rows: 5 } }]), [
    /^rules\[0\]\.limits\.rows: has no effect in class streaming; streaming\.limits\.rows has$/,
  ]);
  t.match(adviceOnRules(t, [{ class: 'buffered', streaming: { limits: { bytes: 5 } } }]), [
    /^rules\[0\]\.streaming\.limits\.bytes: has no effect in class buffered; limits\.bytes has$/,
  ]);
  t.same(adviceOnRules(t, [{ class: 'streaming' }], { limits: { rows: 5 } }), []);
  t.end();
});

t.test('warns of settings without effect: of a refusal in a rule that refuses nothing, of limits in one that refuses', (t) => {
  for (const refusal of [{ code: 1644 }, { sqlState: 'HY001' }, { message: 'no' }, { unjudged: true }]) {
    t.match(adviceOnRules(t, [{ refusal }]), [/^rules\[0\]\.refusal: has no effect without "action": "refuse"$/]);
    t.notMatch(adviceOnRules(t, [{ action: 'refuse', refusal }]), [/has no effect/]);
  }
  t.match(adviceOnRules(t, [{ action: 'refuse', limits: { rows: 5 } }]), [
    /^rules\[0\]\.limits\.rows: has no effect, since the rule refuses what it matches$/,
  ]);
  t.same(adviceOnRules(t, [{ action: 'refuse', limits: { rows: 5 }, mode: 'audit' }]), [], 'there it holds');
  t.end();
});

t.test('warns once of an unwise global setting, and again only for a rule that sets it itself', (t) => {
  const unwise = { onExceed: { error: { code: 1105 } }, warn: { rows: 100_000 } };
  t.match(adviceOnRules(t, [{}], unwise), [/^onExceed\.error\.code/, /^warn\.rows/]);
  t.match(adviceOnRules(t, [unwise]), [/^rules\[0\]\.onExceed\.error\.code/, /^rules\[0\]\.warn\.rows/]);
  t.end();
});

t.test('warns of a budget that is smaller than the byte limit', (t) => {
  t.match(adviceFor(t, { budget: { bytes: '1MiB' } }), [/^limits\.bytes: is never reached, since budget/]);
  t.same(adviceFor(t, { budget: { bytes: '1GiB' } }), []);
  t.end();
});

t.test('warns of more workers than cores', (t) => {
  const advice = (workers: number, cores: number) => adviceOn(load(t, withUpstream({ workers })), Date.now(), cores);
  t.match(advice(4, 2), [/^workers: 4 workers share the 2 cores of this machine/]);
  t.same(advice(2, 2), []);
  t.same(advice(1, 1), []);
  t.end();
});
