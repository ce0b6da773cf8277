import { deflateSync } from 'node:zlib';
import { FRAME_HEADER_BYTES, frameBytesAt, storedFrame } from '../../src/protocol/compression.js';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import type { Turn } from '../support/conversationHarness.js';
import { rawFrame } from '../support/frames.js';
import type { Random } from '../support/random.js';

// Faults on the wire: changed, lost, doubled and inserted bytes; packets that announce more than they hold; turns that
// are missing, doubled, swapped or sent by the wrong end.

type Mutation = (random: Random, bytes: Buffer) => Buffer;

/** Bytes with a meaning at the front of a packet. */
const SPEAKING_BYTES = [0x00, 0x01, 0x02, 0x03, 0x11, 0x16, 0x17, 0x19, 0x1c, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];
const SPEAKING_LENGTHS = [0, 1, 4, 5, 7, 8, 9, 32, 0xfb, 0xffff, 0xff_fffe, 0xff_ffff];

/** The offsets of packets, as far as the bytes can be followed. */
export const packetOffsets = (bytes: Buffer): number[] => {
  const offsets: number[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; at += HEADER_BYTES + bytes.readUIntLE(at, 3)) offsets.push(at);
  return offsets;
};

const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};

const range = (random: Random, bytes: Buffer): [from: number, to: number] => {
  const from = random.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random.skewed(bytes.length))];
};

const atPacket = (change: (random: Random, copy: Buffer, at: number) => void): Mutation => (random, bytes) => {
  const offsets = packetOffsets(bytes);
  return offsets.length === 0 ? bytes : changed(bytes, (copy) => change(random, copy, random.pick(offsets)));
};

const MUTATIONS: readonly Mutation[] = [
  (random, bytes) => changed(bytes, (copy) => {
    copy[random.below(copy.length)]! ^= 1 << random.below(8);
  }),
  (random, bytes) => changed(bytes, (copy) => {
    copy[random.below(copy.length)] = random.pick(SPEAKING_BYTES);
  }),
  (random, bytes) => {
    const [at] = range(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.skewed(64)), bytes.subarray(at)]);
  },
  (random, bytes) => {
    const [from, to] = range(random, bytes);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (random, bytes) => {
    const [from, to] = range(random, bytes);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  (random, bytes) => bytes.subarray(0, random.below(bytes.length)),
  atPacket((random, copy, at) => {
    copy.writeUIntLE(random.chance(0.5) ? random.pick(SPEAKING_LENGTHS) : random.below(2 ** 24), at, 3);
  }),
  atPacket((random, copy, at) => {
    copy[at + 3] = random.pick([0, 1, 2, 0xff, random.below(256)]);
  }),
  atPacket((random, copy, at) => {
    if (at + HEADER_BYTES < copy.length) copy[at + HEADER_BYTES] = random.pick(SPEAKING_BYTES);
  }),
  (random, bytes) => {
    const offsets = packetOffsets(bytes);
    if (offsets.length === 0) return bytes;
    const at = random.pick(offsets);
    const to = Math.min(bytes.length, at + HEADER_BYTES + bytes.readUIntLE(at, 3));
    return random.chance(0.5) ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
      : Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
  },
  (random) => random.bytes(1 + random.skewed(300)),
];

const MAX_FRAME_CONTENT_BYTES = 0xff_ffff;

/** The offsets of frames, as far as the bytes can be followed. */
const frameOffsets = (bytes: Buffer): number[] => {
  const offsets: number[] = [];
  for (let at = 0; ;) {
    const frameBytes = frameBytesAt(bytes, at);
    if (frameBytes === null || at + FRAME_HEADER_BYTES > bytes.length) return offsets;
    offsets.push(at);
    at += frameBytes;
  }
};

const atFrame = (change: (random: Random, copy: Buffer, at: number) => void): Mutation => (random, bytes) => {
  const offsets = frameOffsets(bytes);
  return offsets.length === 0 ? bytes : changed(bytes, (copy) => change(random, copy, random.pick(offsets)));
};

/** A frame with less or far more content than it declares. */
const bomb = (random: Random): Buffer => {
  const content = Buffer.alloc(random.pick([1, 1000, 100_000, 2 ** 20]));
  const declaredBytes = random.pick([1, content.length + 1, content.length - 1, MAX_FRAME_CONTENT_BYTES]);
  return rawFrame(random.below(4), declaredBytes, deflateSync(content));
};

const FRAME_MUTATIONS: readonly Mutation[] = [
  atFrame((random, copy, at) => {
    copy.writeUIntLE(
      random.pick([0, 1, 7, 50, 100, 0xffff, MAX_FRAME_CONTENT_BYTES, random.below(2 ** 24)]), at + 4, 3,
    );
  }),
  atFrame((random, copy, at) => {
    copy.writeUIntLE(random.pick([0, 1, 7, 50, MAX_FRAME_CONTENT_BYTES, random.below(300)]), at, 3);
  }),
  atFrame((random, copy, at) => {
    copy[at + 3] = random.below(256);
  }),
  atFrame((random, copy, at) => {
    const from = at + FRAME_HEADER_BYTES;
    if (from < copy.length) copy[from + random.below(Math.min(64, copy.length - from))]! ^= 1 << random.below(8);
  }),
  (random, bytes) => {
    const at = random.pick([...frameOffsets(bytes), bytes.length]);
    const added = random.chance(0.5) ? bomb(random) : storedFrame(0, Buffer.alloc(0));
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
  },
];

const otherEnd = ({ from, bytes }: Turn): Turn => ({ from: from === 'client' ? 'server' : 'client', bytes });

const mutateTurns = (random: Random, turns: Turn[], others: readonly Turn[]): Turn[] => {
  const at = random.below(turns.length);
  const turn = turns[at]!;
  switch (random.below(6)) {
    case 0:
      return turns.toSpliced(at, 1);
    case 1:
      return turns.toSpliced(at, 0, turn);
    case 2:
      return turns.toSpliced(at, 1, otherEnd(turn));
    case 3:
      return turns.toSpliced(at, 0, random.pick(turns));
    case 4:
      return [...turns.slice(0, at), ...others.slice(random.below(others.length))];
    default:
      return turns.slice(0, at + 1);
  }
};

const mutateWith = (
  random: Random, turns: readonly Turn[], mutations: readonly Mutation[], others: readonly Turn[],
): Turn[] => {
  let mutated = [...turns];
  for (let left = 1 + random.skewed(6); left > 0 && mutated.length > 0; left -= 1) {
    if (random.chance(0.15)) {
      mutated = mutateTurns(random, mutated, others);
      continue;
    }
    const at = random.below(mutated.length);
    const { from, bytes } = mutated[at]!;
    if (bytes.length > 0) mutated[at] = { from, bytes: random.pick(mutations)(random, bytes) };
  }
  return mutated.filter(({ bytes }) => bytes.length > 0);
};

/**
 * A conversation with one to a few faults.
 * @param others turns of another conversation, which may follow
 */
export const mutate = (random: Random, turns: readonly Turn[], others: readonly Turn[]): Turn[] =>
  mutateWith(random, turns, MUTATIONS, others);

/** Turns of compressed frames with one to a few faults, in frames or in any bytes. */
export const mutateFrames = (random: Random, turns: readonly Turn[]): Turn[] =>
  (turns.length === 0 ? [] : mutateWith(random, turns, [...FRAME_MUTATIONS, ...FRAME_MUTATIONS, ...MUTATIONS], turns));
