import t, { type Test } from 'tap';
import { explain } from '../../src/cli/explain.js';
import { askerFrom } from '../../src/cli/subject.js';
import { load, withUpstream } from '../config/configFile.js';

const now = Date.UTC(2026, 5, 15);

interface Answer {
  readonly lines: readonly string[];
  /** The verdict on each rule. */
  readonly rules: Readonly<Record<string, string>>;
  /** The other lines, by label. */
  readonly [label: string]: unknown;
}

function ask(t: Test, settings: object, as: string, sql: string): Answer {
  const lines = explain(load(t, withUpstream(settings)), { ...askerFrom(as), sql, nowMs: now });
  const labelled = (pattern: RegExp): Record<string, string> => Object.fromEntries(
    lines.map((line) => pattern.exec(line) ?? []).map(([, label = '', text = '']) => [label, text]),
  );
  return { ...labelled(/^(\S+) +(.*)$/), rules: labelled(/^ {2}(\S+) +(.*)$/), lines };
}

const rules = [
  { name: 'ended', match: {}, until: '2026-06-14' },
  { name: 'dump', match: { user: 'backup', client: '10.0.0.0/8' }, class: 'streaming' },
  {
    name: 'reports',
    match: { user: ['report_*', 'bi'], statement: 'select', attributes: { _os: 'Linux' } },
    limits: { rows: 500 },
    hints: 'any',
  },
  { name: 'rest', match: { schema: 'shop' }, mode: 'audit' },
];

t.test('says of each rule whether it matches, and what a rule that does not match wanted and found', (t) => {
  const as = 'user=bi,client=10.1.2.3,attributes._os=Linux,schema=shop';
  const answer = ask(t, { rules }, as, 'SELECT 1 FROM t');
  t.match(answer.rules, {
    ended: 'no: ended at 2026-06-15T00:00:00Z',
    dump: 'no: user is bi, not backup',
    reports: 'yes: this one holds',
    rest: 'not asked, since reports matches before',
  });
  t.match(answer, { rule: 'reports', class: 'buffered', limits: '500 rows, 64MiB' });
  t.end();
});

t.test('names every condition of a rule that is not met', (t) => {
  const answer = ask(t, { rules }, 'user=app', 'CALL p()');
  t.match(answer.rules, {
    dump: 'no: user is app, not backup; client is (none), not 10.0.0.0/8',
    reports: 'no: user is app, not report_* or bi; attributes._os is (none), not Linux; ' +
      'statement is call, not select',
    rest: 'no: schema is (none), not shop',
    default: 'yes: no rule matches, the global settings hold',
  });
  t.match(answer, { rule: 'default', limits: '100000 rows, 64MiB' });
  t.end();
});

t.test('shows the kind and the digest by which rules see the statement', (t) => {
  const answer = ask(t, {}, 'user=app', 'SELECT *\n  FROM orders WHERE id = 5');
  t.match(answer, {
    statement: 'SELECT * FROM orders WHERE id = 5',
    kind: 'select',
    digest: /^[0-9a-f]{16} {2}SELECT \* FROM `orders` WHERE `id` = \?$/,
  });
  t.match(ask(t, {}, 'user=app', 'SELECT @@version'), { kind: 'metadata' });
  t.end();
});

t.test('shows a hint and its effect', (t) => {
  const hint = (settings: object, text: string) =>
    ask(t, { rules, ...settings }, 'user=bi,attributes._os=Linux', `/* sluice: ${text} */ SELECT a FROM t`);
  const both = 'rows=600 bytes=1KiB';
  t.match(hint({}, both), { hint: `${both}: followed`, limits: '600 rows, 1KiB' });
  t.match(hint({}, 'bytes=unlimited'), { limits: '500 rows, unlimited bytes' });
  t.match(hint({}, 'rows=many'), { hint: /^ignored, malformed: rows=many/, limits: '500 rows, 64MiB' });
  t.match(hint({}, 'stream'), { class: 'streaming, told by the signal hint' });
  t.match(hint({ rules: [] }, 'rows=600000'), { hint: /^rows=600000: ignored, for .*here "lower"/ });
  t.match(hint({ rules: [], hints: 'none' }, 'rows=6'), { hint: /^rows=6: ignored, for .*here "none"/ });
  t.match(hint({ streaming: { signals: [] } }, 'stream'), { hint: /^stream: ignored/, class: 'buffered' });
  t.match(ask(t, {}, 'user=app', 'SELECT 1'), { hint: '(none)' });
  t.end();
});

t.test('shows the class of the response and what decides it', (t) => {
  const dump = ask(t, { rules }, 'user=backup,client=10.0.0.1', '/* sluice: rows=1 */ SELECT a FROM t');
  t.match(dump, {
    class: 'streaming, told by the rule',
    limits: 'unlimited rows, unlimited bytes',
    hint: 'rows=1: ignored, since the rule says class streaming',
  });
  const known = ask(t, {}, 'user=app,program=mysqldump', 'SELECT a FROM t');
  t.match(known, { class: 'streaming, told by the signal dump' });
  t.end();
});

t.test('names the signals that only a running session shows, with the limits that they bring', (t) => {
  const settings = { streaming: { limits: { rows: 9 }, signals: ['cursor', 'pace'] } };
  const { lines } = ask(t, settings, 'user=app', 'SELECT a FROM t');
  const further = lines.find((line) => /^ +or, if/.test(line))?.trim();
  t.equal(further, 'or, if cursor or pace tells while it runs that it is streamed: 9 rows, unlimited bytes');
  t.match(lines.join('\n'), /pace: a client that takes more than 3200 rows or 32MiB a second reads into memory/);
  const fixed = [{ name: 'r', match: {}, class: 'buffered' }];
  t.notMatch(ask(t, { rules: fixed }, 'user=app', 'SELECT a FROM t').lines.join('\n'), /or, if/);
  t.end();
});

t.test('says what happens beyond the limit', (t) => {
  const beyond = (settings: object, sql = 'SELECT a FROM t') => ask(t, settings, 'user=app', sql).onExceed;
  const kill = { user: 'k', password: 'p' };
  const action = (name: string) => ({ onExceed: { action: name }, budget: { bytes: '1GiB' }, kill });
  t.equal(beyond({}), 'error 3170 (HY000); the rest is read and thrown away');
  t.equal(beyond({ kill }), 'error 3170 (HY000); the query is killed on the server');
  t.equal(beyond({ kill }, 'CALL p()'), 'error 3170 (HY000); the rest is read and thrown away');
  t.match(beyond(action('hold')), /^hold: all rows are kept back, .*killed on the server$/);
  t.match(beyond(action('truncate')), /^truncate: .*thrown away$/);
  t.match(beyond(action('close')), /^close: both connections/);
  t.equal(beyond({ mode: 'audit' }), 'only recorded, since mode is audit');
  t.match(beyond({}, 'DELETE FROM t RETURNING a'), /^only recorded, on MariaDB: it changes data/);
  t.end();
});

t.test('escapes text that would control a terminal, and shortens long text', (t) => {
  const answer = ask(t, {}, 'user=\u001b[2J', `SELECT '${'x'.repeat(1000)}'`);
  t.match(answer, { user: '\\u001b[2J', statement: /^SELECT 'x{149}\.\.\.$/ });
  t.end();
});

t.test('matches a rule by tags in the text and by tags of the execution', (t) => {
  const byRoute = [{ name: 'reports', match: { tags: { route: '/reports/*', application: 'shop' } } }];
  const tagged = "SELECT 1 FROM t /*application='shop',route='%2Freports%2F7'*/";
  const answer = ask(t, { rules: byRoute }, 'user=app', tagged);
  t.equal(answer.rules['reports'], 'yes: this one holds');
  t.ok(answer.lines.some((line) => /^tag +route = \/reports\/7$/.test(line)), 'it shows them');
  const other = ask(t, { rules: byRoute }, 'user=app,tags.route=/carts', tagged);
  t.equal(other.rules['reports'], 'no: tags.route is /carts, not /reports/*');
  t.end();
});

t.test('says that a statement is refused, by which rule and with which error', (t) => {
  const rule = { name: 'no-ddl', match: { statement: 'ddl' }, action: 'refuse' };
  const answer = ask(t, { rules: [rule] }, 'user=app', 'SELECT 1; DROP TABLE t');
  t.match(answer.lines.join('\n'), [
    'refused     by no-ddl: it, or one of its statements, meets the rule',
    '            error 3164 (HY000): sluice: statement refused (rule no-ddl); the server does not get it',
  ].join('\n'));
  t.equal(answer['limits'], undefined, 'it has no result');
  const watched = ask(t, { rules: [{ ...rule, mode: 'audit' }] }, 'user=app', 'DROP TABLE t');
  t.match(watched.lines.join('\n'), 'only recorded, since mode is audit; else error 3164 (HY000): sluice: statement');
  t.match(watched['onExceed'], 'only recorded');
  const strict = { ...rule, refusal: { unjudged: true } };
  t.match(ask(t, { rules: [strict] }, 'user=app', 'EXECUTE s')['refused'], /^by no-ddl: it may hold a statement that/);
  t.equal(ask(t, { rules: [rule] }, 'user=app', 'SELECT 1')['refused'], undefined);
  t.end();
});
