import { Lexer, type SqlMode } from './lexer.js';
import { dependsOnCharacterSet } from './scan.js';
import { verbOf } from './statement.js';

// The answers to a text of several statements. A server answers the statements in order, but does not say which answer
// belongs to which statement. Counting tells them apart, as long as each statement has exactly one answer.

/** The known answers to a text. Answers are counted from 0. */
export interface Results {
  /** The answers with the rows of an INSERT, REPLACE, UPDATE or DELETE … RETURNING (MariaDB). */
  readonly returning: readonly number[];
  /** The default schema that each USE sets, by the number of its answer. */
  readonly schemas: ReadonlyMap<number, string>;
  /** The most answers that can be counted. Later answers belong to statements after one that may have several. */
  readonly countable: number;
  /** The schema of the last USE after those answers; null if there is none. */
  readonly lateSchema: string | null;
}

const NO_ANSWERS: Results = { returning: [], schemas: new Map(), countable: Infinity, lateSchema: null };

const CHANGING_VERBS = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE']);
/** Verbs of statements with exactly one answer, which end at the next semicolon outside of literals and comments. */
const ONE_ANSWER_VERBS = new Set([
  ...CHANGING_VERBS, 'SELECT', 'TABLE', 'VALUES', 'SHOW', 'USE', 'DO', 'START', 'COMMIT', 'ROLLBACK', 'TRUNCATE',
]);

/**
 * @param sql the text of one command, or its first part. Of an incomplete statement, only the part that is there
 * counts.
 */
export function resultsOf(sql: string, mode: SqlMode = {}): Results {
  if (!/\b(?:returning|use)\b/i.test(sql)) return NO_ANSWERS;
  const lexer = new Lexer(sql, mode);
  const returning: number[] = [];
  const schemas = new Map<number, string>();
  for (let answer = 0; ; answer += 1) {
    const verb = verbOf(lexer);
    if (lexer.kind === 'end') {
      return { returning: known(lexer, returning, mode), schemas, countable: Infinity, lateSchema: null };
    }
    const { start } = lexer;
    const schema = verb === 'USE' ? passUse(lexer) : null;
    const returns = passStatement(lexer);
    if (!hasOneAnswer(verb, sql.slice(start, lexer.start))) {
      return { returning: known(lexer, returning, mode), schemas, countable: answer, lateSchema: lastSchema(lexer) };
    }
    if (schema !== null) schemas.set(answer, schema);
    if (returns && CHANGING_VERBS.has(verb)) returning.push(answer);
  }
}

/**
 * Nothing is known about a text if the server's treatment of its comments is not known. If the ends of its literals are
 * not known, only its first word is certain.
 */
function known(lexer: Lexer, returning: number[], mode: SqlMode): readonly number[] {
  const { sql } = lexer;
  if (lexer.hasUncertainComment || returning.length === 0) return [];
  if (!dependsOnCharacterSet(sql)) return returning;
  const first = new Lexer(sql, mode);
  first.next();
  return CHANGING_VERBS.has(first.keyword()) && returning[0] === 0 ? [0] : [];
}

/**
 * Whether a statement has one answer, and leaves the reading of the text after it unchanged.
 * @param rest the statement from its verb on; for SET, the text after that word
 */
function hasOneAnswer(verb: string, rest: string): boolean {
  // With another sql_mode or character set, literals may end elsewhere.
  if (verb === 'SET') return !/sql_mode|names|char/i.test(rest);
  // If BEGIN has more words, it begins a block with statements in it.
  if (verb === 'BEGIN') return /^begin(\s+work)?\s*$/i.test(rest);
  return ONE_ANSWER_VERBS.has(verb);
}

/** Reads the rest of a statement. Returns whether it has a RETURNING outside of parentheses. */
function passStatement(lexer: Lexer): boolean {
  let returns = false;
  for (let depth = 0; lexer.kind !== 'end' && !lexer.isOperator(';'); lexer.next()) {
    if (lexer.isOperator('(')) depth += 1;
    else if (lexer.isOperator(')')) depth -= 1;
    // JSON_VALUE(… RETURNING …) is no clause of the statement; an unquoted name it cannot be (MariaDB reserves the
    // word).
    else if (depth === 0 && lexer.keyword() === 'RETURNING') returns = true;
  }
  return returns;
}

/**
 * Reads a USE, at which the lexer stands, up to the end of its schema. Returns the schema without quotes; null if no
 * server accepts the statement.
 */
function passUse(lexer: Lexer): string | null {
  const kind = lexer.next();
  const schema = kind === 'word' || kind === 'name' ? lexer.name() : null;
  if (schema !== null) lexer.next();
  const isWhole = (lexer.kind === 'end' || lexer.isOperator(';')) && !lexer.unterminated;
  return isWhole ? schema : null;
}

/** The schema of the last USE after the semicolon at which the lexer stands; null if there is none. */
function lastSchema(lexer: Lexer): string | null {
  let last: string | null = null;
  while (lexer.kind !== 'end') {
    if (verbOf(lexer) === 'USE') last = passUse(lexer) ?? last;
    passStatement(lexer);
  }
  return last;
}
