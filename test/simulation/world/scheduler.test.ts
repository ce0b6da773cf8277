import t from 'tap';
import { Random } from './random.js';
import { Scheduler } from './scheduler.js';

/** The order in which a seed lets ten events of one moment happen. */
const orderOf = async (seed: number): Promise<string> => {
  const scheduler = new Scheduler(new Random(seed));
  const order: number[] = [];
  for (let number = 0; number < 10; number += 1) scheduler.after(5, () => void order.push(number));
  await scheduler.run();
  return order.join();
};

t.test('runs events of one moment in an order that the seed alone decides', async (t) => {
  const orders = await Promise.all([1, 1, 2, 3].map(orderOf));
  t.equal(orders[0], orders[1]);
  t.equal(new Set(orders).size, 3);
});

t.test('runs events at their times, and all promises of one before the next', async (t) => {
  const scheduler = new Scheduler(new Random(1));
  const seen: string[] = [];
  const note = (what: string): void => void seen.push(`${what} at ${scheduler.nowMs}`);
  scheduler.after(20, () => note('second'));
  scheduler.after(10, () => {
    note('first');
    process.nextTick(() => note('tick'));
    void Promise.resolve().then(() => Promise.resolve()).then(() => note('promise'));
    scheduler.after(0, () => note('event of an event'));
  });
  scheduler.onStep(() => note('look'));
  t.equal(await scheduler.run(), 'quiet');
  t.strictSame(seen, [
    'first at 10', 'tick at 10', 'promise at 10', 'look at 10', 'event of an event at 10', 'look at 10',
    'second at 20', 'look at 20',
  ]);
});

t.test('ends a run at its bounds, and continues from there', async (t) => {
  const scheduler = new Scheduler(new Random(1));
  let count = 0;
  for (const ms of [1, 2, 3, 4]) scheduler.after(ms, () => (count += 1));
  t.equal(await scheduler.run({ untilMs: 1.5 }), 'time');
  t.equal(scheduler.nowMs, 1.5);
  t.equal(await scheduler.run({ maxEvents: 1 }), 'events');
  t.equal(await scheduler.run({ until: () => count === 3 }), 'until');
  t.equal(await scheduler.run(), 'quiet');
  t.equal(count, 4);
});

t.test('is quiet when only events are left for which a world does not wait', async (t) => {
  const scheduler = new Scheduler(new Random(1));
  const again = (): void => void scheduler.after(1, again, false);
  again();
  scheduler.after(10, () => undefined);
  const cancelled = scheduler.after(50, () => t.fail('was cancelled'));
  scheduler.cancel(cancelled);
  t.equal(await scheduler.run(), 'quiet');
  t.equal(scheduler.nowMs, 10);
});

t.test('ends a run with the error of an event or of a look', async (t) => {
  const scheduler = new Scheduler(new Random(1));
  scheduler.after(1, () => {
    throw new Error('broken');
  });
  await t.rejects(scheduler.run(), { message: 'broken' });
});

t.test('gives each actor choices that do not depend on those of others', (t) => {
  const [one, other] = [new Random(7), new Random(7)];
  other.int(100);
  other.fork('a').int(100);
  t.equal(one.fork('b').int(2 ** 32), other.fork('b').int(2 ** 32));
  t.not(one.fork('b').int(2 ** 32), one.fork('c').int(2 ** 32));
  t.end();
});
