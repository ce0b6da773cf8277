import { BACKSLASH, DOUBLE_QUOTE, isSpace, QUOTE } from './characters.js';
import type { FoundTags } from './foundTags.js';
import { codeAt } from './scan.js';
import { urlDecoded } from './urlDecoded.js';

// Frameworks name in a comment the part of the application that sends a statement:
//
//   sqlcommenter    route='%2Freports%2F%3Cid%3E',traceparent='00-…-01'    url-encoded, a quote as \', a blank as +
//   marginalia      application:Shop,controller:reports,line:app/x.rb:12   plain text, up to the next comma
//   without quotes  app=shop,route=/reports                                url-encoded; white space may separate tags
//
// Datadog writes sqlcommenter's form as well. OpenTelemetry's packages for Python double the percent sign if a
// statement has no parameters (%%2F stands for %2F), and Prisma leaves quotes in keys.

/** Reads the tags of comments, from the first character to the last. Reads each a bounded number of times. */
export class TagReader {
  private text = '';
  private at = 0;
  private isCut = false;

  constructor(private readonly found: FoundTags) {}

  /** @param isCut the comment continues after the text, so a tag at the very end may be incomplete */
  read(text: string, isCut: boolean): void {
    this.text = text;
    this.at = 0;
    this.isCut = isCut;
    while (!this.found.isFull) {
      this.passSeparators();
      if (this.at >= text.length) return;
      this.readTag();
    }
  }

  private readTag(): void {
    const { text, at: start } = this;
    this.passName();
    const name = text.slice(start, this.at);
    this.passWhite();
    const sign = codeAt(text, this.at);
    if (name === '' || (sign !== EQUALS && sign !== COLON)) return this.passTo(',');
    this.at += 1;
    this.passWhite();
    const first = codeAt(text, this.at);
    if (sign === COLON) this.add(name, this.upToComma());
    else if (first === QUOTE || first === DOUBLE_QUOTE) this.readQuoted(urlDecoded(unescaped(name, "'")));
    else this.add(urlDecoded(name), urlDecoded(this.unquoted()));
  }

  /** Reads a value in quotes. Without a closing quote it is no value. */
  private readQuoted(name: string): void {
    const { text } = this;
    const quote = text[this.at]!;
    const start = this.at + 1;
    let end = text.indexOf(quote, start);
    while (end !== -1 && codeAt(text, end - 1) === BACKSLASH && end > start) end = text.indexOf(quote, end + 1);
    if (end === -1) {
      this.at = text.length;
      return;
    }
    this.at = end + 1;
    if (this.found.counts(name)) {
      this.found.set(name, urlDecoded(withBlanks(unescaped(text.slice(start, end), quote))));
    }
  }

  /** The value up to the next comma, or to white space before another `name=`. */
  private unquoted(): string {
    const { text, at: start } = this;
    let end = start;
    while (end < text.length && text[end] !== ',') {
      while (end < text.length && text[end] !== ',' && !isSpace(codeAt(text, end))) end += 1;
      this.at = end;
      this.passWhite();
      const next = this.at;
      this.passName();
      if (this.at > next && next > end && text[this.at] === '=') {
        this.at = next;
        return text.slice(start, end);
      }
      end = next;
    }
    this.at = end;
    return text.slice(start, end).trimEnd();
  }

  private upToComma(): string {
    const start = this.at;
    this.passTo(',');
    return this.text.slice(start, this.at).trimEnd();
  }

  /** Sets a tag, unless it is cut at the end of the text. */
  private add(name: string, value: string): void {
    if (!this.isCut || this.at < this.text.length) this.found.add(name, value);
  }

  private passTo(character: string): void {
    const found = this.text.indexOf(character, this.at);
    this.at = found === -1 ? this.text.length : found;
  }

  private passWhite(): void {
    while (isSpace(codeAt(this.text, this.at))) this.at += 1;
  }

  private passSeparators(): void {
    while (isSeparator(codeAt(this.text, this.at))) this.at += 1;
  }

  private passName(): void {
    const { text } = this;
    while (this.at < text.length && isNamePart(codeAt(text, this.at))) this.at += 1;
  }
}

const COMMA = 0x2c;
const EQUALS = 0x3d;
const COLON = 0x3a;

const isSeparator = (code: number): boolean => code === COMMA || isSpace(code);
const isNamePart = (code: number): boolean => code !== EQUALS && code !== COLON && !isSeparator(code);

function unescaped(text: string, quote: string): string {
  return text.includes('\\') ? text.replaceAll(`\\${quote}`, quote) : text;
}

/** Some encoders write a blank as `+`, as in forms: those of Java and of PHP. All of them encode a plus sign. */
function withBlanks(text: string): string {
  return text.includes('+') ? text.replaceAll('+', ' ') : text;
}
