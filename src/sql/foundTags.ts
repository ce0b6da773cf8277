/** Collects the tags of one statement, within bounds. Of two with the same name the first counts. */
export class FoundTags {
  /** The first tag; null as long as there are none: most statements have none that are wanted. */
  private firstName: string | null = null;
  private firstValue = '';
  /** All tags; null as long as there are fewer than two. */
  private byName: Map<string, string> | null = null;
  private left = MAX_TAGS;
  private missing: number;

  /** @param wanted the names of the tags that are kept; null for all */
  constructor(private readonly wanted: readonly string[] | null) {
    this.missing = wanted?.length ?? MAX_TAGS;
  }

  /** Whether no more tags are read: there were too many, or all that are wanted are found. */
  get isFull(): boolean {
    return this.left === 0 || this.missing === 0;
  }

  /** The tags by name; null if there are none. */
  tags(singles: SingleTags): ReadonlyMap<string, string> | null {
    if (this.byName !== null || this.firstName === null) return this.byName;
    return singles.single(this.firstName, this.firstValue);
  }

  /** The name in [from, to) of ASCII bytes; null if it is not wanted. Makes no string of other names. */
  nameAt(bytes: Buffer, from: number, to: number): string | null {
    if (this.wanted === null) return bytes.toString('latin1', from, to);
    for (const name of this.wanted) if (name.length === to - from && isAt(name, bytes, from)) return name;
    return null;
  }

  /** Counts a tag that was read, and keeps it if it is wanted. */
  add(name: string, value: string): void {
    this.left -= 1;
    if (name.length > MAX_NAME_LENGTH || (this.wanted !== null && !this.wanted.includes(name))) return;
    if (this.firstName === null) {
      this.firstName = name;
      this.firstValue = valueWithin(value);
    } else {
      this.byName ??= new Map([[this.firstName, this.firstValue]]);
      if (this.byName.has(name)) return;
      this.byName.set(name, valueWithin(value));
    }
    this.missing -= 1;
  }

  /** Counts a tag that is not wanted. */
  pass(): void {
    this.left -= 1;
  }
}

/** Makes the tags of a statement that has one. An implementation that remembers them need not make them again. */
export interface SingleTags {
  single(name: string, value: string): ReadonlyMap<string, string>;
}

export const single: SingleTags['single'] = (name, value) => new Map([[name, value]]);

function isAt(name: string, bytes: Buffer, from: number): boolean {
  for (let i = 0; i < name.length; i += 1) if (bytes[from + i] !== name.charCodeAt(i)) return false;
  return true;
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
