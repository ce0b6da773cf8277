import t, { type Test } from 'tap';
import type { GovernedUsage } from '../../src/policy/governedUsage.js';
import { LeasedBudget } from '../../src/workers/leasedBudget.js';
import { govern } from '../support/governed.js';

const usageOf = (t: Test, given: object = {}): GovernedUsage => govern(t, given, 'SELECT * FROM t').usage;

/** More of a response has passed. */
const grow = (budget: LeasedBudget, usage: GovernedUsage, toBytes: number): void => {
  usage.bytes = toBytes;
  usage.rows += 1;
  budget.update(usage);
};

/** A budget of 3,200 bytes for two workers: leases of 100. */
const budgetOfTwo = () => {
  const asked: number[] = [];
  const given: number[] = [];
  const budget = new LeasedBudget(
    3200, 2, { ask: (bytes) => asked.push(bytes), giveBack: (bytes) => given.push(bytes) },
  );
  return { budget, asked, given };
};

t.test('a result that needs more than the lease waits at its next row, and goes on with more', (t) => {
  const { budget, asked } = budgetOfTwo();
  const usage = usageOf(t, { limits: { rows: 500, bytes: 9000 } });
  grow(budget, usage, 40);
  t.ok(usage.isPaused);
  t.equal(usage.maxRows, usage.rows);
  t.same(asked, [100]);
  let wentOn = 0;
  usage.whenGoingOn(() => (wentOn += 1));
  budget.granted(100);
  t.notOk(usage.isPaused);
  t.equal(wentOn, 1);
  t.equal(usage.maxRows, 500);
  t.equal(usage.maxBytes, 9000);
  t.end();
});

t.test('asks for more before it is needed, so that a growing result seldom waits', (t) => {
  const { budget, asked } = budgetOfTwo();
  const usage = usageOf(t);
  grow(budget, usage, 40);
  budget.granted(100);
  for (let bytes = 50; bytes <= 1000; bytes += 10) {
    grow(budget, usage, bytes);
    t.notOk(usage.isPaused, String(bytes));
    if (asked.length > 1) budget.granted(asked.pop()!);
  }
  t.end();
});

t.test('cuts the largest result when there is no more, and the others go on', (t) => {
  const { budget } = budgetOfTwo();
  const [large, small] = [usageOf(t, { limits: { rows: 500 } }), usageOf(t, { limits: { rows: 500 } })];
  grow(budget, large, 90);
  budget.granted(100);
  grow(budget, small, 30);
  t.ok(small.isPaused);
  t.notOk(large.isPaused, 'which has not grown');
  budget.granted(0);
  t.same([large.isOverBudget, small.isOverBudget], [true, false]);
  t.equal(large.maxRows, large.rows, 'it stops at its next row');
  t.notOk(small.isPaused);
  t.equal(small.maxRows, 500);
  t.equal(budget.usedBytes, 30);
  t.end();
});

t.test('cuts a result that waits and is the largest at the row where it waits', (t) => {
  const { budget } = budgetOfTwo();
  const usage = usageOf(t, { limits: { rows: 500 } });
  grow(budget, usage, 40);
  budget.granted(0);
  t.ok(usage.isOverBudget);
  t.notOk(usage.isPaused);
  t.equal(usage.maxRows, usage.rows);
  t.end();
});

t.test('applies limits that changed while a result waited', (t) => {
  const { budget } = budgetOfTwo();
  const { usage } = govern(t, { streaming: { limits: { rows: 7 } } }, 'SELECT * FROM t');
  grow(budget, usage, 40);
  usage.turnIntoStream('pace');
  t.equal(usage.maxRows, usage.rows, 'it still stands');
  budget.release(usage);
  t.notOk(usage.isPaused, 'what does not count need not wait');
  t.equal(usage.maxRows, 7);
  t.end();
});

t.test('gives back what it no longer needs, except one lease', (t) => {
  const { budget, given } = budgetOfTwo();
  const usage = usageOf(t);
  grow(budget, usage, 540);
  budget.granted(600);
  budget.release(usage);
  t.same(given, [500]);
  t.end();
});

t.test('gives everything back and waits for nothing when the budget is removed', (t) => {
  const { budget, given } = budgetOfTwo();
  const usage = usageOf(t);
  grow(budget, usage, 40);
  budget.granted(100);
  grow(budget, usage, 400);
  t.ok(usage.isPaused);
  budget.resize(Infinity);
  t.notOk(usage.isPaused);
  t.same(given, [100]);
  budget.granted(400);
  t.same(given, [100, 400], 'what was still on its way, too');
  budget.release(usage);
  t.end();
});

t.test('gives back what is more than a lease when a reload makes the budget smaller, also without a result', (t) => {
  const { budget, given } = budgetOfTwo();
  const usage = usageOf(t);
  grow(budget, usage, 40);
  budget.granted(100);
  budget.release(usage);
  t.same(given, [], 'one lease is kept');
  budget.resize(320);
  t.same(given, [90], 'one of the new size');
  t.end();
});
