import { ownCopy } from '../text/ownCopy.js';
import { single, type SingleTags } from '../sql/foundTags.js';
import { quotedValue, type QuotedValues } from '../sql/tagReader.js';

/**
 * The values of recent tags by their bytes in a comment. To compare the bytes costs less than to make a string of them
 * and to decode it, and statistics by a value get the same string again. Each value has one place, which it shares with
 * others: the latest one is remembered.
 */
export class TagValues implements QuotedValues, SingleTags {
  private readonly places = new Array<TagValue | null>(PLACES).fill(null);
  /** The value that was asked for last. */
  private latest: TagValue | null = null;

  quotedValue(bytes: Buffer, from: number, to: number): string {
    if (to - from > LONGEST) return quotedValue(bytes, from, to);
    const index = placeOf(bytes, from, to);
    const known = this.places[index]!;
    if (known !== null && isSame(known.quoted, bytes, from, to)) {
      this.latest = known;
      return known.value;
    }
    const value = ownCopy(quotedValue(bytes, from, to));
    this.latest = { quoted: new Uint8Array(bytes.subarray(from, to)), value, tags: null };
    this.places[index] = this.latest;
    return value;
  }

  /** Remembers the tags with the value that was asked for last: another map for each statement is much garbage. */
  single(name: string, value: string): ReadonlyMap<string, string> {
    const { latest } = this;
    if (latest === null || latest.value !== value) return single(name, value);
    if (latest.tags?.has(name) !== true) latest.tags = single(name, value);
    return latest.tags;
  }
}

interface TagValue {
  /** The bytes of the value, with the opening quote. */
  readonly quoted: Uint8Array;
  readonly value: string;
  /** The tags of the latest statement that had this value and no other; null if there was none. */
  tags: ReadonlyMap<string, string> | null;
}

/** The longest value that is remembered, in bytes. */
const LONGEST = 128;
/** A power of 2. */
const PLACES = 1024;

function placeOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return (hash ^ (hash >>> 10)) & (PLACES - 1);
}

function isSame(quoted: Uint8Array, bytes: Buffer, from: number, to: number): boolean {
  if (quoted.length !== to - from) return false;
  for (let i = 0; i < quoted.length; i += 1) if (quoted[i] !== bytes[from + i]) return false;
  return true;
}
