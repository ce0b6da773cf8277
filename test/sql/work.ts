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

/** The bytes of a text, and how many of them were read since: an index, a search or a copy reads them. */
export const bytesReadOf = (text: string): { bytes: Buffer; read: () => number } => {
  const whole = Buffer.from(text);
  let read = 0;
  const findByte = (byte: number, from = 0): number => {
    const found = whole.indexOf(byte, from);
    read += (found === -1 ? whole.length : found) - from;
    return found;
  };
  const textOf = (encoding?: BufferEncoding, from = 0, to = whole.length): string => {
    read += to - from;
    return whole.toString(encoding, from, to);
  };
  // Called millions of times: a table of the methods would take three times as long as these questions.
  const get = (_: Buffer, key: string | symbol): unknown => {
    if (key === 'length') return whole.length;
    if (key === 'indexOf') return findByte;
    if (key === 'toString') return textOf;
    read += 1;
    return whole[key as keyof Buffer];
  };
  const bytes = new Proxy(whole, { get });
  return { bytes, read: () => read };
};

/** Texts that invite repeated reading: tokens that begin many times and never end. */
export const HOSTILE_PIECES: readonly string[] = [
  '/*', '/*!', '/*!50000 ', '/*+', 'select /*+ a', "'", "'\\", '"', '`', '--', '-- ', '#', '1e', '1e+', '0x',
  '0b', '.', '.1', '1.', '@', '@@', "@'", '_utf8', "x'", "n'", '(', ')', '((1),', '(1,2),', 'null,', '-',
  '- ', '+-', 'a.', 'a.b', ';', 'a;', 'select ', 'with a as (', 'order by ', 'order by 1,', 'order by (',
  'rollup (', 'from (', 'select @@a,', 'select 1 into ', 'insert ', 'returning ', 'x ', '/* sluice: */',
  '/* sluice:', '$', '€', '<=', '*/',
];
