import {
  BANG, CAPITAL_M, DELETE, HASH, isSpace, LINE_FEED, MINUS, PLUS, SEMICOLON, SLASH, SPACE, STAR,
} from './characters.js';
import { Lexer, type SqlMode } from './lexer.js';

// The comments before the first token of a text and after its last token. They are found without reading the text
// between them:
//
//   /*…*/ SELECT … /*…*/ ; -- …
//   ↑ certain      ↑ comments only if the text before them is not open-ended (`isOpenEnded`)
//
// They are looked for in the bytes, because frameworks write a new comment after each statement: only what is between
// the comments has to become a string. The text is UTF-8, in which all marks are single bytes.

/** A text and the comments at both ends, found by looking at the ends alone. */
export interface OuterComments {
  /** The text between them: [from, to) of the bytes. */
  readonly from: number;
  readonly to: number;
  /** In the order of the text. */
  readonly leading: readonly Comment[];
  /** The same after the body. If the body is open-ended, they belong to its last literal or comment instead. */
  readonly trailing: readonly Comment[];
  /** The body ends with a comment mark. Only reading the whole body shows whether a comment ends there. */
  readonly isUnclear: boolean;
}

/** A comment of a text: [from, to) of its bytes, without the marks. */
export interface Comment {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** It begins with `#` or `--`, and ends with its line. */
  readonly isLine: boolean;
}

/**
 * Removes the comments at both ends of a text, and the semicolons and white space around the last ones. Versioned
 * comments and optimizer hints stay.
 * @param sql the text of one command, or its front
 * @returns null if there is no comment at either end; this costs only a look at the ends and at the last line
 */
export function outerComments(sql: Buffer): OuterComments | null {
  const leading: Comment[] = [];
  const from = passLeading(sql, leading);
  const trailing: Comment[] = [];
  const to = passTrailing(sql, from, trailing);
  const isUnclear = closeBefore(sql, from, to) !== -1;
  if (leading.length === 0 && trailing.length === 0 && !isUnclear) return null;
  return { from, to, leading, trailing, isUnclear };
}

/** Whether the last literal, quoted name or comment of a text has no end. Reads all of it. */
export function isOpenEnded(sql: string, mode: SqlMode = {}): boolean {
  const lexer = new Lexer(sql, mode);
  while (lexer.nextOrComment() !== 'end');
  return lexer.isOpenEnded;
}

/**
 * The comments after the last token, found by reading the whole text; none if the last one has no end. For a text with
 * an unclear or open-ended body.
 */
export function lastComments(sql: string, mode: SqlMode = {}): Comment[] {
  const lexer = new Lexer(sql, mode);
  let found: Comment[] = [];
  let hasBegun = false;
  for (let end = 0; ; end = lexer.end) {
    const kind = lexer.nextOrComment();
    const isAfterMark = sql.slice(end, lexer.start).includes('*'); // of a comment with a version
    if (isAfterMark || (kind !== 'comment' && kind !== 'end' && !lexer.isOperator(';'))) found = [];
    if (kind === 'end') return lexer.unterminated ? [] : found;
    hasBegun ||= isAfterMark || kind !== 'comment';
    if (!hasBegun || kind !== 'comment' || lexer.unterminated) continue;
    const text = lexer.text();
    const bytes = Buffer.alloc(Buffer.byteLength(text), text); // with memory of its own: a cache may keep it
    found.push(commentAt(bytes, 0, bytes.length));
  }
}

/** Adds the comments in front to `found`. Returns the index at which they end. */
function passLeading(sql: Buffer, found: Comment[]): number {
  for (let from = 0; ;) {
    let at = from;
    while (at < sql.length && isSpace(sql[at]!)) at += 1;
    const end = isLineStart(sql, at) ? endOfLine(sql, at, -1) : isBlockStart(sql, at) ? endOfBlock(sql, at) : -1;
    if (end === -1) return from;
    found.push(commentAt(sql, at, end));
    from = end;
  }
}

/** Adds the comments at the end to `found`. Returns the index at which they begin. */
function passTrailing(sql: Buffer, from: number, found: Comment[]): number {
  let to = sql.length;
  for (;;) {
    const close = closeBefore(sql, from, to);
    const at = close === -1 ? lineStartBefore(sql, from, to) : blockStartBefore(sql, from, to, close);
    if (at === -1) break;
    found.push(commentAt(sql, at, close === -1 ? endOfLine(sql, at, to) : close + MARK_LENGTH));
    to = at;
  }
  if (found.length > 1) found.reverse();
  return to;
}

/** The comment between two indexes; the line feed after a line is no part of it. */
function commentAt(bytes: Buffer, at: number, end: number): Comment {
  const isLine = bytes[at] !== SLASH;
  return {
    bytes, from: at + (bytes[at] === HASH ? 1 : MARK_LENGTH), to: isLine ? end : end - MARK_LENGTH, isLine,
  };
}

/** The index of the closing mark at the end of a text, except white space and semicolons; -1 if there is none. */
function closeBefore(sql: Buffer, from: number, to: number): number {
  const close = endOfText(sql, from, to) - MARK_LENGTH;
  return close >= from + MARK_LENGTH && sql[close] === STAR && sql[close + 1] === SLASH ? close : -1;
}

/** The start of the comment that this mark closes; -1 if that is not certain. */
function blockStartBefore(sql: Buffer, from: number, to: number, close: number): number {
  // Most texts have one comment, whose marks hold the first slash and the last stars.
  const slash = to === sql.length ? sql.indexOf(SLASH, from) : -1;
  if (slash !== -1 && isBlockStart(sql, slash) && sql.indexOf(STAR, slash + MARK_LENGTH) === close) return slash;
  for (let at = close - MARK_LENGTH; at >= from; at -= 1) {
    const first = sql[at];
    if (first === SLASH && sql[at + 1] === STAR) return isBlockStart(sql, at) ? at : -1;
    // Another comment ends here, unless this is the end of the opening mark in `/*/`.
    if (first === STAR && sql[at + 1] === SLASH && (at === from || sql[at - 1] !== SLASH)) return -1;
  }
  return -1;
}

/**
 * The first mark of a comment in the last line that is not empty; -1 if there is none. If another comment follows in
 * the same line, the mark would make the body open-ended, so it need not be looked for.
 */
function lineStartBefore(sql: Buffer, from: number, to: number): number {
  const end = endOfText(sql, from, to);
  const mayHaveMark = to === sql.length ? hasLineMark(sql, from) : endOfLine(sql, end, to) < to;
  if (!mayHaveMark) return -1;
  let found = -1;
  for (let at = end - 1; at >= from && sql[at] !== LINE_FEED; at -= 1) if (isLineStart(sql, at)) found = at;
  return found;
}

/** A quick look at the whole text: most have no such mark. */
function hasLineMark(sql: Buffer, from: number): boolean {
  return sql.indexOf(MINUS, from) !== -1 || sql.indexOf(HASH, from) !== -1;
}

function isBlockStart(sql: Buffer, at: number): boolean {
  if (sql[at] !== SLASH || sql[at + 1] !== STAR) return false;
  const third = sql[at + 2];
  return third !== BANG && third !== PLUS && !(third === CAPITAL_M && sql[at + 3] === BANG);
}

/** `#`, or two dashes before white space, before a control character or at the text's end. */
function isLineStart(sql: Buffer, at: number): boolean {
  const first = sql[at];
  if (first !== MINUS || sql[at + 1] !== MINUS) return first === HASH;
  const third = sql[at + 2] ?? 0;
  return third <= SPACE || third === DELETE;
}

/** The index after a comment's closing mark; -1 if it has none. */
function endOfBlock(sql: Buffer, from: number): number {
  for (let at = from + MARK_LENGTH; at + 1 < sql.length; at += 1) {
    if (sql[at] === STAR && sql[at + 1] === SLASH) return at + MARK_LENGTH;
  }
  return -1;
}

/** The index of the next line feed; `to` if there is none before that. */
function endOfLine(sql: Buffer, from: number, to: number): number {
  const end = to === -1 ? sql.length : to;
  for (let at = from; at < end; at += 1) if (sql[at] === LINE_FEED) return at;
  return to;
}

/** The end of a text without the white space and the semicolons there. */
function endOfText(sql: Buffer, from: number, to: number): number {
  let end = to;
  while (end > from && (isSpace(sql[end - 1]!) || sql[end - 1] === SEMICOLON)) end -= 1;
  return end;
}

const MARK_LENGTH = 2;
