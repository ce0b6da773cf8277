import t from 'tap';
import { FrameReader } from '../../src/protocol/frameReader.js';
import { deflatedFrame, rawFrame } from '../support/frames.js';
import { storedFrame } from '../../src/protocol/compression.js';
import { piecesOf, SPLITS, WHOLE } from '../support/splits.js';

const FRAMES = [
  storedFrame(0, Buffer.from('x')),
  deflatedFrame(1, Buffer.alloc(3000, 'abc')),
  rawFrame(2, 0, Buffer.alloc(0)),
  storedFrame(3, Buffer.alloc(2000, 'y')),
  deflatedFrame(4, Buffer.from('the last one')),
];

for (const split of [WHOLE, ...SPLITS]) {
  t.test(`gives whole frames for reads of any size: ${split.name}`, (t) => {
    const reader = new FrameReader();
    const taken: Buffer[] = [];
    for (const piece of piecesOf(Buffer.concat(FRAMES), split)) {
      const read = Buffer.from(piece);
      reader.add(read);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) taken.push(Buffer.from(frame));
      read.fill(0xff); // the next read lands where this one did
    }
    t.same(taken, FRAMES);
    t.equal(reader.rest().length, 0);
    t.end();
  });
}

t.test('keeps its own copy of frames that are taken later', (t) => {
  const reader = new FrameReader();
  const read = Buffer.concat(FRAMES);
  reader.add(read);
  t.same(reader.next(), FRAMES[0]);
  reader.own();
  read.fill(0xff);
  reader.add(FRAMES[0]!);
  for (const frame of [...FRAMES.slice(1), FRAMES[0]]) t.same(reader.next(), frame);
  t.equal(reader.next(), null);
  t.end();
});

t.test('the rest is what was not taken, in order', (t) => {
  const bytes = Buffer.concat(FRAMES);
  for (let end = 0; end <= bytes.length; end += 97) {
    const reader = new FrameReader();
    reader.add(bytes.subarray(0, end));
    const frame = reader.next();
    if (frame !== null && end % 2 === 0) reader.putBack(frame);
    const taken = frame !== null && end % 2 === 1 ? frame.length : 0;
    t.same(reader.rest(), bytes.subarray(taken, end));
    t.same(reader.rest(), Buffer.alloc(0), 'once');
  }
  t.end();
});

t.test('keeps only the bytes that have come of a frame that is announced large', (t) => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 1000 }, () => new FrameReader());
  for (const reader of readers) reader.add(rawFrame(0, 0xff_ffff, Buffer.alloc(0)).fill(0xff, 0, 3));
  t.ok(readers.every((reader) => reader.next() === null));
  t.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024, 'a thousand of 16 MiB in less than 1 MiB');
  t.end();
});
