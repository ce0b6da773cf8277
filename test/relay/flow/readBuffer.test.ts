import t from 'tap';
import { HEADROOM_BYTES, ReadBuffer, type ReadTarget } from '../../../src/relay/flow/readBuffer.js';

/** Takes delivered bytes. A test can set that it still holds them. */
class Taker implements ReadTarget {
  undecidedBytes = 0;
  isEmpty = true;
  readsPastSink = false;
  readonly sink = { isFull: false, gatherTurn: () => undefined, endGathering: () => undefined };
  readonly taken: Buffer[] = [];
  readonly inPlace: boolean[] = [];

  own(): void {}

  accept(chunk: Buffer): void {
    this.taken.push(chunk);
    this.inPlace.push(false);
  }

  acceptRead(buffer: ReadBuffer, byteCount: number): void {
    this.taken.push(buffer.room.subarray(0, byteCount));
    this.inPlace.push(true);
  }
}

const MUCH = 32 * 1024;

/** Fills the buffer, delivers it, and adapts it to the next read. */
const read = (buffer: ReadBuffer, taker: Taker, byteCount: number, fill: string, isComplete = false): void => {
  buffer.room.fill(fill, 0, byteCount);
  buffer.deliver(byteCount, taker);
  buffer.adapt(byteCount, taker, isComplete, Infinity);
};

t.test('sockets with few bytes read into the same memory, and keep what came', (t) => {
  const [one, other] = [new ReadBuffer(), new ReadBuffer()];
  const taker = new Taker();
  t.equal(one.room, other.room);
  read(one, taker, 100, 'a');
  read(other, taker, 100, 'b');
  t.strictSame(taker.taken.map(String), ['a'.repeat(100), 'b'.repeat(100)]);
  t.end();
});

t.test('a socket with many bytes reads into memory of its own, without copying', (t) => {
  const [one, other] = [new ReadBuffer(), new ReadBuffer()];
  const taker = new Taker();
  read(one, taker, MUCH, 'a');
  read(other, taker, MUCH, 'b');
  t.not(one.room.buffer, other.room.buffer);
  read(one, taker, MUCH, 'c');
  t.strictSame(taker.inPlace, [false, false, true]);
  t.equal(one.whole.length, HEADROOM_BYTES + one.room.length);
  one.release();
  other.release();
  t.end();
});

t.test('memory of its own is given back when few bytes come, and reused by the next socket', (t) => {
  const [one, other] = [new ReadBuffer(), new ReadBuffer()];
  const taker = new Taker();
  read(one, taker, MUCH, 'a');
  const { whole, room } = one;
  read(one, taker, 1, 'b');
  t.not(one.room, room);
  read(other, taker, MUCH, 'c');
  t.equal(other.whole, whole);
  other.release();
  t.end();
});

t.test('memory of its own stays while its bytes are not yet taken', (t) => {
  const buffer = new ReadBuffer();
  const taker = new Taker();
  read(buffer, taker, MUCH, 'a');
  taker.isEmpty = false;
  const { room } = buffer;
  read(buffer, taker, 1, 'b');
  t.equal(buffer.room, room);
  buffer.release();
  t.end();
});

t.test('memory of its own stays with a complete response until that is taken', (t) => {
  const [one, other] = [new ReadBuffer(), new ReadBuffer()];
  const taker = new Taker();
  read(one, taker, MUCH, 'a');
  const { whole } = one;
  taker.isEmpty = false;
  read(one, taker, MUCH, 'b', true);
  t.equal(one.whole.length, 0, 'the next read lands elsewhere');
  read(other, taker, MUCH, 'c');
  t.not(other.whole, whole);
  t.equal(taker.taken[1]?.toString(), 'b'.repeat(MUCH), 'and what came is still there');
  other.release();
  one.taken();
  const next = new ReadBuffer();
  read(next, taker, MUCH, 'd');
  t.equal(next.whole, whole);
  next.release();
  t.end();
});

t.test('a response that is complete with its first read takes no memory of its own, at any size', (t) => {
  const buffer = new ReadBuffer();
  read(buffer, new Taker(), MUCH, 'a', true);
  t.equal(buffer.whole.length, 0);
  t.end();
});

t.test('few bytes at a time are read into a part of the shared memory that holds no more, or 8 KiB', (t) => {
  const buffer = new ReadBuffer();
  const roomFor = (maxReadBytes: number): number => {
    buffer.adapt(100, new Taker(), false, maxReadBytes);
    return buffer.room.length / 1024;
  };
  const rooms = [64, 63.9, 32, 31.9, 16, 15, 8, 1].map((kib) => roomFor(kib * 1024));
  t.strictSame(rooms, [64, 32, 32, 16, 16, 8, 8, 8]);
  t.end();
});
