import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { Outbox } from '../../src/workers/outbox.js';

t.test('sends the messages of one turn together, in order', async (t) => {
  const carried: [readonly string[], readonly string[]][] = [];
  const outbox = new Outbox((records, lines) => carried.push([records, lines]), () => t.fail('nothing is dropped'));
  outbox.write({ a: 1 });
  outbox.log('one\n');
  outbox.write({ a: 2 });
  await nextTurn();
  outbox.log('two\n');
  await nextTurn();
  t.same(carried, [[['{"a":1}', '{"a":2}'], ['one\n']], [[], ['two\n']]]);
});

t.test('keeps messages up to a bound, then drops and counts them, and says so once', async (t) => {
  const taken: (() => void)[] = [];
  let said = 0;
  const outbox = new Outbox((_records, _lines, done) => taken.push(done), () => (said += 1), 20);
  for (let count = 0; count < 5; count += 1) {
    outbox.write({ a: 1234 }); // ten characters each
    await nextTurn();
  }
  t.equal(outbox.droppedRecords, 3);
  t.equal(said, 1);
  outbox.log('a line has room of its own');
  outbox.log('another');
  t.equal(outbox.droppedLines, 1);
  for (const done of taken) done();
  outbox.write({ a: 1234 });
  t.equal(outbox.droppedRecords, 3, 'what was taken leaves room');
  t.end();
});

t.test('sends waiting messages at once at the end', (t) => {
  const carried: string[] = [];
  const outbox = new Outbox((records) => carried.push(...records), () => {});
  outbox.write({ last: true });
  outbox.flush();
  outbox.flush();
  t.same(carried, ['{"last":true}']);
  t.end();
});
