import {
  BANG, CAPITAL_M, DELETE, HASH, isSpace, MINUS, PLUS, SEMICOLON, SLASH, SPACE, STAR,
} from './characters.js';
import { Lexer, type SqlMode } from './lexer.js';
import { codeAt } from './scan.js';

// The comments before the first token of a text and after its last token. They are found without reading the text
// between them:
//
//   /*…*/ SELECT … /*…*/ ; -- …
//   ↑ certain      ↑ comments only if the text before them is not open-ended (`isOpenEnded`)

/** A text and the comments at both ends, found by looking at the ends alone. */
export interface OuterComments {
  /** The text between them. */
  readonly body: string;
  /** In the order of the text. */
  readonly leading: readonly Comment[];
  /** The same after the body. If the body is open-ended, they belong to its last literal or comment instead. */
  readonly trailing: readonly Comment[];
  /** The body ends with a comment mark. Only reading the whole body shows whether a comment ends there. */
  readonly isUnclear: boolean;
}

/** A comment of a text. */
export interface Comment {
  /** The text between its marks. */
  readonly text: string;
  /** It begins with `#` or `--`, and ends with its line. */
  readonly isLine: boolean;
}

/**
 * Removes the comments at both ends of a text, and the semicolons and white space around the last ones. Versioned
 * comments and optimizer hints stay.
 * @param sql the text of one command, or its front
 * @returns null if there is no comment at either end; this costs only a look at the ends
 */
export function outerComments(sql: string): OuterComments | null {
  const leading: Comment[] = [];
  const from = passLeading(sql, leading);
  const trailing: Comment[] = [];
  const to = passTrailing(sql, from, trailing);
  const isUnclear = closeBefore(sql, from, to) !== -1;
  if (leading.length === 0 && trailing.length === 0 && !isUnclear) return null;
  return { body: sql.slice(from, to), leading, trailing, isUnclear };
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
    const isBehindMark = sql.slice(end, lexer.start).includes('*'); // of a comment with a version
    if (isBehindMark || (kind !== 'comment' && kind !== 'end' && !lexer.isOperator(';'))) found = [];
    if (kind === 'end') return lexer.unterminated ? [] : found;
    hasBegun ||= isBehindMark || kind !== 'comment';
    if (hasBegun && kind === 'comment' && !lexer.unterminated) found.push(commentAt(sql, lexer.start, lexer.end));
  }
}

/** Adds the comments in front to `found`. Returns the index at which they end. */
function passLeading(sql: string, found: Comment[]): number {
  for (let from = 0; ;) {
    const at = endOfSpace(sql, from);
    const end = isLineStart(sql, at) ? sql.indexOf('\n', at) : isBlockStart(sql, at) ? endOfBlock(sql, at) : -1;
    if (end === -1) return from;
    found.push(commentAt(sql, at, end));
    from = end;
  }
}

/** Adds the comments at the end to `found`. Returns the index at which they begin. */
function passTrailing(sql: string, from: number, found: Comment[]): number {
  let to = sql.length;
  for (;;) {
    const close = closeBefore(sql, from, to);
    const at = close === -1 ? lineStartBefore(sql, from, to) : blockStartBefore(sql, from, close);
    if (at === -1) break;
    found.push(commentAt(sql, at, close === -1 ? endOfLine(sql, at, to) : close + MARK_LENGTH));
    to = at;
  }
  found.reverse();
  return to;
}

/** The comment between two indexes; the line feed after a line is no part of it. */
function commentAt(sql: string, at: number, end: number): Comment {
  const isLine = codeAt(sql, at) !== SLASH;
  const from = at + (codeAt(sql, at) === HASH ? 1 : MARK_LENGTH);
  return { text: sql.slice(from, isLine ? end : end - MARK_LENGTH), isLine };
}

/** The index of the closing mark at the end of a text, except white space and semicolons; -1 if there is none. */
function closeBefore(sql: string, from: number, to: number): number {
  const close = endOfText(sql, from, to) - MARK_LENGTH;
  return close >= from + MARK_LENGTH && codeAt(sql, close) === STAR && codeAt(sql, close + 1) === SLASH ? close : -1;
}

/** The start of the comment that this mark closes; -1 if that is not certain. */
function blockStartBefore(sql: string, from: number, close: number): number {
  const at = sql.lastIndexOf('/*', close - MARK_LENGTH);
  const isComment = at >= from && isBlockStart(sql, at) && sql.indexOf('*/', at + MARK_LENGTH) === close;
  return isComment ? at : -1;
}

/**
 * The first mark of a comment in the last line that is not empty; -1 if there is none. If another comment follows in
 * the same line, the mark would make the body open-ended, so it need not be looked for.
 */
function lineStartBefore(sql: string, from: number, to: number): number {
  const end = endOfText(sql, from, to);
  const mayHaveMark = to === sql.length ? hasLineMark(sql, from) : endOfLine(sql, end, to) < to;
  if (!mayHaveMark) return -1;
  for (let at = Math.max(from, sql.lastIndexOf('\n', end - 1) + 1); at < end; at += 1) {
    if (isLineStart(sql, at)) return at;
  }
  return -1;
}

/** A quick look at the whole text: most have no such mark. */
function hasLineMark(sql: string, from: number): boolean {
  return sql.indexOf('#', from) !== -1 || sql.indexOf('--', from) !== -1;
}

function isBlockStart(sql: string, at: number): boolean {
  if (codeAt(sql, at) !== SLASH || codeAt(sql, at + 1) !== STAR) return false;
  const third = codeAt(sql, at + 2);
  return third !== BANG && third !== PLUS && !(third === CAPITAL_M && codeAt(sql, at + 3) === BANG);
}

/** `#`, or two dashes before white space, before a control character or at the text's end. */
function isLineStart(sql: string, at: number): boolean {
  const first = codeAt(sql, at);
  if (first !== MINUS || codeAt(sql, at + 1) !== MINUS) return first === HASH;
  const third = codeAt(sql, at + 2);
  return third <= SPACE || third === DELETE;
}

/** The index after a comment's closing mark; -1 if it has none. */
function endOfBlock(sql: string, at: number): number {
  const close = sql.indexOf('*/', at + MARK_LENGTH);
  return close === -1 ? -1 : close + MARK_LENGTH;
}

/** The index of the next line feed; `to` if there is none before that. */
function endOfLine(sql: string, at: number, to: number): number {
  const lineFeed = sql.indexOf('\n', at);
  return lineFeed === -1 || lineFeed > to ? to : lineFeed;
}

/** The end of a text without the white space and the semicolons there. */
function endOfText(sql: string, from: number, to: number): number {
  let end = to;
  while (end > from && (isSpace(codeAt(sql, end - 1)) || codeAt(sql, end - 1) === SEMICOLON)) end -= 1;
  return end;
}

function endOfSpace(sql: string, from: number): number {
  let at = from;
  while (isSpace(codeAt(sql, at))) at += 1;
  return at;
}

const MARK_LENGTH = 2;
