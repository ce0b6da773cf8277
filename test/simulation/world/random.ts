/**
 * Random choices that are the same for the same seed (mulberry32). Each actor of a world has a stream of its own
 * (`fork`), so that an actor that is taken out changes no choice of another.
 */
export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed | 0;
  }

  /** A stream that depends on this seed and on the name alone, and not on what was drawn before. */
  fork(name: string): Random {
    let hash = this.seed ^ 0x811c9dc5;
    for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
    return new Random(mixed(Math.imul(hash, 0x9e3779b1) ^ this.seed));
  }

  /** A number from 0 to 1, 1 excluded. */
  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    return mixed(this.state) / 2 ** 32;
  }

  /** A whole number from 0 to `limit` - 1. */
  int(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.int(most - least + 1);
  }

  /** True with this probability. */
  chance(part: number): boolean {
    return this.fraction() < part;
  }

  /** @throws RangeError if the list is empty */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[this.int(list.length)]!;
  }

  /** Puts a list in a random order, in place. */
  shuffle<T>(list: T[]): T[] {
    for (let at = list.length - 1; at > 0; at -= 1) {
      const other = this.int(at + 1);
      [list[at], list[other]] = [list[other]!, list[at]!];
    }
    return list;
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; at += 1) bytes[at] = this.int(256);
    return bytes;
  }
}

/** 32 bits that depend on all bits of `state`, as a positive number. */
const mixed = (state: number): number => {
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return (bits ^ (bits >>> 14)) >>> 0;
};
