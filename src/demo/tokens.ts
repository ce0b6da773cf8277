/** Splits SQL into tokens, one at a time, in linear time. Comments are white space, including `/*!`. */
export class Tokens {
  /** The next token. */
  current: Token;
  /** The end of the last token that was taken. */
  takenTo = 0;

  constructor(readonly sql: string) {
    this.current = this.tokenAt(0);
  }

  /** Takes the current token. */
  take(): Token {
    const token = this.current;
    this.takenTo = token.end;
    this.current = this.tokenAt(token.end);
    return token;
  }

  /** Takes the current token if it is this word (in any case) or this symbol. */
  accept(text: string): boolean {
    const { kind } = this.current;
    if ((kind !== 'word' && kind !== 'symbol') || this.current.text.toUpperCase() !== text) return false;
    this.take();
    return true;
  }

  private tokenAt(from: number): Token {
    const start = this.skipSpace(from);
    const first = this.sql[start];
    if (first === undefined) return { kind: 'end', text: '', start, end: start };
    if (first === "'" || first === '"') return this.quoted('string', start, first);
    if (first === '`') return this.quoted('name', start, first);
    const word = this.match(WORD, start);
    if (word !== '') return { kind: 'word', text: word, start, end: start + word.length };
    const number = this.match(NUMBER, start);
    if (number !== '') return { kind: 'number', text: number, start, end: start + number.length };
    const variable = this.match(VARIABLE, start);
    if (variable !== '') return { kind: 'variable', text: variable, start, end: start + variable.length };
    return { kind: 'symbol', text: first, start, end: start + 1 };
  }

  private skipSpace(from: number): number {
    for (let at = from; ;) {
      const before = at;
      at += this.match(SPACE, at).length + this.match(LINE_COMMENT, at).length;
      if (this.sql.startsWith('/*', at)) {
        const close = this.sql.indexOf('*/', at + 2);
        at = close < 0 ? this.sql.length : close + 2;
      }
      if (at === before) return at;
    }
  }

  /** Reads a string or a name in quotes. A quote inside is doubled, or escaped with a backslash (not in a name). */
  private quoted(kind: 'string' | 'name', start: number, quote: string): Token {
    const parts: string[] = [];
    let at = start + 1;
    for (let plainFrom = at; at < this.sql.length; at += 1) {
      const character = this.sql[at]!;
      const isEscape = character === '\\' && kind === 'string';
      if (character !== quote && !isEscape) continue;
      parts.push(this.sql.slice(plainFrom, at));
      const next = this.sql[at + 1];
      if (!isEscape && next !== quote) return { kind, text: parts.join(''), start, end: at + 1 };
      parts.push(isEscape ? (ESCAPES.get(next ?? '') ?? next ?? '') : quote);
      at += 1;
      plainFrom = at + 1;
    }
    return { kind: 'symbol', text: quote, start, end: this.sql.length }; // never closed
  }

  private match(pattern: RegExp, at: number): string {
    pattern.lastIndex = at;
    return pattern.exec(this.sql)?.[0] ?? '';
  }
}

/** A word, a number or a symbol as written; a name in backticks or a string without its quotes. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'variable' | 'symbol' | 'end';
  readonly text: string;
  /** Its beginning and end in the statement. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /\s+/y;
const LINE_COMMENT = /(?:#|--(?=\s|$))[^\n]*/y;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const VARIABLE = /@@?[\p{L}_][\p{L}\p{N}_$.]*/uy;

const ESCAPES = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['0', '\0']]);
