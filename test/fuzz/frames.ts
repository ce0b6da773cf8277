import type { Turn } from '../support/conversationHarness.js';
import { deflatedFrame, rawFrame } from '../support/frames.js';
import type { Random } from '../support/random.js';
import { endFinder } from './relayed.js';
import { storedFrame } from '../../src/protocol/compression.js';

// Puts turns into compressed frames, as both ends would.

/** Ways to put content into a frame; the last ones make a frame that cannot be opened. */
const frame = (random: Random, number: number, content: Buffer, storedPart: number): Buffer => {
  if (random.chance(storedPart)) return storedFrame(number, content);
  if (random.chance(0.01)) return rawFrame(number, random.below(2 ** 24), deflatedFrame(number, content).subarray(7));
  return deflatedFrame(number, content);
};

/** Turns of packets in frames; each turn has one to a few frames. */
export const inFrames = (random: Random, turns: readonly Turn[]): Turn[] => {
  const storedPart = random.pick([0, 0.3, 1]);
  let number = 0;
  return turns.map(({ from, bytes }) => {
    if (from === 'client') number = 0;
    const frames: Buffer[] = [];
    const endAfter = endFinder(random, bytes);
    for (let at = 0; at < bytes.length; number += 1) {
      const end = random.chance(0.5) ? bytes.length : endAfter(at + 1 + random.below(bytes.length - at));
      frames.push(frame(random, number & 0xff, bytes.subarray(at, end), storedPart));
      at = end;
    }
    return { from, bytes: Buffer.concat(frames) };
  });
};
