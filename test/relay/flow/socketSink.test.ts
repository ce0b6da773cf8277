import { Duplex } from 'node:stream';
import t from 'tap';
import { SocketSink } from '../../../src/relay/flow/socketSink.js';

/** A stream that takes no bytes until the test releases it, and then all bytes at once. */
const slowStream = (highWaterMark: number) => {
  const waiting: (() => void)[] = [];
  let isSlow = true;
  const stream = new Duplex({
    highWaterMark,
    read() {},
    write(_chunk: Buffer, _encoding, done) {
      if (isSlow) waiting.push(done);
      else done();
    },
  });
  const flush = (): void => {
    isSlow = false;
    for (const done of waiting.splice(0)) done();
  };
  return { stream, flush };
};

for (const [words, bytes] of [['less', 10], ['more', 1000]] as const) {
  t.test(`a sink that was given ${words} than its stream's high-water mark reports when all is taken`, async (t) => {
    const { stream, flush } = slowStream(100);
    const changes: boolean[] = [];
    let changed = (): void => {};
    const sink = new SocketSink(stream, (isFull) => {
      changes.push(isFull);
      changed();
    });
    sink.write(Buffer.alloc(bytes));
    t.ok(sink.isFull);
    sink.write(Buffer.alloc(bytes));
    t.strictSame(changes, [true]);
    const isTaken = new Promise<void>((resolve) => (changed = resolve));
    flush();
    await isTaken;
    t.strictSame(changes, [true, false]);
    t.notOk(sink.isFull);
    t.equal(sink.writtenBytes, 2 * bytes);
  });
}

t.test('a sink that is given more while full says once that it has taken everything', async (t) => {
  const written: { readonly bytes: number; readonly done: () => void }[] = [];
  let took = (): void => {};
  const stream = new Duplex({
    highWaterMark: 100,
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push({ bytes: chunk.length, done });
      took();
    },
  });
  const changes: boolean[] = [];
  const sink = new SocketSink(stream, (isFull) => changes.push(isFull));
  for (let count = 1; count <= 3; count += 1) sink.write(Buffer.alloc(count));
  let takenBytes = 0;
  for (let next = 0; changes.at(-1) !== false; next += 1) {
    if (next === written.length) await new Promise<void>((resolve) => (took = resolve));
    if (takenBytes > 0 && takenBytes < 6) t.ok(sink.isFull);
    takenBytes += written[next]!.bytes;
    written[next]!.done();
    await new Promise((resolve) => process.nextTick(resolve));
  }
  t.strictSame(changes, [true, false]);
  t.equal(takenBytes, 6);
});

t.test('a sink that takes everything at once is never full', (t) => {
  const { stream, flush } = slowStream(100);
  flush();
  const changes: boolean[] = [];
  const sink = new SocketSink(stream, (isFull) => changes.push(isFull));
  sink.write(Buffer.alloc(10));
  sink.write(Buffer.alloc(1000));
  sink.together(() => sink.write(Buffer.alloc(10)));
  t.strictSame(changes, []);
  t.end();
});

t.test('writes the bytes of one turn of the event loop at once, and large amounts in parts', async (t) => {
  const writes: number[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk.length);
      done();
    },
    writev(chunks, done) {
      writes.push(chunks.reduce((sum, { chunk }: { chunk: Buffer }) => sum + chunk.length, 0));
      done();
    },
  });
  const sink = new SocketSink(stream, () => t.fail('it takes all'));
  const turn = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      sink.gatherTurn();
      sink.write(Buffer.alloc(16 * 1024));
    }
    t.notOk(sink.hasTakenAll, 'the kernel has nothing of it yet');
    await new Promise<void>((resolve) => sink.whenTaken(resolve));
  };
  await turn(5);
  t.strictSame(writes.splice(0), [80 * 1024]);
  await turn(20);
  t.strictSame(writes, [256 * 1024, 64 * 1024]);
});

t.test('goes on with another stream, and leaves nothing behind in the first one', (t) => {
  const [before, behind] = [slowStream(100), slowStream(100)];
  const sink = new SocketSink(before.stream, () => {});
  sink.gatherTurn();
  sink.write(Buffer.alloc(10));
  sink.use(behind.stream);
  t.equal(before.stream.writableCorked, 0);
  t.end();
});
