import { deflateSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import t, { type Test } from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import {
  compressionOf, declaredContentBytes, frameBytesAt, frameNumber, open, OPENABLE_COMPRESSIONS, openNow,
  renumber, storedContent, storedFrame, type Compression,
} from '../../src/protocol/compression.js';
import { deflatedFrame, rawFrame } from '../support/frames.js';

const TEXT = Buffer.from('a row, and another row, and another row, and another row');

interface Compressors {
  readonly deflateSync: typeof deflateSync;
  readonly zstdCompressSync?: (bytes: Buffer) => Buffer;
}
const { zstdCompressSync }: Compressors = zlib;

t.test('reads length, number and content length of a frame', (t) => {
  const frame = deflatedFrame(200, TEXT);
  t.equal(frameBytesAt(frame, 0), frame.length);
  t.equal(frameNumber(frame), 200);
  t.equal(declaredContentBytes(frame), TEXT.length);
  t.equal(storedContent(frame), null, 'it is compressed');
  t.equal(frameBytesAt(frame.subarray(0, 2), 0), null, 'two bytes of three do not say');
  t.end();
});

t.test('a stored frame holds its content unchanged', (t) => {
  const frame = storedFrame(7, TEXT);
  t.same(frame.subarray(0, 7), Buffer.from([TEXT.length, 0, 0, 7, 0, 0, 0]));
  t.same(storedContent(frame), TEXT);
  t.end();
});

t.test('changes only the number of a frame', (t) => {
  const frame = deflatedFrame(255, TEXT);
  renumber(frame, 0);
  t.same(frame, deflatedFrame(0, TEXT));
  t.end();
});

const waysToOpen = async (
  t: Test, compression: Compression, frame: Buffer, expected: Buffer | null,
): Promise<void> => {
  t.same(openNow(compression, frame), expected, 'at once');
  t.same(await open(compression, frame), expected, 'in a thread of its own');
};

t.test('opens a frame that holds exactly what it declares', async (t) => {
  await waysToOpen(t, 'zlib', deflatedFrame(0, TEXT), TEXT);
  const largest = Buffer.alloc(0xff_ffff, TEXT);
  await waysToOpen(t, 'zlib', deflatedFrame(0, largest), largest);
});

const withLastByteWrong = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, -1), Buffer.from([~bytes.at(-1)! & 0xff])]);

const body = deflateSync(TEXT);
const LIES: readonly (readonly [string, Buffer])[] = [
  ['yields more than it declares', rawFrame(0, TEXT.length - 1, body)],
  ['yields far more than it declares', rawFrame(0, 1, deflateSync(Buffer.alloc(100_000_000)))],
  ['yields less than it declares', rawFrame(0, TEXT.length + 1, body)],
  ['declares the most there can be, and has nothing', rawFrame(0, 0xff_ffff, Buffer.alloc(0))],
  ['is cut short', rawFrame(0, TEXT.length, body.subarray(0, -1))],
  ['is not compressed at all', rawFrame(0, TEXT.length, TEXT)],
  ['has a wrong checksum', rawFrame(0, TEXT.length, withLastByteWrong(body))],
];
for (const [what, frame] of LIES) {
  t.test(`refuses a frame that ${what}`, (t) => waysToOpen(t, 'zlib', frame, null));
}

t.test('prefers zlib when both compressions are agreed on', (t) => {
  const { COMPRESS, ZSTD_COMPRESSION_ALGORITHM: ZSTD } = Capability;
  t.equal(compressionOf(0n), null);
  t.equal(compressionOf(COMPRESS), 'zlib');
  t.equal(compressionOf(ZSTD), 'zstd');
  t.equal(compressionOf(COMPRESS | ZSTD), 'zlib');
  t.end();
});

t.test('opens zstd exactly when Node.js has it', async (t) => {
  const isOpenable = (OPENABLE_COMPRESSIONS & Capability.ZSTD_COMPRESSION_ALGORITHM) !== 0n;
  t.equal(isOpenable, zstdCompressSync !== undefined);
  t.equal(OPENABLE_COMPRESSIONS & Capability.COMPRESS, Capability.COMPRESS, 'zlib is openable anywhere');
  if (zstdCompressSync === undefined) {
    t.comment('this Node has no zstd: frames of it are not tried');
    return;
  }
  const packed = zstdCompressSync(TEXT);
  await waysToOpen(t, 'zstd', rawFrame(0, TEXT.length, packed), TEXT);
  await waysToOpen(t, 'zstd', rawFrame(0, TEXT.length - 1, packed), null);
  await waysToOpen(t, 'zstd', rawFrame(0, TEXT.length + 1, packed), null);
  await waysToOpen(t, 'zstd', rawFrame(0, TEXT.length, body), null);
});
