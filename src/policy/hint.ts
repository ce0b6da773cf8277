import { parseSize } from '../config/schema/units.js';
import { Lexer, type SqlMode } from '../sql/lexer.js';

// A comment may change its own statement's limits:
//
//   /* sluice: rows=500000 bytes=1GiB stream */ SELECT …       or       SELECT … /* sluice: stream */
//
// It stands before the text's first token, directly behind its first keyword, where hints to MySQL's optimizer
// stand, or behind its last token (a semicolon aside), so that nothing inside a literal and nothing in the middle
// of a statement counts. Many command lines strip comments unless told otherwise.

/** What a hint asks for. Whether it gets it is not for the hint to say. */
export interface Hint {
  readonly kind: 'hint';
  /** Rows; Infinity for `unlimited`. */
  readonly rows?: number;
  /** Bytes; Infinity for `unlimited`. */
  readonly bytes?: number;
  /** The statement's result is read as a stream. */
  readonly stream?: true;
}

/** What was found of hints in a text. */
export type HintFinding =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | Hint;

const MARK = 'sluice:';
const OPENING = /^\/\*\s*sluice:/;
const MAX_HINT_LENGTH = 256;
const EXPECTED = 'expected rows=NUMBER, bytes=SIZE or stream';

/**
 * @param sql the text of one command, or its first part (`isTruncated`), where only a hint in the front is seen
 * @returns the hint; `malformed` with the reason where there is one that says nothing clear or more than one
 */
export function findHint(sql: string, isTruncated = false, mode: SqlMode = {}): HintFinding {
  if (!sql.includes(MARK)) return { kind: 'none' };
  const comments = hintComments(sql, isTruncated, mode);
  const [comment] = comments;
  if (comment === undefined) return { kind: 'none' };
  return comments.length === 1 ? parseHint(comment) : malformed('more than one hint');
}

/** The comments with our mark in the front and behind the last token; of more than two of one place, two. */
function hintComments(sql: string, isTruncated: boolean, mode: SqlMode): string[] {
  const lexer = new Lexer(sql, mode);
  const leading: string[] = [];
  let trailing: string[] = [];
  let front: 'first keyword' | 'next token' | 'over' = 'first keyword'; // what ends it
  while (lexer.nextOrComment() !== 'end') {
    if (lexer.kind !== 'comment') {
      if (lexer.isOperator(';') || lexer.kind === 'hint') continue;
      if (front === 'first keyword' && lexer.isOperator('(')) continue;
      front = front === 'first keyword' && lexer.kind === 'word' ? 'next token' : 'over';
      if (front === 'over' && isTruncated) return leading;
      trailing = [];
    } else if (!lexer.unterminated && sql.startsWith('/*', lexer.start)) {
      const found = front === 'over' ? trailing : leading;
      const comment = sql.slice(lexer.start, Math.min(lexer.end, lexer.start + MAX_HINT_LENGTH + 1));
      if (found.length < 2 && OPENING.test(comment)) found.push(comment);
    }
  }
  return [...leading, ...trailing];
}

function parseHint(comment: string): HintFinding {
  if (comment.length > MAX_HINT_LENGTH) return malformed(`longer than ${MAX_HINT_LENGTH} characters`);
  const body = comment.slice(comment.indexOf(MARK) + MARK.length, -'*/'.length);
  const settings = body.split(/\s+/).filter((setting) => setting !== '');
  if (settings.length === 0) return malformed(`empty: ${EXPECTED}`);
  const hint: { kind: 'hint'; rows?: number; bytes?: number; stream?: true } = { kind: 'hint' };
  for (const setting of settings) {
    const [key = '', value] = splitOnce(setting);
    if (key !== 'rows' && key !== 'bytes' && key !== 'stream') return malformed(`${setting}: ${EXPECTED}`);
    if (hint[key] !== undefined) return malformed(`${key}: given twice`);
    if (key === 'stream') {
      if (value !== undefined) return malformed(`${setting}: stream takes no value`);
      hint.stream = true;
    } else {
      const amount = key === 'rows' ? parseAmount(value, parseCount) : parseAmount(value, parseBytes);
      if (amount === undefined) return malformed(`${setting}: ${EXPECTED}`);
      hint[key] = amount;
    }
  }
  return hint;
}

function splitOnce(setting: string): [string, string?] {
  const equals = setting.indexOf('=');
  return equals === -1 ? [setting] : [setting.slice(0, equals), setting.slice(equals + 1)];
}

type Parse = (text: string) => number | undefined;

function parseAmount(text: string | undefined, parse: Parse): number | undefined {
  if (text === 'unlimited') return Infinity;
  const amount = text === undefined ? undefined : parse(text);
  return amount !== undefined && Number.isSafeInteger(amount) ? amount : undefined;
}

const parseCount: Parse = (text) => (/^\d{1,16}$/.test(text) ? Number(text) : undefined);
const parseBytes: Parse = (text) => parseCount(text) ?? parseSize(text);

const malformed = (reason: string): HintFinding => ({ kind: 'malformed', reason });
