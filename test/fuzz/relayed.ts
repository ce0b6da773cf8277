import { HEADER_BYTES } from '../../src/protocol/framing.js';
import type { Split } from '../support/splits.js';
import { Random } from '../support/random.js';
import { packetOffsets } from './mutations.js';

// Compares relayed bytes with the sent ones.

/**
 * The first fault in `relayed`. It may differ from the sent bytes by bits cleared in the first packet, and end
 * earlier.
 */
export const wrongBytes = (sent: Buffer, relayed: Buffer): string | null => {
  if (relayed.length > sent.length) return `${relayed.length} bytes relayed of ${sent.length}`;
  const firstEnd = sent.length < HEADER_BYTES ? 0 : Math.min(HEADER_BYTES + sent.readUIntLE(0, 3), relayed.length);
  for (let at = 0; at < firstEnd; at += 1) {
    if ((relayed[at]! & ~sent[at]!) !== 0) return `byte ${at} of the first packet has bits that were not sent`;
  }
  const isSame = relayed.subarray(firstEnd).equals(sent.subarray(firstEnd, relayed.length));
  return isSame ? null : 'bytes differ after the first packet';
};

/** A header, the first byte of its payload, and one more. */
const AROUND_HEADER_BYTES = 6;

/**
 * The end of the next piece: any place after `end`, or one in the next packet's header. Partial headers have to be
 * put together again.
 */
export const endFinder = (random: Random, bytes: Buffer): ((end: number) => number) => {
  const offsets = packetOffsets(bytes);
  let next = 0;
  return (end) => {
    while (next < offsets.length && offsets[next]! < end) next += 1;
    const header = offsets[next];
    return header !== undefined && random.chance(0.5) ? header + random.below(AROUND_HEADER_BYTES) : end;
  };
};

/** Pieces of seeded sizes, mostly small ones, so that headers are cut and pieces come while there is much to read. */
export const seededSplit = (seed: number): Split => ({
  name: `seed ${seed}`,
  ends: (bytes) => {
    const random = new Random(seed + bytes.length);
    const longest = random.chance(0.5) ? 1 + random.skewed(5000) : 40_000;
    const endAfter = endFinder(random, bytes);
    const ends: number[] = [];
    for (let at = 0; at < bytes.length;) {
      at = Math.min(Math.max(at + 1, endAfter(at + 1 + random.skewed(longest))), bytes.length);
      ends.push(at);
    }
    return ends;
  },
});
