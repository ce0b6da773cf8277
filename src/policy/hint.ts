import { parseSize } from '../config/schema/units.js';
import { Lexer, type SqlMode } from '../sql/lexer.js';
import { keyAndValue } from '../text/keyAndValue.js';

// Hints: a comment that changes the limits of its own statement.
//
//     /* sluice: rows=500000 bytes=1GiB stream */ SELECT …       or       SELECT … /* sluice: stream */
//
// It stands before the first token, directly after the first keyword (the place of MySQL's optimizer hints), or after
// the last token, apart from a semicolon. Nothing inside a literal and nothing in the middle of a statement counts.
// Many command-line clients remove comments unless told otherwise.

/** The contents of a hint. Whether it is followed is decided elsewhere. */
export interface Hint {
  readonly kind: 'hint';
  /** Rows; Infinity for `unlimited`. */
  readonly rows?: number;
  /** Bytes; Infinity for `unlimited`. */
  readonly bytes?: number;
  /** The client reads the statement's result as a stream. */
  readonly stream?: true;
}

/** The hints found in a text. */
export type HintFinding =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | Hint;

const MARK = 'sluice:';
const OPENING = /^\/\*\s*sluice:/;
const MAX_HINT_LENGTH = 256;
const EXPECTED = 'expected rows=NUMBER, bytes=SIZE or stream';

/**
 * @param sql the text of one command, or its first part (`isTruncated`), in which only a hint at the front is found
 * @returns the hint; `malformed` with the reason if there is more than one, or one that is not clear
 */
export function findHint(sql: string, isTruncated = false, mode: SqlMode = {}): HintFinding {
  if (!sql.includes(MARK)) return { kind: 'none' };
  const comments = hintComments(sql, isTruncated, mode);
  const [comment] = comments;
  if (comment === undefined) return { kind: 'none' };
  return comments.length === 1 ? parseHint(comment) : malformed('more than one hint');
}

/** The comments with the mark at the front and after the last token, at most two of each place. */
function hintComments(sql: string, isTruncated: boolean, mode: SqlMode): string[] {
  const lexer = new Lexer(sql, mode);
  const leading: string[] = [];
  let trailing: string[] = [];
  let front: 'first keyword' | 'next token' | 'over' = 'first keyword'; // the end of the front
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
    const [key, value] = keyAndValue(setting);
    if (key !== 'rows' && key !== 'bytes' && key !== 'stream') return malformed(`${setting}: ${EXPECTED}`);
    if (hint[key] !== undefined) return malformed(`${key}: given twice`);
    if (key === 'stream') {
      if (value !== null) return malformed(`${setting}: stream takes no value`);
      hint.stream = true;
    } else {
      const amount = key === 'rows' ? parseAmount(value, parseCount) : parseAmount(value, parseBytes);
      if (amount === undefined) return malformed(`${setting}: ${EXPECTED}`);
      hint[key] = amount;
    }
  }
  return hint;
}

type Parse = (text: string) => number | undefined;

function parseAmount(text: string | null, parse: Parse): number | undefined {
  if (text === 'unlimited') return Infinity;
  const amount = text === null ? undefined : parse(text);
  return amount !== undefined && Number.isSafeInteger(amount) ? amount : undefined;
}

const parseCount: Parse = (text) => (/^\d{1,16}$/.test(text) ? Number(text) : undefined);
const parseBytes: Parse = (text) => parseCount(text) ?? parseSize(text);

const malformed = (reason: string): HintFinding => ({ kind: 'malformed', reason });
