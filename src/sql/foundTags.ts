/** Collects the tags of one statement, within bounds. Of two with the same name the first counts. */
export class FoundTags {
  readonly byName = new Map<string, string>();
  private left = MAX_TAGS;

  /** @param wanted the names of the tags that are kept; null for all */
  constructor(private readonly wanted: readonly string[] | null) {}

  /** Whether no more tags are read. */
  get isFull(): boolean {
    return this.left === 0;
  }

  /** Counts a tag that was read. Returns whether its value is to be set. */
  counts(name: string): boolean {
    this.left -= 1;
    if (this.wanted !== null && !this.wanted.includes(name)) return false;
    return name.length <= MAX_NAME_LENGTH && !this.byName.has(name);
  }

  set(name: string, value: string): void {
    this.byName.set(name, valueWithin(value));
  }

  add(name: string, value: string): void {
    if (this.counts(name)) this.set(name, value);
  }
}

/** The bound on the tags of a statement. */
export const MAX_TAGS = 64;
/** A longer value is cut after a whole character. A tag with a longer name is left out. */
export const MAX_TAG_BYTES = 512;
const MAX_NAME_LENGTH = 256;
const MAX_CHARACTER_BYTES = 3;

/** The front of a value: at most MAX_TAG_BYTES of UTF-8, and never half a character. */
function valueWithin(value: string): string {
  if (value.length * MAX_CHARACTER_BYTES <= MAX_TAG_BYTES) return value;
  const bytes = Buffer.from(value);
  let end = Math.min(bytes.length, MAX_TAG_BYTES);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
