import { HEADER_BYTES } from '../../src/protocol/framing.js';

/** A way to split the bytes of one turn into the pieces of reads. */
export interface Split {
  readonly name: string;
  cut(bytes: Buffer): Buffer[];
}

const SEEDS = [1, 2, 3, 4, 5, 6];

export const WHOLE: Split = { name: 'whole', cut: (bytes) => [bytes] };

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
  cut: (bytes) => {
    const random = randomFrom(seed + bytes.length);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + Math.floor(random() ** 4 * 400);
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  },
});

const BYTE_BY_BYTE: Split = {
  name: 'byte by byte',
  cut: (bytes) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
};

/**
 * Each header and the first byte of its payload byte by byte, the rest of the payload in one piece: cheap for large
 * payloads.
 */
export const AROUND_HEADERS: Split = {
  name: 'around headers',
  cut: (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const isHeaderWhole = bytes.length - at >= HEADER_BYTES;
      const packetEnd = isHeaderWhole ? at + HEADER_BYTES + bytes.readUIntLE(at, 3) : bytes.length;
      const singlesEnd = Math.min(at + HEADER_BYTES + 1, packetEnd);
      for (; at < singlesEnd; at += 1) pieces.push(bytes.subarray(at, at + 1));
      if (at < packetEnd) pieces.push(bytes.subarray(at, packetEnd));
      at = packetEnd;
    }
    return pieces;
  },
};

/** Every split at which a conversation has to have the same outcome as at `WHOLE`. */
export const SPLITS: readonly Split[] = [AROUND_HEADERS, BYTE_BY_BYTE, ...SEEDS.map(seeded)];
