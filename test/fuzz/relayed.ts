import { HEADER_BYTES } from '../../src/protocol/framing.js';
import type { Split } from '../support/splits.js';
import { Random } from '../support/random.js';

// What the bytes that were relayed have to be.

/** What is wrong with `relayed`: it may differ from what was sent by bits cleared in the first packet, and end earlier. */
export const wrongBytes = (sent: Buffer, relayed: Buffer): string | null => {
  if (relayed.length > sent.length) return `${relayed.length} bytes relayed of ${sent.length}`;
  const firstEnd = sent.length < HEADER_BYTES ? 0 : Math.min(HEADER_BYTES + sent.readUIntLE(0, 3), relayed.length);
  for (let at = 0; at < firstEnd; at += 1) {
    if ((relayed[at]! & ~sent[at]!) !== 0) return `byte ${at} of the first packet has bits that were not sent`;
  }
  const isSame = relayed.subarray(firstEnd).equals(sent.subarray(firstEnd, relayed.length));
  return isSame ? null : 'bytes differ behind the first packet';
};

/** Pieces of seeded sizes, small ones far more often, so that headers are cut. */
export const seededSplit = (seed: number): Split => ({
  name: `seed ${seed}`,
  cut: (bytes) => {
    const random = new Random(seed + bytes.length);
    const longest = 1 + random.skewed(5000);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + random.skewed(longest);
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    return pieces;
  },
});
