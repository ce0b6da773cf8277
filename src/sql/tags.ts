import { BACKSLASH, DOUBLE_QUOTE, isHexDigit, isSpace, QUOTE } from './characters.js';
import { isOpenEnded, lastComments, outerComments, type OuterComments } from './outerComments.js';
import type { SqlMode } from './lexer.js';
import { codeAt } from './scan.js';

// Frameworks name in a comment the part of the application that sends a statement:
//
//   sqlcommenter    route='%2Freports%2F%3Cid%3E',traceparent='00-…-01'    url-encoded, a quote as \', a blank as +
//   marginalia      application:Shop,controller:reports,line:app/x.rb:12   plain text, up to the next comma
//   without quotes  app=shop,route=/reports                                url-encoded; white space may separate tags
//
// Datadog writes sqlcommenter's form as well. OpenTelemetry's packages for Python double the percent sign if a
// statement has no parameters (%%2F stands for %2F), and Prisma leaves quotes in keys.

/** The tags of a statement by name, in the order of the text. */
export type Tags = ReadonlyMap<string, string>;

export const NO_TAGS: Tags = new Map();

/** The bounds on the characters that are read of comments, and on the tags in them. */
export const MAX_COMMENT_LENGTH = 8192;
export const MAX_TAGS = 64;
/** A longer value is cut after a whole character. A tag with a longer name is left out. */
export const MAX_TAG_BYTES = 512;
const MAX_NAME_LENGTH = 256;

/**
 * The tags in the comments at both ends of a text.
 * @param sql the text of one command, or its first part (`isTruncated`), of which only the first comments are read
 * @param wanted the names of the tags that are returned; null for all
 */
export function tagsOf(
  sql: string, isTruncated = false, mode: SqlMode = {}, wanted: readonly string[] | null = null,
): Tags {
  const outer = outerComments(sql);
  return outer === null ? NO_TAGS : tagsAround(outer, sql, isTruncated, mode, wanted, isOpenEnded);
}

/**
 * The same for a text whose comments are found already.
 * @param isOpen says whether the text between the comments is open-ended; a caller that knows spares a second reading
 */
export function tagsAround(
  { body, leading, trailing, isUnclear }: OuterComments, sql: string, isTruncated: boolean, mode: SqlMode,
  wanted: readonly string[] | null, isOpen: (body: string, mode: SqlMode) => boolean,
): Tags {
  if (isTruncated || (trailing.length === 0 && !isUnclear)) return tagsIn(leading, wanted);
  const last = isUnclear || isOpen(body, mode) ? lastComments(sql, mode) : trailing;
  return tagsIn(leading.length === 0 ? last : [...leading, ...last], wanted);
}

/**
 * The tags in comments. Of two with the same name the first counts. Work and result are bounded for any comment; text
 * that is not a tag is skipped.
 * @param comments the texts between the comment marks; Sluice's own hints have no tags
 * @param wanted the names of the tags that are returned; null for all
 */
export function tagsIn(comments: readonly string[], wanted: readonly string[] | null = null): Tags {
  const reader = new TagReader(wanted);
  let room = MAX_COMMENT_LENGTH;
  for (const comment of comments) {
    if (room === 0) break;
    const isCut = comment.length > room;
    if (!HINT.test(comment)) reader.read(isCut ? comment.slice(0, room) : comment, isCut);
    room -= Math.min(room, comment.length);
  }
  return reader.tags;
}

/** The value of a tag: at most MAX_TAG_BYTES of UTF-8, and never half a character. */
export function tagValue(text: string): string {
  if (text.length * MAX_CHARACTER_BYTES <= MAX_TAG_BYTES) return text;
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, MAX_TAG_BYTES);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** Reads the tags of comments, from the first character to the last. Reads each a bounded number of times. */
class TagReader {
  readonly tags = new Map<string, string>();
  private tagsLeft = MAX_TAGS;
  private text = '';
  private at = 0;
  /** The comment continues after the text, so a tag at the very end may be incomplete. */
  private isCut = false;

  constructor(private readonly wanted: readonly string[] | null) {}

  read(text: string, isCut: boolean): void {
    this.text = text;
    this.at = 0;
    this.isCut = isCut;
    while (this.tagsLeft > 0) {
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
    else if (first === QUOTE || first === DOUBLE_QUOTE) this.readQuoted(decoded(unescaped(name, "'")));
    else this.add(decoded(name), decoded(this.unquoted()));
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
    if (this.isWanted(name)) this.set(name, decoded(withBlanks(unescaped(text.slice(start, end), quote))));
    this.tagsLeft -= 1;
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
    if (this.isCut && this.at >= this.text.length) return;
    this.tagsLeft -= 1;
    if (this.isWanted(name)) this.set(name, value);
  }

  private isWanted(name: string): boolean {
    return this.wanted === null || this.wanted.includes(name);
  }

  private set(name: string, value: string): void {
    if (name.length > MAX_NAME_LENGTH || this.tags.has(name)) return;
    this.tags.set(name, tagValue(value));
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

const HINT = /^\s*sluice:/;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const COLON = 0x3a;
const MAX_CHARACTER_BYTES = 3;

const isSeparator = (code: number): boolean => code === COMMA || isSpace(code);
const isNamePart = (code: number): boolean => code !== EQUALS && code !== COLON && !isSeparator(code);

function unescaped(text: string, quote: string): string {
  return text.includes('\\') ? text.replaceAll(`\\${quote}`, quote) : text;
}

/** Some encoders write a blank as `+`, as in forms: those of Java and of PHP. All of them encode a plus sign. */
function withBlanks(text: string): string {
  return text.includes('+') ? text.replaceAll('+', ' ') : text;
}

/** Decodes url-encoded text, also with doubled percent signs. A stray `%` stays. */
function decoded(text: string): string {
  let decodedText = '';
  let from = 0;
  for (let at = text.indexOf('%'); at !== -1;) {
    const end = endOfRun(text, at);
    if (end > at) {
      decodedText += text.slice(from, at) + decodedRun(text, at, end);
      from = end;
    }
    at = text.indexOf('%', Math.max(end, at + 1));
  }
  return from === 0 ? text : decodedText + text.slice(from);
}

/** The end of the encoded bytes that stand here one behind the other; the offset itself if there are none. */
function endOfRun(text: string, from: number): number {
  for (let end = from; ;) {
    const digits = end + (codeAt(text, end + 1) === PERCENT ? 2 : 1);
    const isByte = codeAt(text, end) === PERCENT && isHexDigit(codeAt(text, digits)) &&
      isHexDigit(codeAt(text, digits + 1));
    if (!isByte) return end;
    end = digits + 2;
  }
}

/** Most runs are one character of ASCII. */
function decodedRun(text: string, from: number, end: number): string {
  const byte = 16 * hexValue(codeAt(text, end - 2)) + hexValue(codeAt(text, end - 1));
  if (end - from <= MAX_BYTE_LENGTH && byte < NOT_ASCII) return String.fromCharCode(byte);
  return Buffer.from(text.slice(from, end).replaceAll('%', ''), 'hex').toString();
}

function hexValue(digit: number): number {
  return (digit & 0xf) + (digit >> 6) * 9;
}

const PERCENT = 0x25;
const NOT_ASCII = 0x80;
/** The length of `%%2F`. */
const MAX_BYTE_LENGTH = 4;
