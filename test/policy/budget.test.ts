import t, { type Test } from 'tap';
import { Budget } from '../../src/policy/budget.js';
import type { GovernedUsage } from '../../src/policy/governedUsage.js';
import { govern } from '../support/governed.js';

const usageOf = (t: Test, given: object = {}): GovernedUsage => govern(t, given, 'SELECT * FROM t').usage;

/** More of a response has passed. */
const grow = (budget: Budget, usage: GovernedUsage, toBytes: number): void => {
  usage.bytes = toBytes;
  usage.rows += 1;
  budget.update(usage);
};

t.test('results may fill the budget, and the largest stops when they pass it together', (t) => {
  const budget = new Budget(100);
  const [small, large, last] = [usageOf(t), usageOf(t), usageOf(t)];
  grow(budget, small, 20);
  grow(budget, large, 50);
  grow(budget, last, 30);
  t.equal(budget.usedBytes, 100);
  t.same([small, large, last].map(({ isOverBudget }) => isOverBudget), [false, false, false]);
  grow(budget, last, 31);
  t.same([small, large, last].map(({ isOverBudget }) => isOverBudget), [false, true, false], 'not the one that grew');
  t.equal(large.maxRows, large.rows, 'it stops at its next row');
  t.equal(budget.usedBytes, 51, 'and is out of the sum');
  grow(budget, large, 60);
  t.equal(budget.usedBytes, 51);
  t.end();
});

t.test('stops a result that is larger than the budget, and no other', (t) => {
  const budget = new Budget(100);
  const [small, huge] = [usageOf(t), usageOf(t)];
  grow(budget, small, 1);
  grow(budget, huge, 101);
  t.ok(huge.isOverBudget);
  t.notOk(small.isOverBudget);
  t.end();
});

t.test('takes a result off the sum when it ends, once', (t) => {
  const budget = new Budget(100);
  const [one, other] = [usageOf(t), usageOf(t)];
  grow(budget, one, 90);
  budget.release(one);
  budget.release(one);
  t.equal(budget.usedBytes, 0);
  grow(budget, other, 90);
  t.notOk(other.isOverBudget);
  t.end();
});

t.test('does not count streams, also when a result becomes one later', (t) => {
  const budget = new Budget(100);
  const stream = usageOf(t, { rules: [{ name: 'r', match: {}, class: 'streaming' }] });
  grow(budget, stream, 1000);
  t.equal(budget.usedBytes, 0);
  const { usage: late } = govern(t, {}, 'SELECT * FROM t');
  grow(budget, late, 60);
  budget.release(late);
  late.turnIntoStream('pace');
  grow(budget, late, 200);
  t.equal(budget.usedBytes, 0);
  t.end();
});

t.test('Infinity means that there is no budget', (t) => {
  t.notOk(new Budget(Infinity).isLimited);
  t.ok(new Budget(1).isLimited);
  t.end();
});
