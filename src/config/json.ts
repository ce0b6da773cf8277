// A strict JSON parser. JSON.parse takes the last of two equal keys without a warning, and reports the place of an
// error seldom and only as an offset. A configuration is edited by hand: an error needs its line and column, and a
// second "limits" must not silently replace the first.

/** A text is not JSON. Line and column of the error count from 1. */
export class JsonError extends Error {
  constructor(message: string, readonly line: number, readonly column: number) {
    super(message);
    this.name = 'JsonError';
  }
}

/** A number as its text is. */
export class JsonNumber {
  constructor(readonly digits: string) {}
}

/** JSON with the order of its keys, and the digits of its numbers. */
export type ExactJson = null | boolean | string | JsonNumber | ExactJson[] | ExactObject;
export type ExactObject = Map<string, ExactJson>;

// A configuration has only a few levels. Without a bound, "[[[[..." would overflow the stack.
const MAX_DEPTH = 64;

const WHITESPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /[A-Za-z]+/y;
const WORDS = new Map<string, null | boolean>([['null', null], ['true', true], ['false', false]]);

/** The values that are made of objects and numbers. */
interface JsonForm {
  /** @param entries in the order of the text */
  object(entries: ReadonlyMap<string, unknown>): unknown;
  number(digits: string): unknown;
}

class JsonReader {
  private offset = 0;

  constructor(private readonly text: string, private readonly form: JsonForm) {}

  document(): unknown {
    const value = this.value(0);
    if (this.peek() !== '') this.fail('expected the end of the file');
    return value;
  }

  documents(): unknown[] {
    const all: unknown[] = [];
    while (this.peek() !== '') all.push(this.value(0));
    return all;
  }

  private value(depth: number): unknown {
    if (depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH} levels`);
    const next = this.peek();
    if (next === '{') return this.object(depth);
    if (next === '[') return this.list(depth);
    if (next === '"') return this.string();
    const digits = this.take(NUMBER);
    if (digits !== null) return this.form.number(digits);
    const start = this.offset;
    const literal = WORDS.get(this.take(WORD) ?? '');
    if (literal === undefined) this.fail('expected a value', start);
    return literal;
  }

  private object(depth: number): unknown {
    const entries = new Map<string, unknown>();
    this.offset++;
    if (this.closes('}')) return this.form.object(entries);
    do {
      if (this.peek() !== '"') this.fail('expected a key in double quotes');
      const start = this.offset;
      const key = this.string();
      if (entries.has(key)) this.fail(`the key ${JSON.stringify(key)} is given twice`, start);
      if (this.peek() !== ':') this.fail('expected ":"');
      this.offset++;
      entries.set(key, this.value(depth + 1));
    } while (this.continues('}'));
    return this.form.object(entries);
  }

  private list(depth: number): unknown[] {
    const items: unknown[] = [];
    this.offset++;
    if (this.closes(']')) return items;
    do {
      items.push(this.value(depth + 1));
    } while (this.continues(']'));
    return items;
  }

  private string(): string {
    const literal = this.take(STRING);
    if (literal === null) this.fail('this string does not end on its line, or holds a wrong escape');
    return String(JSON.parse(literal));
  }

  private closes(bracket: string): boolean {
    if (this.peek() !== bracket) return false;
    this.offset++;
    return true;
  }

  private continues(bracket: string): boolean {
    if (this.closes(bracket)) return false;
    if (this.peek() !== ',') this.fail(`expected "," or "${bracket}"`);
    this.offset++;
    return true;
  }

  /** The next character that is not white space, or '' at the end. */
  private peek(): string {
    this.take(WHITESPACE);
    return this.text.charAt(this.offset);
  }

  private take(pattern: RegExp): string | null {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0] ?? null;
    this.offset += found?.length ?? 0;
    return found;
  }

  private fail(says: string, offset = this.offset): never {
    const before = this.text.slice(0, offset).split('\n');
    const next = this.text.charAt(offset);
    const found = next === '' ? 'the end of the file' : JSON.stringify(next);
    const comment = next === '/' || next === '#' ? ' (JSON has no comments)' : '';
    const got = says.startsWith('expected') ? `, got ${found}${comment}` : '';
    throw new JsonError(says + got, before.length, (before.at(-1)?.length ?? 0) + 1);
  }
}

/** Object.fromEntries treats "__proto__" like any other key. */
const PLAIN: JsonForm = { object: Object.fromEntries, number: Number };

const EXACT: JsonForm = { object: (entries) => entries, number: (digits) => new JsonNumber(digits) };

/**
 * Reads JSON (RFC 8259), more strictly than JSON.parse: two equal keys in one object are an error.
 * @throws {JsonError} with line and column of the first error
 */
export function parseJson(text: string): unknown {
  return new JsonReader(text, PLAIN).document();
}

/**
 * Reads JSON documents that stand one after the other, and keeps what JSON.parse loses: the order of all keys, also of
 * those that look like numbers, and the digits of numbers.
 * @returns the documents: objects as maps, numbers as `JsonNumber`
 * @throws {JsonError} as `parseJson`
 */
export function parseExactJson(text: string): ExactJson[] {
  return new JsonReader(text, EXACT).documents() as ExactJson[];
}
