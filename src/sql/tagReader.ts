import { BACKSLASH, COLON, COMMA, DOUBLE_QUOTE, EQUALS, isSpace, PERCENT, QUOTE } from './characters.js';
import type { FoundTags } from './foundTags.js';
import { urlDecoded } from './urlDecoded.js';

// Frameworks name in a comment the part of the application that sends a statement:
//
//   sqlcommenter    route='%2Freports%2F%3Cid%3E',traceparent='00-…-01'    url-encoded, a quote as \', a blank as +
//   marginalia      application:Shop,controller:reports,line:app/x.rb:12   plain text, up to the next comma
//   without quotes  app=shop,route=/reports                                url-encoded; white space may separate tags
//
// Datadog writes sqlcommenter's form as well. OpenTelemetry's packages for Python double the percent sign if a
// statement has no parameters (%%2F stands for %2F), and Prisma leaves quotes in keys.

/**
 * Reads the tags of comments, from the first byte to the last. Reads each a bounded number of times, and makes no
 * string of what is not wanted. All signs between tags are single bytes in UTF-8.
 */
export class TagReader {
  private bytes: Buffer = NO_BYTES;
  private at = 0;
  private end = 0;
  private isCut = false;
  /** The name that was passed last has characters that stand for others, or that have several bytes. */
  private isEncoded = false;

  /** @param values decodes the values in quotes */
  constructor(private readonly found: FoundTags, private readonly values: QuotedValues) {}

  /**
   * Reads [from, to) of the bytes.
   * @param isCut the comment continues there, so a tag at the very end may be incomplete
   */
  read(bytes: Buffer, from: number, to: number, isCut: boolean): void {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    this.isCut = isCut;
    while (!this.found.isFull) {
      this.passSeparators();
      if (this.at >= to) return;
      this.readTag();
    }
  }

  private readTag(): void {
    const start = this.at;
    this.passName();
    const end = this.at;
    this.passWhite();
    const sign = this.byteHere();
    if (end === start || (sign !== EQUALS && sign !== COLON)) return this.passToComma();
    this.at += 1;
    this.passWhite();
    const { isEncoded } = this;
    const name = isEncoded ? this.text(start, end) : this.found.nameAt(this.bytes, start, end);
    const first = this.byteHere();
    if (sign === COLON) this.readPlain(name);
    else if (first !== QUOTE && first !== DOUBLE_QUOTE) this.readUnquoted(name);
    else this.readQuoted(first, isEncoded ? urlDecoded(unescaped(name!, QUOTE)) : name);
  }

  /** Reads a value that is not encoded. */
  private readPlain(name: string | null): void {
    const start = this.at;
    this.passToComma();
    if (this.isBroken) return;
    if (name === null) this.found.pass();
    else this.found.add(name, this.text(start, this.at).trimEnd());
  }

  /** Reads an encoded value without quotes. */
  private readUnquoted(name: string | null): void {
    const start = this.at;
    const end = this.passUnquoted();
    if (this.isBroken) return;
    if (name === null) this.found.pass();
    else this.found.add(urlDecoded(name), urlDecoded(this.text(start, end).trimEnd()));
  }

  /** Reads a value in quotes. Without a closing quote it is no value. */
  private readQuoted(quote: number, name: string | null): void {
    const { bytes, end, at: start } = this;
    let at = start + 1;
    while (at < end && (bytes[at] !== quote || bytes[at - 1] === BACKSLASH)) at += 1;
    this.at = at + 1;
    if (at >= end) return;
    if (name === null) this.found.pass();
    else this.found.add(name, this.values.quotedValue(bytes, start, at));
  }

  /** Passes a value up to the next comma, or to white space before another `name=`. Returns the value's end. */
  private passUnquoted(): number {
    const { bytes, end } = this;
    let last = this.at;
    while (last < end && bytes[last] !== COMMA) {
      while (last < end && !isSeparator(bytes[last]!)) last += 1;
      this.at = last;
      this.passWhite();
      const next = this.at;
      this.passName();
      if (this.at > next && next > last && this.byteHere() === EQUALS) {
        this.at = next;
        return last;
      }
      last = next;
    }
    this.at = last;
    return last;
  }

  /** Whether the last tag is cut at the end of the text. */
  private get isBroken(): boolean {
    return this.isCut && this.at >= this.end;
  }

  private text(from: number, to: number): string {
    return this.bytes.toString('utf8', from, to);
  }

  /** The byte at which it is; 0 at the end. */
  private byteHere(): number {
    return this.at < this.end ? this.bytes[this.at]! : 0;
  }

  private passToComma(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && bytes[at] !== COMMA) at += 1;
    this.at = at;
  }

  private passSeparators(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && isSeparator(bytes[at]!)) at += 1;
    this.at = at;
  }

  private passWhite(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && isSpace(bytes[at]!)) at += 1;
    this.at = at;
  }

  private passName(): void {
    const { bytes, end } = this;
    let at = this.at;
    this.isEncoded = false;
    for (; at < end; at += 1) {
      const code = bytes[at]!;
      if (code === EQUALS || code === COLON || (code < EQUALS && isSeparator(code))) break;
      if (code === PERCENT || code === BACKSLASH || code >= NOT_ASCII) this.isEncoded = true;
    }
    this.at = at;
  }
}

/** Decodes the values in quotes. An implementation that remembers values need not decode them again. */
export interface QuotedValues {
  /** Decodes [from, to) of the bytes: the opening quote and the value. */
  quotedValue(bytes: Buffer, from: number, to: number): string;
}

const NO_BYTES = Buffer.alloc(0);
const NOT_ASCII = 0x80;

const isSeparator = (code: number): boolean => code === COMMA || isSpace(code);

function unescaped(text: string, quote: number): string {
  if (!text.includes('\\')) return text;
  return quote === QUOTE ? text.replaceAll("\\'", "'") : text.replaceAll('\\"', '"');
}

/** The value of a tag after its opening quote. */
export function quotedValue(bytes: Buffer, from: number, to: number): string {
  return urlDecoded(withBlanks(unescaped(bytes.toString('utf8', from + 1, to), bytes[from]!)));
}

/** Some encoders write a blank as `+`, as in forms: those of Java and of PHP. All of them encode a plus sign. */
function withBlanks(text: string): string {
  return text.includes('+') ? text.replaceAll('+', ' ') : text;
}
