import { HEADER_BYTES } from '../../src/protocol/framing.js';

/** A way to split the bytes of one turn into the pieces of reads. */
export interface Split {
  readonly name: string;
  /** The ends of the pieces in their order; the last one is the end of the bytes. */
  ends(bytes: Buffer): readonly number[];
}

/** The pieces of these bytes. */
export const piecesOf = (bytes: Buffer, split: Split): Buffer[] => {
  let from = 0;
  return split.ends(bytes).map((end) => bytes.subarray(from, (from = end)));
};

const SEEDS = [1, 2, 3, 4, 5, 6];

export const WHOLE: Split = { name: 'whole', ends: ({ length }) => [length] };

/** Random numbers from 0 to 1 that repeat for the same seed (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Pieces of random sizes: most have a few bytes, so that headers are cut, some hundreds. */
const seeded = (seed: number): Split => ({
  name: `random, seed ${seed}`,
  ends: ({ length }) => {
    const random = randomFrom(seed + length);
    const ends: number[] = [];
    for (let at = 0; at < length;) {
      at = Math.min(at + 1 + Math.floor(random() ** 4 * 400), length);
      ends.push(at);
    }
    return ends;
  },
});

const BYTE_BY_BYTE: Split = {
  name: 'byte by byte',
  ends: (bytes) => Array.from(bytes, (_, at) => at + 1),
};

/** Pieces of this size, and a last one that may be shorter. */
export const piecesOfSize = (byteCount: number): Split => ({
  name: `pieces of ${byteCount} bytes`,
  ends: ({ length }) =>
    Array.from({ length: Math.ceil(length / byteCount) }, (_, index) => Math.min((index + 1) * byteCount, length)),
});

/**
 * Each header and the first byte of its payload byte by byte, the rest of the payload in one piece: cheap for large
 * payloads.
 */
export const AROUND_HEADERS: Split = {
  name: 'around headers',
  ends: (bytes) => {
    const ends: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const isHeaderWhole = bytes.length - at >= HEADER_BYTES;
      const packetEnd = isHeaderWhole ? at + HEADER_BYTES + bytes.readUIntLE(at, 3) : Infinity;
      const partEnd = Math.min(packetEnd, bytes.length);
      const singlesEnd = Math.min(at + HEADER_BYTES + 1, partEnd);
      for (at += 1; at <= singlesEnd; at += 1) ends.push(at);
      if (singlesEnd < partEnd) ends.push(partEnd);
      at = partEnd;
    }
    return ends;
  },
};

/** Every split at which a conversation has to have the same outcome as at `WHOLE`. */
export const SPLITS: readonly Split[] = [AROUND_HEADERS, BYTE_BY_BYTE, ...SEEDS.map(seeded)];
