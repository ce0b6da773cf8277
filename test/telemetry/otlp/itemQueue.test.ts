import t from 'tap';
import { ItemQueue, type Item } from '../../../src/telemetry/otlp/itemQueue.js';

const BOUNDS = { maxItems: 4, maxLength: 100, batchItems: 3, batchLength: 50 };

const item = (text: string, count = 1): Item => ({ text, count });

const textsOf = (items: readonly Item[]) => items.map(({ text }) => text);

t.test('gives batches with a bounded number of items, the oldest first', (t) => {
  const queue = new ItemQueue(BOUNDS);
  for (const text of ['a', 'b', 'c', 'd']) t.equal(queue.add(item(text)), 0);
  t.ok(queue.fillsBatch);
  t.strictSame(textsOf(queue.take()), ['a', 'b', 'c']);
  t.notOk(queue.fillsBatch);
  t.strictSame(textsOf(queue.take()), ['d']);
  t.ok(queue.isEmpty);
  t.strictSame(queue.take(), []);
  t.end();
});

t.test('gives batches with a bounded number of characters, and a larger item by itself', (t) => {
  const queue = new ItemQueue(BOUNDS);
  const [large, half] = ['x'.repeat(60), 'y'.repeat(25)];
  for (const text of [large, half]) queue.add(item(text));
  t.strictSame(textsOf(queue.take()), [large]);
  queue.add(item(half));
  t.strictSame(textsOf(queue.take()), [half, half]);
  t.end();
});

t.test('drops the oldest items beyond the bound, and says how many', (t) => {
  const queue = new ItemQueue(BOUNDS);
  for (const text of ['a', 'b', 'c', 'd']) queue.add(item(text, 2));
  t.equal(queue.add(item('e', 2)), 2);
  t.equal(queue.add(item('x'.repeat(98), 5)), 4);
  t.strictSame(textsOf(queue.take()), ['d', 'e']);
  t.equal(queue.add(item('y'.repeat(1000))), 5, 'the newest stays, whatever its size');
  t.equal(queue.empty(), 1);
  t.ok(queue.isEmpty);
  t.end();
});

t.test('puts a batch back to its front, within the bounds', (t) => {
  const queue = new ItemQueue(BOUNDS);
  for (const text of ['a', 'b', 'c', 'd']) queue.add(item(text));
  const batch = queue.take();
  queue.add(item('e'));
  t.equal(queue.putBack(batch), 1, 'the oldest goes');
  t.strictSame(textsOf(queue.take()), ['b', 'c', 'd']);
  t.strictSame(textsOf(queue.take()), ['e']);
  t.end();
});
