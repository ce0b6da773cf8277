import t, { type Test } from 'tap';
import { Guard } from '../../src/policy/guard.js';
import { refusalMessage, type Refused } from '../../src/policy/refusal.js';
import { Statement } from '../../src/policy/statement.js';
import { Command } from '../../src/protocol/commands.js';
import type { PendingCommand, PreparedStatement } from '../../src/conversation/command.js';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { queryCommand, settings, statementCommand, SUBJECT } from '../support/governed.js';

const MARIADB = { isMariadb: true, version: 101119 };

const refuse = (name: string, match: object, further: object = {}): object =>
  ({ name, match, action: 'refuse', ...further });

interface Asking {
  readonly user?: string;
  readonly atMs?: number;
}

const ask = (
  t: Test, rules: readonly object[], command: PendingCommand | string, { user = 'app', atMs = 0 }: Asking = {},
): Refused | null => {
  const guard = new Guard(settings(t, { rules }), () => atMs);
  const profile = guard.profile({ ...SUBJECT, user }, MARIADB);
  return guard.refusalOf(typeof command === 'string' ? queryCommand(command) : command, profile, 0);
};

/** The action and the rule of a refusal, and why; null if the command passes. */
const told = (refused: Refused | null): string | null =>
  refused && `${refused.refusal.action} by ${refused.refusal.rule.name}: ${refused.refusal.reason}`;

const NO_DDL = refuse('no-ddl', { statement: 'ddl' });
const DIGEST = digestHash(digestText('DELETE FROM t WHERE a = 1'));

t.test('refuses by any condition that rules have', async (t) => {
  const cases: readonly [object, string, string][] = [
    [{ statement: ['ddl', 'dml'] }, 'UPDATE t SET a = 1', 'SELECT 1'],
    [{ digest: DIGEST }, 'DELETE FROM t WHERE a = 2', 'DELETE FROM t WHERE b = 2'],
    [{ tags: { route: '/old*' } }, "SELECT 1 /*route='/old/1'*/", "SELECT 1 /*route='/new'*/"],
  ];
  for (const [match, refused, passing] of cases) {
    t.equal(told(ask(t, [refuse('r', match)], refused)), 'refuse by r: statement', refused);
    t.equal(ask(t, [refuse('r', match)], passing), null, passing);
  }
  t.equal(told(ask(t, [refuse('r', { user: 'agent*' })], 'SELECT 1', { user: 'agent_7' })), 'refuse by r: statement');
  t.equal(ask(t, [refuse('r', { user: 'agent*' })], 'SELECT 1'), null);
});

t.test('lets pass what an earlier rule matches, and what a rule matches that has ended', async (t) => {
  const rules = [{ name: 'migrations', match: { user: 'migrator' } }, NO_DDL];
  t.equal(ask(t, rules, 'DROP TABLE t', { user: 'migrator' }), null);
  t.equal(told(ask(t, rules, 'DROP TABLE t')), 'refuse by no-ddl: statement');
  const until = [refuse('no-ddl', { statement: 'ddl' }, { until: '2027-01-01T00:00:00Z' })];
  const end = Date.parse('2027-01-01T00:00:00Z');
  t.equal(told(ask(t, until, 'DROP TABLE t', { atMs: end - 1 })), 'refuse by no-ddl: statement');
  t.equal(ask(t, until, 'DROP TABLE t', { atMs: end }), null);
});

t.test('refuses a text when one of its statements is refused', async (t) => {
  t.equal(told(ask(t, [NO_DDL], 'SELECT 1; SELECT 2; DROP TABLE t')), 'refuse by no-ddl: statement');
  t.equal(ask(t, [NO_DDL], "SELECT 1; SELECT '; DROP TABLE t'"), null);
  const byDigest = [refuse('r', { digest: DIGEST })];
  t.equal(told(ask(t, byDigest, 'SELECT 1; DELETE FROM t WHERE a = 5')), 'refuse by r: statement', 'by its own digest');
  const both = 'INSERT INTO t VALUES (1); INSERT INTO u VALUES (2)';
  const exempt = { name: 'known', match: { digest: digestHash(digestText(both)) } };
  t.equal(ask(t, [exempt, refuse('no-dml', { statement: 'dml' })], both), null, 'an earlier rule knows the whole text');
});

t.test('judges the statements after a USE by its schema', async (t) => {
  const rules = [refuse('prod', { schema: 'prod', statement: 'ddl' }, { refusal: { unjudged: true } })];
  t.equal(ask(t, rules, 'DROP TABLE t'), null);
  t.equal(told(ask(t, rules, 'USE `prod`; SELECT 1; DROP TABLE t')), 'refuse by prod: statement');
  t.equal(ask(t, rules, 'DROP TABLE t; USE prod'), null, 'those before it by the schema of the session');
  t.equal(ask(t, rules, 'USE prod; USE test; DROP TABLE t'), null);
  t.equal(told(ask(t, rules, 'USE prod; USE test; EXECUTE s')), 'refuse by prod: unjudged');
  const guard = new Guard(settings(t, { rules }), () => 0);
  t.equal(guard.profile(SUBJECT, MARIADB).refusals, 'enforced', 'so a rule for another schema may concern the client');
});

t.test('lets pass what cannot be judged, unless the rule says otherwise', async (t) => {
  const strict = refuse('strict', { statement: 'ddl' }, { refusal: { unjudged: true } });
  const hidden = [
    queryCommand(`SELECT 1 /*${'x'.repeat(100)}*/; DROP TABLE t`, 1, 50),
    queryCommand("EXECUTE IMMEDIATE CONCAT('DROP ', 'TABLE t')"),
    statementCommand(Command.STMT_EXECUTE, null),
  ];
  for (const command of hidden) {
    t.equal(ask(t, [NO_DDL], command), null);
    t.equal(told(ask(t, [NO_DDL, strict], command)), 'refuse by strict: unjudged');
  }
  t.equal(ask(t, [strict], 'SELECT 1'), null);
  const long = queryCommand(`DROP TABLE ${'x'.repeat(100)}`, 1, 50);
  t.equal(told(ask(t, [NO_DDL], long)), 'refuse by no-ddl: statement', 'the front of a text tells its first statement');
  const mine = [{ name: 'mine', match: { user: 'app' } }, strict];
  t.equal(ask(t, mine, hidden[1]!), null, 'an earlier rule for the whole client');
  t.equal(told(ask(t, [refuse('all', { user: 'app' })], hidden[2]!)), 'refuse by all: statement');
});

t.test('would refuse in mode audit, unless another rule refuses', async (t) => {
  const watching = refuse('watching', { statement: 'ddl' }, { mode: 'audit' });
  t.equal(told(ask(t, [watching, NO_DDL], 'DROP TABLE t')), 'would-refuse by watching: statement');
  const rules = [watching, refuse('no-dml', { statement: 'dml' })];
  t.equal(told(ask(t, rules, 'DROP TABLE t; DELETE FROM t')), 'refuse by no-dml: statement');
});

t.test('judges a prepared statement the same after its text was dropped', async (t) => {
  const bound = {} as PreparedStatement['bound'];
  const forgotten = (sql: string): PendingCommand => {
    const text = Buffer.from(sql);
    const prepared = {
      id: 1, sql: text, sqlBytes: text.length, bound, columnTypes: null, cursorUsage: null, kept: null,
    };
    const kept = Statement.keptOf(prepared, 0, MARIADB);
    const command = statementCommand(Command.STMT_EXECUTE, null);
    return Object.assign(command, { statement: { ...prepared, sql: null, kept } });
  };
  const strict = refuse('strict', { statement: 'call' }, { refusal: { unjudged: true } });
  const rules = [refuse('r', { digest: DIGEST }), NO_DDL, strict];
  t.equal(told(ask(t, rules, forgotten('DELETE FROM t WHERE a = ?'))), 'refuse by r: statement');
  t.equal(told(ask(t, rules, forgotten('DROP TABLE t'))), 'refuse by no-ddl: statement');
  t.equal(told(ask(t, rules, forgotten('BEGIN NOT ATOMIC SELECT 1; END'))), 'refuse by strict: unjudged');
  t.equal(ask(t, rules, forgotten('SELECT 1')), null);
});

t.test('fills in rule, kind and digest in the message', async (t) => {
  const message = '{rule} takes no {statement} ({digest})';
  const refused = ask(t, [refuse('r', { statement: 'ddl' }, { refusal: { message } })], 'DROP TABLE t');
  t.equal(refusalMessage(refused!), `r takes no ddl (${digestHash(digestText('DROP TABLE t'))})`);
  const rules = [refuse('r', { statement: 'dml' }, { refusal: { message, unjudged: true } })];
  const behind = ask(t, rules, 'SELECT 1; DELETE FROM t WHERE a = 2');
  t.equal(refusalMessage(behind!), `r takes no dml (${DIGEST})`, 'those of the statement that is refused');
  const hidden = 'SELECT 1; EXECUTE s';
  t.equal(refusalMessage(ask(t, rules, hidden)!), `r takes no unknown (${digestHash(digestText(hidden))})`);
  t.equal(refusalMessage(ask(t, [NO_DDL], 'DROP TABLE t')!), 'sluice: statement refused (rule no-ddl)');
});
