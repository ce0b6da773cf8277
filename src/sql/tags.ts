import { isSpace } from './characters.js';
import { isOpenEnded, lastComments, outerComments } from './outerComments.js';
import type { SqlMode } from './lexer.js';

// Frameworks say in a comment which of an application's parts a statement is from:
//
//   sqlcommenter    route='%2Freports%2F%3Cid%3E',traceparent='00-…-01'    url-encoded, a quote as \'
//   marginalia      application:Shop,controller:reports,line:app/x.rb:12   as it is, up to the next comma
//   without quotes  app=shop,route=/reports                                url-encoded; white space may separate, too
//
// sqlcommenter's is Datadog's as well. OpenTelemetry's packages for Python double the percent sign where a statement
// has no parameters (%%2F is meant as %2F), and Prisma leaves quotes in keys.

/** The tags of a statement by name, in the order in which they stand. */
export type Tags = ReadonlyMap<string, string>;

export const NO_TAGS: Tags = new Map();

/** What is read of comments, in characters, and how many tags of it. */
export const MAX_COMMENT_LENGTH = 8192;
export const MAX_TAGS = 64;
/** A longer value is cut behind a character; a tag whose name is longer is left out. */
export const MAX_TAG_BYTES = 512;
const MAX_NAME_LENGTH = 256;

/**
 * The tags in the comments at a text's ends.
 * @param sql the text of one command, or its first part (`isTruncated`), where only comments in the front are seen
 * @param isOpen tells of the text between them whether it is open-ended: to read it again can be spared
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
 * The tags in comments. Of two of the same name the first counts. Work and result are bounded, whatever the comments
 * say; what is no tag in them is passed over.
 * @param comments what stands between the marks of each; Sluice's own hints have no tags
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

/** A value as tags have it: at most MAX_TAG_BYTES of UTF-8, never half a character. */
export function tagValue(text: string): string {
  if (text.length * MAX_CHARACTER_BYTES <= MAX_TAG_BYTES) return text;
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, MAX_TAG_BYTES);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** Reads the tags of one comment, from its first character to its last, each a bounded number of times. */
class TagReader {
  private at = 0;

  /** @param isCut the comment goes on behind the text, so that a tag at its very end is not whole */
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

  /** A value in quotes. What stands between its end and the next separator is none of it; without an end it is none. */
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

  /** The value up to the next comma, or to white space behind which another `name=` stands. */
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

  /** A tag whose end is the text's. */
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

/** Takes the url-encoding off, a doubled percent sign with it; what is not encoded stays, and so does a stray `%`. */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(ENCODED, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}

const ENCODED = /(?:%{1,2}[0-9a-fA-F]{2})+/g;
