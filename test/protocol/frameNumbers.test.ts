import t from 'tap';
import { FrameNumbers } from '../../src/protocol/frameNumbers.js';

t.test('keeps the numbers of frames that pass unchanged, also past 255', (t) => {
  const numbers = new FrameNumbers(() => false);
  t.equal(numbers.restart(), 0);
  const passed = Array.from({ length: 1000 }, (_, index) => (index + 1) & 0xff);
  t.same(passed.map((number) => numbers.relay('server', number)), passed);
  t.notOk(numbers.differ);
  t.end();
});

t.test('counts on for each connection after an inserted frame, until the next command', (t) => {
  const numbers = new FrameNumbers(() => false);
  numbers.restart();
  t.equal(numbers.relay('server', 1), 1);
  t.equal(numbers.insert('client'), 2);
  t.ok(numbers.differ);
  t.equal(numbers.relay('server', 2), 3);
  t.equal(numbers.relay('client', 4), 3, 'each end goes on from what it saw');
  t.equal(numbers.relay('server', 4), 5);
  t.equal(numbers.restart(), 0);
  t.equal(numbers.relay('server', 1), 1);
  t.end();
});

t.test('leaves no gap for dropped frames', (t) => {
  const numbers = new FrameNumbers(() => false);
  numbers.restart();
  numbers.relay('server', 1);
  numbers.drop('server', 2);
  numbers.drop('server', 3);
  t.equal(numbers.insert('client'), 2);
  t.equal(numbers.relay('server', 4), 3);
  t.end();
});

t.test('begins the next response with its own number 1 after a dropped frame number 256', (t) => {
  const numbers = new FrameNumbers(() => false);
  numbers.restart();
  for (let number = 1; number <= 8; number += 1) numbers.relay('server', number);
  for (let number = 9; number <= 256; number += 1) numbers.drop('server', number & 0xff);
  t.equal(numbers.begin(1), 1);
  t.equal(numbers.relay('server', 2), 2);
  t.end();
});

t.test('passes on a count that a server begins again for a command sent ahead', (t) => {
  const numbers = new FrameNumbers(() => false);
  numbers.restart();
  numbers.relay('server', 1);
  numbers.insert('client');
  numbers.relay('server', 2);
  t.equal(numbers.relay('server', 1), 1);
  t.equal(numbers.relay('server', 2), 2);
  t.end();
});

t.test('a command sent ahead does not change the count of the response under way', (t) => {
  let isAnswering = false;
  const numbers = new FrameNumbers(() => isAnswering);
  numbers.restart();
  t.equal(numbers.begin(1), 1);
  isAnswering = true;
  numbers.insert('client');
  t.equal(numbers.restart(), 0);
  t.equal(numbers.ask(1), 1);
  t.equal(numbers.relay('server', 2), 3);
  isAnswering = false;
  t.equal(numbers.begin(2), 2, 'the answer to the one that was sent ahead');
  t.end();
});
