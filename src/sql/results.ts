import { Lexer, type SqlMode } from './lexer.js';
import { dependsOnCharacterSet } from './scan.js';
import { verbOf } from './statement.js';

// What each of a text's statements is answered with. A server answers them one after the other, and does not say
// which answer is whose: they are told apart by counting, as far as each statement has just one answer.

/** What is known of the answers to a text. Answers are counted from 0. */
export interface Results {
  /** Those that are the rows of an INSERT, REPLACE, UPDATE or DELETE … RETURNING (MariaDB). */
  readonly returning: readonly number[];
  /** The schema that a USE makes the session's default, by its answer. */
  readonly schemas: ReadonlyMap<number, string>;
  /** How many answers can be told apart; more are of statements behind one that may have several. */
  readonly countable: number;
  /** The schema of the last USE behind those; null where there is none. */
  readonly lateSchema: string | null;
}

const NO_ANSWERS: Results = { returning: [], schemas: new Map(), countable: Infinity, lateSchema: null };

const CHANGING_VERBS = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE']);
/** Statements that have one answer each, and end at the next semicolon outside of literals and comments. */
const ONE_ANSWER_VERBS = new Set([
  ...CHANGING_VERBS, 'SELECT', 'TABLE', 'VALUES', 'SHOW', 'USE', 'DO', 'START', 'COMMIT', 'ROLLBACK', 'TRUNCATE',
]);

/**
 * @param sql the text of one command, or its first part: of a statement that is cut off only what is here counts
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
 * Where it is not known which comments the server runs, a text cannot be judged. Where it is not known where its
 * literals end, only the word that it begins with can.
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
 * Whether a statement has one answer, and what follows it can be read as this text is.
 * @param rest the statement from its verb on; of a SET behind that word
 */
function hasOneAnswer(verb: string, rest: string): boolean {
  // With another sql_mode or character set literals may end elsewhere.
  if (verb === 'SET') return !/sql_mode|names|char/i.test(rest);
  // What goes on behind BEGIN is a block, with statements in it.
  if (verb === 'BEGIN') return /^begin(\s+work)?\s*$/i.test(rest);
  return ONE_ANSWER_VERBS.has(verb);
}

/** Passes the rest of a statement. Returns whether it has a RETURNING outside of parentheses. */
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
 * Reads a USE, at which the lexer stands, to behind its schema. Returns that without quotes; null where it is none that
 * a server takes.
 */
function passUse(lexer: Lexer): string | null {
  const kind = lexer.next();
  const schema = kind === 'word' || kind === 'name' ? lexer.name() : null;
  if (schema !== null) lexer.next();
  const isWhole = (lexer.kind === 'end' || lexer.isOperator(';')) && !lexer.unterminated;
  return isWhole ? schema : null;
}

/** The schema of the last USE behind the semicolon at which the lexer stands; null where there is none. */
function lastSchema(lexer: Lexer): string | null {
  let last: string | null = null;
  while (lexer.kind !== 'end') {
    if (verbOf(lexer) === 'USE') last = passUse(lexer) ?? last;
    passStatement(lexer);
  }
  return last;
}
