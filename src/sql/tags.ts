import { isSpace } from './characters.js';
import { isOpenEnded, lastComments, outerComments } from './outerComments.js';
import type { SqlMode } from './lexer.js';

// Frameworks name in a comment the part of the application that sends a statement:
//
//   sqlcommenter    route='%2Freports%2F%3Cid%3E',traceparent='00-…-01'    url-encoded, a quote as \'
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
 * @param isOpen says whether the text between the comments is open-ended; a caller that knows spares a second reading
 */
export function tagsOf(
  sql: string, isTruncated = false, mode: SqlMode = {}, isOpen: (body: string, mode: SqlMode) => boolean = isOpenEnded,
): Tags {
  const outer = outerComments(sql);
  if (outer === null) return NO_TAGS;
  const { body, leading, trailing, isUnclear } = outer;
  if (isTruncated || (trailing.length === 0 && !isUnclear)) return tagsIn(leading);
  return tagsIn([...leading, ...(isUnclear || isOpen(body, mode) ? lastComments(sql, mode) : trailing)]);
}

/**
 * The tags in comments. Of two with the same name the first counts. Work and result are bounded for any comment; text
 * that is not a tag is skipped.
 * @param comments the texts between the comment marks; Sluice's own hints have no tags
 */
export function tagsIn(comments: readonly string[]): Tags {
  const tags = new Map<string, string>();
  let room = MAX_COMMENT_LENGTH;
  for (const comment of comments) {
    if (room === 0 || tags.size === MAX_TAGS) break;
    if (!HINT.test(comment)) new TagReader(comment.slice(0, room), comment.length > room, tags).read();
    room -= Math.min(room, comment.length);
  }
  return tags;
}

/** The value of a tag: at most MAX_TAG_BYTES of UTF-8, and never half a character. */
export function tagValue(text: string): string {
  if (text.length * MAX_CHARACTER_BYTES <= MAX_TAG_BYTES) return text;
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, MAX_TAG_BYTES);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** Reads the tags of one comment, from its first character to its last. Reads each a bounded number of times. */
class TagReader {
  private at = 0;

  /** @param isCut the comment continues after the text, so a tag at the very end may be incomplete */
  constructor(
    private readonly text: string, private readonly isCut: boolean, private readonly tags: Map<string, string>,
  ) {}

  read(): void {
    while (this.tags.size < MAX_TAGS) {
      this.passWhile(isSeparator);
      if (this.at >= this.text.length) return;
      this.readTag();
    }
  }

  private readTag(): void {
    const { text, at: start } = this;
    this.passWhile(isNamePart);
    const name = text.slice(start, this.at);
    this.passWhile(isWhite);
    const sign = text[this.at];
    if (name === '' || (sign !== '=' && sign !== ':')) return this.passTo(',');
    this.at += 1;
    this.passWhile(isWhite);
    if (sign === ':') this.add(name, this.upToComma());
    else if (QUOTES.includes(text[this.at] ?? ' ')) this.readQuoted(name);
    else this.add(decoded(name), decoded(this.unquoted()));
  }

  /** Reads a value in quotes, and skips the text up to the next separator. Without a closing quote it is no value. */
  private readQuoted(name: string): void {
    const { text } = this;
    const quote = text[this.at]!;
    const start = this.at + 1;
    let end = text.indexOf(quote, start);
    while (end !== -1 && text[end - 1] === '\\' && end > start) end = text.indexOf(quote, end + 1);
    if (end === -1) {
      this.at = text.length;
      return;
    }
    this.at = end + 1;
    this.set(decoded(name), decoded(text.slice(start, end).replaceAll(`\\${quote}`, quote)));
    if (this.at < text.length && !isSeparator(text.charCodeAt(this.at))) this.passTo(',');
  }

  /** The value up to the next comma, or to white space before another `name=`. */
  private unquoted(): string {
    const { text, at: start } = this;
    let end = start;
    while (end < text.length && text[end] !== ',') {
      while (end < text.length && text[end] !== ',' && !isWhite(text.charCodeAt(end))) end += 1;
      this.at = end;
      this.passWhile(isWhite);
      const next = this.at;
      this.passWhile(isNamePart);
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
    if (!this.isCut || this.at < this.text.length) this.set(name, value);
  }

  private set(name: string, value: string): void {
    if (name.length > MAX_NAME_LENGTH || this.tags.has(name)) return;
    this.tags.set(name, tagValue(value));
  }

  private passTo(character: string): void {
    const found = this.text.indexOf(character, this.at);
    this.at = found === -1 ? this.text.length : found;
  }

  private passWhile(holds: (code: number) => boolean): void {
    while (this.at < this.text.length && holds(this.text.charCodeAt(this.at))) this.at += 1;
  }
}

const HINT = /^\s*sluice:/;
const QUOTES = '\'"';
const COMMA = 0x2c;
const EQUALS = 0x3d;
const COLON = 0x3a;
const MAX_CHARACTER_BYTES = 3;

const isWhite = isSpace;
const isSeparator = (code: number): boolean => code === COMMA || isWhite(code);
const isNamePart = (code: number): boolean => code !== EQUALS && code !== COLON && !isSeparator(code);

/** Decodes url-encoded text, also with doubled percent signs. A stray `%` stays. */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(ENCODED, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}

const ENCODED = /(?:%{1,2}[0-9a-fA-F]{2})+/g;
