// JSON.parse takes the last of two equal keys without a word, and says where an error is only sometimes and
// only as an offset. Whoever edits a configuration by hand deserves a line and a column, and a second
// "limits" must not silently undo the first.

/** A text that is not JSON, with the place of the error; line and column count from 1. */
export class JsonError extends Error {
  constructor(message: string, readonly line: number, readonly column: number) {
    super(message);
    this.name = 'JsonError';
  }
}

// A configuration is a few levels deep; without a bound, "[[[[..." overflows the stack.
const maxDepth = 64;

const whitespace = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const word = /[A-Za-z]+/y;
const words = new Map<string, null | boolean>([['null', null], ['true', true], ['false', false]]);

class JsonReader {
  private offset = 0;

  constructor(private readonly text: string) {}

  document(): unknown {
    const value = this.value(0);
    if (this.peek() !== '') this.fail('expected the end of the file');
    return value;
  }

  private value(depth: number): unknown {
    if (depth > maxDepth) this.fail(`nested deeper than ${maxDepth} levels`);
    const next = this.peek();
    if (next === '{') return this.object(depth);
    if (next === '[') return this.list(depth);
    if (next === '"') return this.string();
    const digits = this.take(number);
    if (digits !== undefined) return Number(digits);
    const start = this.offset;
    const literal = words.get(this.take(word) ?? '');
    if (literal === undefined) this.fail('expected a value', start);
    return literal;
  }

  private object(depth: number): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    this.offset++;
    if (this.closes('}')) return {};
    do {
      if (this.peek() !== '"') this.fail('expected a key in double quotes');
      const start = this.offset;
      const key = this.string();
      if (entries.has(key)) this.fail(`the key ${JSON.stringify(key)} is here for the second time`, start);
      if (this.peek() !== ':') this.fail('expected ":"');
      this.offset++;
      entries.set(key, this.value(depth + 1));
    } while (this.continues('}'));
    return Object.fromEntries(entries); // defines "__proto__" as a key like any other
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
    const literal = this.take(string);
    if (literal === undefined) this.fail('this string does not end on its line, or holds a wrong escape');
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
    this.take(whitespace);
    return this.text.charAt(this.offset);
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0];
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

/**
 * Reads JSON (RFC 8259) more strictly than JSON.parse: a key that stands twice in one object is an error.
 * @throws {JsonError} with line and column of the first error
 */
export function parseJson(text: string): unknown {
  return new JsonReader(text).document();
}
