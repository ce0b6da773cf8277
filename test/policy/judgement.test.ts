import t, { type Test } from 'tap';
import type { GovernedUsage } from '../../src/policy/governedUsage.js';
import {
  admissionOf, cutMessage, exemptedFrom, judge, judgeOverBudget, warningFor,
} from '../../src/policy/judgement.js';
import { govern } from '../support/governed.js';

const SELECT = 'SELECT * FROM t';
const usageOf = (t: Test, given: object, sql = SELECT): GovernedUsage =>
  govern(t, { limits: { rows: 10, bytes: 1000 }, budget: { bytes: 5000 }, ...given }, sql).usage;

t.test('does at a limit what the settings say', (t) => {
  const done = (action: string, isInsideRow = false) =>
    judge(usageOf(t, { onExceed: { action } }), 'rows', isInsideRow).action;
  t.equal(done('error'), 'cut');
  t.equal(done('truncate'), 'truncate');
  t.equal(done('close'), 'close');
  t.equal(done('hold'), 'cut');
  for (const action of ['error', 'truncate', 'close', 'hold']) {
    t.equal(done(action, true), 'close', `${action}: nothing can be put inside a row that the client has half of`);
  }
  t.end();
});

t.test('mode audit never cuts', (t) => {
  for (const action of ['error', 'truncate', 'close', 'hold']) {
    t.equal(judge(usageOf(t, { mode: 'audit', onExceed: { action } }), 'rows', true).action, 'would-cut');
  }
  t.end();
});

t.test('records an exempt result with the limit that it passed', (t) => {
  const usage = usageOf(t, {}, 'DELETE FROM t RETURNING a');
  t.same(
    exemptedFrom(usage, 'rows', 5000),
    { action: 'would-cut', reason: 'rows', rule: 'default', limit: { rows: 10, bytes: 1000 } },
  );
  t.match(
    exemptedFrom(usage, 'budget', 5000),
    { action: 'would-cut', reason: 'budget', limit: { rows: Infinity, bytes: 5000 } },
  );
  t.end();
});

t.test('a judgement names the rule and the limit', (t) => {
  const usage = usageOf(t, { rules: [{ name: 'mine', match: {}, limits: { rows: 3 } }] });
  t.same(
    judge(usage, 'bytes', false), { action: 'cut', reason: 'bytes', rule: 'mine', limit: { rows: 3, bytes: 1000 } },
  );
  t.same(judgeOverBudget(usage, 5000, false), {
    action: 'cut', reason: 'budget', rule: 'mine', limit: { rows: Infinity, bytes: 5000 },
  });
  t.end();
});

t.test('cuts with an error over the budget when the action is truncate', (t) => {
  t.equal(judgeOverBudget(usageOf(t, { onExceed: { action: 'truncate' } }), 5000, false).action, 'cut');
  t.equal(judgeOverBudget(usageOf(t, { onExceed: { action: 'close' } }), 5000, false).action, 'close');
  t.end();
});

t.test('warns above a threshold, of rows before bytes', (t) => {
  const usage = usageOf(t, { warn: { rows: 5, bytes: 500 } });
  const warned = (rows: number, bytes: number) => warningFor(Object.assign(usage, { rows, bytes }));
  t.equal(warned(5, 500), null);
  t.match(warned(6, 500), { action: 'warn', reason: 'rows', limit: { rows: 5, bytes: 500 } });
  t.match(warned(5, 501), { action: 'warn', reason: 'bytes' });
  t.match(warned(6, 501), { reason: 'rows' });
  t.equal(warningFor(Object.assign(usageOf(t, {}), { rows: 1e9, bytes: 1e12 })), null, 'there is none by default');
  t.end();
});

t.test('admits a stream above the limit that it would have as a buffered result, by rows before bytes', (t) => {
  const rules = [{ name: 'exports', match: {}, class: 'streaming', limits: { rows: 7 } }];
  const admitted = (rows: number, bytes: number) => admissionOf(Object.assign(usageOf(t, { rules }), { rows, bytes }));
  t.equal(admitted(7, 1000), null);
  const limit = { rows: 7, bytes: 1000 };
  const known = { action: 'admit', rule: 'exports', limit, signal: 'rule', rowsPerSecond: null };
  t.same(admitted(8, 1000), { ...known, reason: 'rows' });
  t.same(admitted(7, 1001), { ...known, reason: 'bytes' });
  t.match(admitted(8, 1001), { reason: 'rows' });
  t.end();
});

t.test('the record of a stream admitted for its pace has the first limit and the measured rate', (t) => {
  const sql = '/* sluice: rows=3 */ SELECT * FROM t';
  const { usage } = govern(t, { limits: { rows: 10, bytes: 1000 } }, sql);
  Object.assign(usage, { rows: 4, bytes: 100 });
  t.equal(admissionOf(usage), null, 'nothing is let through as long as it counts as buffered');
  usage.turnIntoStream('pace');
  usage.rowsPerSecond = 812.5;
  t.match(admissionOf(usage), { signal: 'pace', limit: { rows: 3, bytes: 1000 }, rowsPerSecond: 812.5 });
  usage.judgement = judge(usage, 'rows', false);
  t.equal(admissionOf(usage), null, 'what is cut later is cut, and nothing else');
  t.end();
});

t.test('the text of the error says what was passed, by which rule, and what to do', (t) => {
  const text = (sql: string, reason: 'rows' | 'bytes' | 'budget') => {
    const usage = usageOf(t, {}, sql);
    const judgement = reason === 'budget' ? judgeOverBudget(usage, 5000, false) : judge(usage, reason, false);
    const place = { rows: 0, bytes: 0, signals: ['pace'], attributes: new Map(), encoding: 'utf8' } as const;
    return cutMessage(usage, judgement, place);
  };
  const remedy = 'page it, stream it, or raise the limit';
  t.equal(text(SELECT, 'rows'), `sluice: result set exceeds 10 rows (rule default); ${remedy}`);
  t.equal(text(SELECT, 'bytes'), `sluice: result set exceeds 1000 bytes (rule default); ${remedy}`);
  t.equal(text('CALL p()', 'rows'),
    `sluice: result set exceeds 10 rows (rule default); ${remedy}; the statement runs to its end on the server`);
  t.equal(text(SELECT, 'budget'), 'sluice: results under way exceed the budget of 5000 bytes, and this is the ' +
    'largest (rule default); page it, stream it, or raise the budget');
  t.end();
});
