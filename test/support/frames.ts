import { deflateSync, inflateSync } from 'node:zlib';
import {
  FRAME_HEADER_BYTES, frameBytesAt, storedContent, storedFrame,
} from '../../src/protocol/compression.js';

// Frames of the compressed protocol as servers and clients write them.

/** Wraps content into one compressed frame, whether or not that is shorter. */
export const deflatedFrame = (number: number, content: Buffer): Buffer =>
  rawFrame(number, content.length, deflated(content));

/** The same content comes again at each split. A compressor takes long to make. */
const DEFLATED = new Map<string, Buffer>();

const deflated = (content: Buffer): Buffer => {
  const key = content.toString('latin1');
  const known = DEFLATED.get(key) ?? deflateSync(content);
  DEFLATED.set(key, known);
  return known;
};

/** A frame that declares `contentBytes` and has this body. */
export const rawFrame = (number: number, contentBytes: number, body: Buffer): Buffer => {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntLE(body.length, 0, 3);
  header[3] = number;
  header.writeUIntLE(contentBytes, 4, 3);
  return Buffer.concat([header, body]);
};

/** A way to put content into frames: the bytes of each, and whether it is compressed. */
export interface Framing {
  readonly name: string;
  readonly bytesOf: (index: number) => number;
  readonly isStored: (index: number) => boolean;
}

export const ONE_FRAME: Framing = { name: 'one frame', bytesOf: () => Infinity, isStored: () => false };

/** Ways to frame, from everything in one frame to frames of a byte, so that headers of packets are cut anywhere. */
export const FRAMINGS: readonly Framing[] = [
  ONE_FRAME,
  { name: 'one stored frame', bytesOf: () => Infinity, isStored: () => true },
  { name: 'frames of 1 byte', bytesOf: () => 1, isStored: () => true },
  { name: 'frames of 3 bytes', bytesOf: () => 3, isStored: (index) => index % 2 === 0 },
  {
    name: 'frames of 1 to 97 bytes',
    bytesOf: (index) => 1 + ((index * 31) % 97),
    isStored: (index) => index % 3 === 0,
  },
  { name: 'frames of 1000 bytes', bytesOf: () => 1000, isStored: (index) => index % 5 === 4 },
];

/** Wraps content into frames numbered from `number` on. */
export const framesOf = (content: Buffer, number: number, { bytesOf, isStored }: Framing): Buffer[] => {
  const frames: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const index = frames.length;
    const part = content.subarray(at, at + bytesOf(index));
    const frame = isStored(index) ? storedFrame : deflatedFrame;
    frames.push(frame((number + index) & 0xff, part));
    at += part.length;
  }
  return frames;
};

/** Takes frames apart; throws when one is not whole. */
export const splitFrames = (bytes: Buffer): Buffer[] => {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const frameBytes = frameBytesAt(bytes, at);
    if (frameBytes === null || bytes.length - at < frameBytes) throw new Error(`no whole frame at ${at}`);
    frames.push(bytes.subarray(at, at + frameBytes));
    at += frameBytes;
  }
  return frames;
};

/** The content of frames, joined. */
export const contentOf = (frames: readonly Buffer[]): Buffer =>
  Buffer.concat(frames.map((frame) => storedContent(frame) ?? inflateSync(frame.subarray(FRAME_HEADER_BYTES))));
