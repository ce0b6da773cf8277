import t from 'tap';
import { storedFrame } from '../../../src/protocol/compression.js';
import { FrameNumbers } from '../../../src/protocol/frameNumbers.js';
import { FramedOutlet } from '../../../src/relay/flow/framedOutlet.js';
import { deflatedFrame } from '../../support/frames.js';

const ERROR = Buffer.from('an error');

/** A queue of frames from the server, and everything that it wrote. */
const responses = (): { queue: FramedOutlet; written: Buffer[]; numbers: FrameNumbers } => {
  const written: Buffer[] = [];
  const numbers = new FrameNumbers(() => false);
  numbers.restart();
  const queue = new FramedOutlet('server', numbers, (bytes) => written.push(Buffer.from(bytes)));
  return { queue, written, numbers };
};

const push = (queue: FramedOutlet, number: number, content: string): Buffer => {
  const frame = deflatedFrame(number, Buffer.from(content));
  queue.push(Buffer.from(frame), Buffer.from(content), 'next');
  return frame;
};

const bytes = (count: number): Buffer => Buffer.alloc(count);
const stored = (number: number, content: string): Buffer => storedFrame(number, Buffer.from(content));

t.test('passes a frame unchanged once its last byte is decided', (t) => {
  const { queue, written } = responses();
  const first = push(queue, 1, 'abcdef');
  queue.forward(bytes(5));
  t.same(written, []);
  const second = push(queue, 2, 'ghi');
  queue.forward(bytes(4));
  t.same(written, [first, second]);
  t.end();
});

t.test('passes a cut frame up to the cut, then the error, and drops the rest', (t) => {
  const { queue, written } = responses();
  const first = push(queue, 1, 'abc');
  push(queue, 2, 'defghi');
  queue.forward(bytes(5));
  queue.inject(ERROR);
  queue.drop(bytes(4));
  push(queue, 3, 'jkl');
  queue.drop(bytes(3));
  t.same(written, [first, stored(2, 'de'), storedFrame(3, ERROR)]);
  t.end();
});

t.test('passes a frame unchanged when it ends before the cut', (t) => {
  const { queue, written } = responses();
  const first = push(queue, 1, 'abc');
  queue.forward(bytes(3));
  push(queue, 2, 'def');
  queue.inject(ERROR);
  queue.drop(bytes(3));
  t.same(written, [first, storedFrame(2, ERROR)]);
  t.end();
});

t.test('puts what follows dropped bytes in a frame into a frame of its own', (t) => {
  const { queue, written } = responses();
  push(queue, 1, 'abcdefghi');
  queue.forward(bytes(2));
  queue.inject(ERROR);
  queue.drop(bytes(4));
  queue.forward(bytes(3));
  const second = push(queue, 2, 'jkl');
  queue.forward(bytes(3));
  second[3] = 4;
  t.same(written, [stored(1, 'ab'), storedFrame(2, ERROR), stored(3, 'ghi'), second]);
  t.end();
});

t.test('passes decided bytes without the rest of their frame, and renumbers the later frames', (t) => {
  const { queue, written, numbers } = responses();
  push(queue, 1, 'abcdef');
  queue.forward(bytes(2));
  queue.flush();
  queue.flush();
  t.same(written, [stored(1, 'ab')]);
  t.notOk(queue.canPassBytes, 'the rest of the frame will have to be numbered');
  queue.forward(bytes(4));
  t.ok(numbers.differ);
  const second = push(queue, 2, 'ghi');
  queue.forward(bytes(3));
  second[3] = 3;
  t.same(written, [stored(1, 'ab'), stored(2, 'cdef'), second]);
  t.end();
});

t.test('passes kept frames unchanged when they are released', (t) => {
  const { queue, written } = responses();
  const frames = [push(queue, 1, 'abcdef'), push(queue, 2, 'ghi'), push(queue, 3, 'jkl')];
  queue.forward(bytes(2));
  queue.keep(bytes(4));
  queue.keep(bytes(5));
  t.same(written, []);
  queue.release();
  queue.forward(bytes(1));
  t.same(written, frames);
  t.end();
});

t.test('passes what stands before dropped bytes in their frame', (t) => {
  const { queue, written } = responses();
  push(queue, 1, 'abcdef');
  push(queue, 2, 'ghi');
  push(queue, 3, 'jkl');
  queue.forward(bytes(2));
  queue.keep(bytes(8));
  queue.dropKept();
  queue.inject(ERROR);
  queue.drop(bytes(2));
  t.same(written, [stored(1, 'ab'), storedFrame(2, ERROR)]);
  t.end();
});

t.test('keeps its own copy of queued frames', (t) => {
  const { queue, written } = responses();
  const deflated = deflatedFrame(1, Buffer.from('abc'));
  const plain = stored(2, 'def');
  const read = Buffer.concat([deflated, plain]);
  queue.push(read.subarray(0, deflated.length), Buffer.from('abc'), 'next');
  queue.push(read.subarray(deflated.length), Buffer.from('def'), 'next');
  queue.own();
  read.fill(0xff);
  queue.forward(bytes(4));
  queue.flush();
  queue.forward(bytes(2));
  t.same(written, [deflated, stored(2, 'd'), stored(3, 'ef')]);
  t.end();
});

t.test('begins a new count with a frame inserted towards the server, which is a command', (t) => {
  const numbers = new FrameNumbers(() => false);
  const requests = new FramedOutlet('client', numbers, () => undefined);
  const answers = new FramedOutlet('server', numbers, () => undefined);
  numbers.restart();
  push(answers, 1, 'abc');
  answers.forward(bytes(3));
  t.same(requests.wrap(Buffer.from('quit')), stored(0, 'quit'));
  t.end();
});

t.test("a client's frame that is split before a command begins a new count there", (t) => {
  const written: Buffer[] = [];
  const numbers = new FrameNumbers(() => false);
  const queue = new FramedOutlet('client', numbers, (frame) => written.push(Buffer.from(frame)));
  queue.push(stored(0, 'abcdef'), Buffer.from('abcdef'), 'command');
  queue.forward(bytes(4));
  queue.flush();
  queue.forward(bytes(2));
  t.same(written, [stored(0, 'abcd'), stored(0, 'ef')]);
  t.notOk(numbers.differ);
  t.end();
});
