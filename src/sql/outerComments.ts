import { BANG, CAPITAL_M, isSpace, PLUS, SEMICOLON, SLASH, STAR } from './characters.js';
import { Lexer, type SqlMode } from './lexer.js';
import { codeAt } from './scan.js';

// The comments before the first token of a text and after its last token. They are found without reading the text
// between them:
//
//   /*…*/ SELECT … /*…*/ ;
//   ↑ certain      ↑ a comment only if the text before it is not open-ended (`isOpenEnded`)

/** A text and the comments at both ends, found by looking at the ends alone. */
export interface OuterComments {
  /** The text between them. */
  readonly body: string;
  /** The texts between the comment marks, in order. */
  readonly leading: readonly string[];
  /** The same after the body. If the body is open-ended, they belong to its last literal or comment instead. */
  readonly trailing: readonly string[];
  /** The body ends with a comment mark. Only reading the whole body shows whether a comment ends there. */
  readonly isUnclear: boolean;
}

/**
 * Removes the comments at both ends of a text, and the semicolons and white space around the last ones. Versioned
 * comments, optimizer hints, and comments that end with the line stay.
 * @param sql the text of one command, or its front
 * @returns null if there is no comment at either end; this costs only a look at the ends
 */
export function outerComments(sql: string): OuterComments | null {
  const leading: string[] = [];
  const from = passLeading(sql, leading);
  const trailing: string[] = [];
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
 * The comments after the last token, found by reading the whole text. For a text with an unclear or open-ended body.
 */
export function lastComments(sql: string, mode: SqlMode = {}): string[] {
  const lexer = new Lexer(sql, mode);
  let found: string[] = [];
  let hasBegun = false;
  for (let end = 0; ; end = lexer.end) {
    const kind = lexer.nextOrComment();
    const isBehindMark = sql.slice(end, lexer.start).includes('*'); // of a comment with a version
    if (isBehindMark || (kind !== 'comment' && kind !== 'end' && !lexer.isOperator(';'))) found = [];
    if (kind === 'end') return found;
    hasBegun ||= isBehindMark || kind !== 'comment';
    const isBlock = kind === 'comment' && !lexer.unterminated && sql.startsWith('/*', lexer.start);
    if (hasBegun && isBlock) found.push(sql.slice(lexer.start + MARK_LENGTH, lexer.end - MARK_LENGTH));
  }
}

/** Adds the comments in front to `found`. Returns the index at which they end. */
function passLeading(sql: string, found: string[]): number {
  let from = 0;
  for (let at = endOfSpace(sql, 0); isCommentStart(sql, at); at = endOfSpace(sql, from)) {
    const close = sql.indexOf('*/', at + MARK_LENGTH);
    if (close === -1) break;
    found.push(sql.slice(at + MARK_LENGTH, close));
    from = close + MARK_LENGTH;
  }
  return from;
}

/** Adds the comments at the end to `found`. Returns the index at which they begin. */
function passTrailing(sql: string, from: number, found: string[]): number {
  let to = sql.length;
  for (let close = closeBefore(sql, from, to); close !== -1; close = closeBefore(sql, from, to)) {
    const at = sql.lastIndexOf('/*', close - MARK_LENGTH);
    if (at < from || !isCommentStart(sql, at) || sql.indexOf('*/', at + MARK_LENGTH) !== close) break;
    found.push(sql.slice(at + MARK_LENGTH, close));
    to = at;
  }
  found.reverse();
  return to;
}

/** The index of the closing mark at the end of a text, except white space and semicolons; -1 if there is none. */
function closeBefore(sql: string, from: number, to: number): number {
  let end = to;
  while (end > from && (isSpace(codeAt(sql, end - 1)) || codeAt(sql, end - 1) === SEMICOLON)) end -= 1;
  const close = end - MARK_LENGTH;
  return close >= from + MARK_LENGTH && codeAt(sql, close) === STAR && codeAt(sql, close + 1) === SLASH ? close : -1;
}

function isCommentStart(sql: string, at: number): boolean {
  if (codeAt(sql, at) !== SLASH || codeAt(sql, at + 1) !== STAR) return false;
  const third = codeAt(sql, at + 2);
  return third !== BANG && third !== PLUS && !(third === CAPITAL_M && codeAt(sql, at + 3) === BANG);
}

function endOfSpace(sql: string, from: number): number {
  let at = from;
  while (isSpace(codeAt(sql, at))) at += 1;
  return at;
}

const MARK_LENGTH = 2;
