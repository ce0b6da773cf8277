// Counts what a function reads of a text: what it reads one by one, and what the engine searches or copies.

const { charCodeAt, indexOf, includes, slice, startsWith } = String.prototype;

/** Runs a function and counts the characters that it reads of any string. */
export const charactersReadBy = (run: () => unknown): number => {
  let read = 0;
  const patches = {
    charCodeAt(this: string, index: number): number {
      read += 1;
      return charCodeAt.call(this, index);
    },
    indexOf(this: string, text: string, from = 0): number {
      const found = indexOf.call(this, text, from);
      read += (found === -1 ? this.length : found) - from;
      return found;
    },
    includes(this: string, text: string, from = 0): boolean {
      read += this.length;
      return includes.call(this, text, from);
    },
    slice(this: string, from?: number, to?: number): string {
      const part = slice.call(this, from, to);
      read += part.length;
      return part;
    },
    startsWith(this: string, text: string, from = 0): boolean {
      read += text.length;
      return startsWith.call(this, text, from);
    },
  };
  Object.assign(String.prototype, patches);
  try {
    run();
  } finally {
    Object.assign(String.prototype, { charCodeAt, indexOf, includes, slice, startsWith });
  }
  return read;
};

/** Bytes that count how many of them are read: an index, a search or a copy reads them. */
class CountedBytes {
  readCount = 0;
  readonly length: number;

  constructor(readonly whole: Buffer) {
    this.length = whole.length;
    countIndexes(this.length);
  }

  indexOf(byte: number, from = 0): number {
    const found = this.whole.indexOf(byte, from);
    this.readCount += (found === -1 ? this.length : found) - from;
    return found;
  }

  /** Counts the view as read once, whatever is read of it. */
  subarray(from: number, to: number): Buffer {
    this.readCount += to - from;
    return this.whole.subarray(from, to);
  }

  toString(encoding?: BufferEncoding, from = 0, to = this.length): string {
    this.readCount += to - from;
    return this.whole.toString(encoding, from, to);
  }
}

let countedIndexes = 0;

/** Lets each index up to this one count. A proxy, which would need no list of them, takes twice as long to read. */
const countIndexes = (length: number): void => {
  for (; countedIndexes < length; countedIndexes += 1) {
    const index = countedIndexes;
    Object.defineProperty(CountedBytes.prototype, index, {
      get(this: CountedBytes) {
        this.readCount += 1;
        return this.whole[index];
      },
    });
  }
};

/** The bytes of a text, and how many of them were read since. */
export const bytesReadOf = (text: string): { bytes: Buffer; read: () => number } => {
  const counted = new CountedBytes(Buffer.from(text));
  return { bytes: counted as unknown as Buffer, read: () => counted.readCount };
};

/** Texts that invite repeated reading: tokens that begin many times and never end. */
export const HOSTILE_PIECES: readonly string[] = [
  '/*', '/*!', '/*!50000 ', '/*+', 'select /*+ a', "'", "'\\", '"', '`', '--', '-- ', '#', '1e', '1e+', '0x',
  '0b', '.', '.1', '1.', '@', '@@', "@'", '_utf8', "x'", "n'", '(', ')', '((1),', '(1,2),', 'null,', '-',
  '- ', '+-', 'a.', 'a.b', ';', 'a;', 'select ', 'with a as (', 'order by ', 'order by 1,', 'order by (',
  'rollup (', 'from (', 'select @@a,', 'select 1 into ', 'insert ', 'returning ', 'x ', '/* sluice: */',
  '/* sluice:', '$', '€', '<=', '*/',
];
