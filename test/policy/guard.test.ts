import t from 'tap';
import { JdbcStreaming } from '../../src/policy/signals.js';
import { Command } from '../../src/protocol/commands.js';
import { govern, queryCommand, statementCommand } from '../support/governed.js';

const SELECT = 'SELECT * FROM t';
const DUMP = 'SELECT /*!40001 SQL_NO_CACHE */ * FROM `t`';
const MYSQLDUMP = { attributes: new Map([['program_name', 'mysqldump']]) };

const armed = (): JdbcStreaming => {
  const jdbc = new JdbcStreaming();
  jdbc.set(600, 1);
  return jdbc;
};

t.test('takes the global limits and class buffered without rules, hints and signals', (t) => {
  const { usage, guard } = govern(t, { limits: { rows: 7, bytes: '1KiB' } }, SELECT);
  t.match(usage.terms, { rule: 'default', responseClass: 'buffered', signal: null, limits: { rows: 7, bytes: 1024 } });
  t.match(usage, { maxRows: 7, maxBytes: 1024 });
  t.same(guard.hints, { followed: 0, forbidden: 0, malformed: 0 });
  t.end();
});

t.test('each signal makes a response a stream, with the streaming limits', (t) => {
  const given = { streaming: { limits: { rows: 9 } } };
  const told = (command: Parameters<typeof govern>[2], governing = {}) => govern(t, given, command, governing).usage;
  const seen = {
    cursor: told(statementCommand(Command.STMT_FETCH, SELECT)),
    dump: told(SELECT, { subject: MYSQLDUMP }),
    jdbc: told(queryCommand(SELECT, 2), { jdbc: armed() }),
  };
  for (const [signal, { terms, maxRows }] of Object.entries(seen)) {
    t.match({ ...terms, maxRows }, { responseClass: 'streaming', signal, maxRows: 9 });
  }
  t.match(told(DUMP).terms, { signal: 'dump' }, "a dump tool's statement, whoever sends it");
  t.end();
});

t.test('ignores a signal that is not trusted', (t) => {
  const none = { streaming: { signals: [] }, hints: 'any' };
  const buffered = { responseClass: 'buffered', signal: null };
  t.match(govern(t, none, statementCommand(Command.STMT_FETCH, SELECT)).usage.terms, buffered);
  t.match(govern(t, none, SELECT, { subject: MYSQLDUMP }).usage.terms, buffered);
  t.match(govern(t, none, DUMP).usage.terms, buffered);
  t.match(govern(t, none, queryCommand(SELECT, 2), { jdbc: armed() }).usage.terms, buffered);
  const hinted = govern(t, none, `/* sluice: stream */ ${SELECT}`);
  t.match(hinted.usage.terms, buffered);
  t.equal(hinted.guard.hints.forbidden, 1);
  const { usage } = govern(t, none, SELECT);
  t.notOk(usage.trusts('cursor'));
  t.notOk(usage.watchesPace);
  t.end();
});

t.test('the class of a rule comes before hint and signal', (t) => {
  const rule = (responseClass: string) => ({ hints: 'any', rules: [{ name: 'r', match: {}, class: responseClass }] });
  const streaming = govern(t, rule('streaming'), `/* sluice: rows=5 */ ${SELECT}`);
  t.match(streaming.usage.terms, { rule: 'r', responseClass: 'streaming', signal: 'rule' });
  t.equal(streaming.usage.maxRows, Infinity);
  const buffered = govern(t, rule('buffered'), `/* sluice: stream */ ${DUMP}`, { subject: MYSQLDUMP });
  t.match(buffered.usage.terms, { rule: 'r', responseClass: 'buffered', signal: null });
  t.notOk(buffered.usage.trusts('cursor'), 'nor does a cursor change it');
  t.notOk(buffered.usage.watchesPace, 'nor its pace');
  t.end();
});

t.test('a hint comes before a signal', (t) => {
  const { usage } = govern(t, {}, `/* sluice: rows=5 */ ${DUMP}`, { subject: MYSQLDUMP });
  t.match(usage.terms, { responseClass: 'buffered', limits: { rows: 5 } });
  const ignored = govern(t, {}, `${DUMP} /* sluice: rows=5k */`);
  t.match(ignored.usage.terms, { responseClass: 'streaming', signal: 'dump' }, 'one that counts');
  t.end();
});

t.test('follows, forbids or rejects hints, and counts each', (t) => {
  const terms = (hints: string, hint: string) => {
    const { usage, guard } = govern(
      t, { hints, limits: { rows: 100, bytes: '1MiB' } }, `${SELECT} /* sluice: ${hint} */`,
    );
    const { responseClass, limits } = usage.terms;
    return { responseClass, ...limits, ...guard.hints };
  };
  const unchanged = { responseClass: 'buffered', rows: 100, bytes: 1048576, followed: 0, forbidden: 0, malformed: 0 };
  t.same(terms('lower', 'rows=100'), { ...unchanged, followed: 1 }, 'as much is not more');
  t.same(terms('lower', 'rows=5 bytes=1KiB'), { ...unchanged, rows: 5, bytes: 1024, followed: 1 });
  t.same(terms('lower', 'rows=101'), { ...unchanged, forbidden: 1 });
  t.same(terms('lower', 'rows=5 bytes=unlimited'), { ...unchanged, forbidden: 1 }, 'half of it is not followed');
  t.same(terms('lower', 'stream'), { ...unchanged, forbidden: 1 });
  t.same(terms('any', 'rows=unlimited'), { ...unchanged, rows: Infinity, followed: 1 });
  t.match(terms('any', 'stream'), { responseClass: 'streaming', rows: Infinity, followed: 1 });
  t.same(terms('any', 'rows'), { ...unchanged, malformed: 1 });
  t.same(terms('none', 'rows=5'), unchanged, 'where none are followed none are looked for');
  t.end();
});

t.test('a rule sets its own bound for hints', (t) => {
  const given = {
    limits: { rows: 100 }, hints: 'none', rules: [{ name: 'free', match: { user: 'bi' }, hints: 'any' }],
  };
  const hinted = `/* sluice: rows=500 */ ${SELECT}`;
  t.equal(govern(t, given, hinted).usage.maxRows, 100);
  t.equal(govern(t, given, hinted, { subject: { user: 'bi' } }).usage.maxRows, 500);
  t.end();
});

t.test('finds rule and hint of a prepared statement by its text, and none when the text was dropped', (t) => {
  const given = { rules: [{ name: 'selects', match: { statement: 'select' }, limits: { rows: 3 } }] };
  const { STMT_EXECUTE } = Command;
  t.equal(govern(t, given, statementCommand(STMT_EXECUTE, SELECT)).usage.terms.rule, 'selects');
  t.equal(govern(t, given, statementCommand(STMT_EXECUTE, `/* sluice: rows=2 */ ${SELECT}`)).usage.maxRows, 2);
  t.equal(govern(t, given, statementCommand(STMT_EXECUTE, null)).usage.terms.rule, 'default');
  t.end();
});

t.test('a response that becomes a stream gets the streaming limits of its own rule', (t) => {
  const given = {
    streaming: { limits: { rows: 50 } },
    rules: [{ name: 'bi', match: { user: 'bi' }, limits: { rows: 5 }, streaming: { limits: { rows: 8 } } }],
  };
  const { usage } = govern(t, given, SELECT, { subject: { user: 'bi' } });
  t.ok(usage.watchesPace);
  usage.turnIntoStream('pace');
  t.match(usage, { maxRows: 8, terms: { rule: 'bi', responseClass: 'streaming', signal: 'pace' } });
  t.ok(usage.watchesPace, 'and is looked at again');
  t.equal(usage.firstTerms.limits.rows, 5, 'what held first is kept');
  const { usage: other } = govern(t, given, SELECT);
  t.equal(other.terms.source.streaming('cursor').limits.rows, 50);
  t.end();
});
