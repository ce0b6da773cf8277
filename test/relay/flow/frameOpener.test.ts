import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { storedFrame } from '../../../src/protocol/compression.js';
import { FrameOpener } from '../../../src/relay/flow/frameOpener.js';
import { deflatedFrame, rawFrame } from '../../support/frames.js';

/** Takes all frames. Also returns how many turns of the event loop were left to others meanwhile. */
const openAll = async (bytes: Buffer): Promise<{ contents: (Buffer | null)[]; pauses: number }> => {
  const contents: (Buffer | null)[] = [];
  let pauses = 0;
  const opener = new FrameOpener('zlib', () => take());
  const take = (): void => {
    for (let frame = opener.next(); frame !== null; frame = opener.next()) {
      // The content of a stored frame is a part of the frame, which is not kept.
      contents.push(frame.isStored ? Buffer.from(frame.content!) : frame.content);
    }
    if (opener.isBusy) pauses += 1;
  };
  opener.add(bytes);
  take();
  opener.own();
  bytes.fill(0xff); // the next read lands where this one did
  while (opener.isBusy) await nextTurn();
  return { contents, pauses };
};

const contentsOfSize = (...sizes: number[]): Buffer[] =>
  sizes.map((size, index) => Buffer.alloc(size, `content ${index} `));
const frameOf = (content: Buffer, index: number): Buffer =>
  (index % 3 === 2 ? storedFrame : deflatedFrame)(index & 0xff, content);
const framesOf = (contents: readonly Buffer[]): Buffer => Buffer.concat(contents.map(frameOf));

t.test('opens a few small frames in the turn in which they come', async (t) => {
  const contents = contentsOfSize(1, 16_384, 100, 16_384);
  t.same(await openAll(framesOf(contents)), { contents, pauses: 0 });
});

t.test('opens large frames in another thread, in order', async (t) => {
  const contents = contentsOfSize(10, 5_000_000, 20, 0xff_ffff, 300_000, 30);
  const seen = await openAll(framesOf(contents));
  t.ok(seen.contents.every((content, index) => content?.equals(contents[index]!)));
  t.equal(seen.contents.length, contents.length);
  t.ok(seen.pauses >= 3);
});

t.test('leaves turns to other sessions between many small frames', async (t) => {
  const contents = contentsOfSize(...Array.from({ length: 1000 }, () => 50));
  const seen = await openAll(framesOf(contents));
  t.same(seen.contents, contents);
  t.ok(seen.pauses > 5, `${seen.pauses} turns`);
});

t.test('gives null for a large frame that declares a wrong length, and continues after it', async (t) => {
  const lie = rawFrame(1, 0xff_ffff, deflatedFrame(0, Buffer.from('short')).subarray(7));
  const [before, behind] = contentsOfSize(10, 20);
  const frames = [deflatedFrame(0, before!), lie, deflatedFrame(2, behind!)];
  const { contents } = await openAll(Buffer.concat(frames));
  t.same(contents, [before, null, behind]);
});

t.test('gives back the bytes that were not taken, unchanged', async (t) => {
  const frames = [deflatedFrame(0, Buffer.alloc(300_000, 'x')), storedFrame(1, Buffer.from('y'))];
  const opener = new FrameOpener('zlib', () => undefined);
  opener.add(Buffer.concat(frames));
  t.equal(opener.next(), null);
  t.ok(opener.isBusy);
  while (opener.isBusy) await nextTurn();
  t.same(opener.rest(), Buffer.concat(frames));
  t.equal(opener.takenBytes, 0);
});
