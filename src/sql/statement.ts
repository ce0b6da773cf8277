import { Lexer, type SqlMode } from './lexer.js';
import { isMetadata } from './metadata.js';
import { dependsOnCharacterSet } from './scan.js';

// What a statement is, as far as its words tell. Every function takes the text, or the first part of it
// (`isTruncated`), and reads only as much of it as its answer needs. What cannot be known from a part is
// answered on the safe side.

/**
 * `metadata` are SHOW and SELECT statements about the session and the schema, which are `show` or `select` no
 * more.
 */
export type StatementKind = 'select' | 'metadata' | 'show' | 'call' | 'dml' | 'ddl' | 'other';

const KINDS: ReadonlyMap<string, StatementKind> = new Map([
  ['SELECT', 'select'], ['TABLE', 'select'], ['VALUES', 'select'],
  ['SHOW', 'show'],
  ['CALL', 'call'],
  ['INSERT', 'dml'], ['REPLACE', 'dml'], ['UPDATE', 'dml'], ['DELETE', 'dml'], ['LOAD', 'dml'],
  ['CREATE', 'ddl'], ['ALTER', 'ddl'], ['DROP', 'ddl'], ['RENAME', 'ddl'], ['TRUNCATE', 'ddl'],
]);

const MAIN_VERBS = new Set(['SELECT', 'TABLE', 'VALUES', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE']);
const READING_VERBS = new Set(['SELECT', 'TABLE', 'VALUES']);

/**
 * The kind of a text's first statement. With a WITH in front, or MariaDB's SET STATEMENT … FOR, the statement
 * behind it counts; EXPLAIN, DESCRIBE, EXECUTE, SET, compound statements and whatever begins otherwise are
 * `other`. `metadata` are only texts whose statements are metadata all and that are here whole.
 */
export function statementKind(sql: string, isTruncated = false, mode: SqlMode = {}): StatementKind {
  const kind = KINDS.get(verbOf(new Lexer(sql, mode))) ?? 'other';
  const mayBeMetadata = (kind === 'select' || kind === 'show') && !isTruncated;
  return mayBeMetadata && isMetadata(sql, mode) ? 'metadata' : kind;
}

/**
 * Whether the text is one statement that only reads and may be ended half-way without a trace: SELECT, SHOW,
 * TABLE, VALUES or WITH … SELECT, in parentheses or not, a semicolon behind it or not. Not SELECT … INTO,
 * which leaves a file or variables, and nothing of which a part is missing. A locking read (FOR UPDATE) is
 * one: an ended one keeps the locks that it has until then, as a whole one keeps all, until the transaction's
 * end, and its client has seen an error either way. What a stored function does, nobody sees in the text.
 */
export function isSingleReadOnly(sql: string, isTruncated = false, mode: SqlMode = {}): boolean {
  if (isTruncated) return false;
  const lexer = new Lexer(sql, mode);
  lexer.next();
  passOpening(lexer);
  const isWith = lexer.keyword() === 'WITH';
  const verb = isWith ? passWith(lexer) : lexer.keyword();
  if (!READING_VERBS.has(verb) && (isWith || verb !== 'SHOW')) return false;
  while (lexer.kind !== 'end' && !lexer.isOperator(';')) {
    if (lexer.keyword() === 'INTO') return false;
    lexer.next();
  }
  while (lexer.isOperator(';')) lexer.next();
  if (lexer.kind !== 'end') return false;
  // What looks like a literal may hold further statements.
  const mayHoldMore = sql.includes(';') && dependsOnCharacterSet(sql);
  return !mayHoldMore && !lexer.unterminated && !lexer.hasUncertainComment;
}

/**
 * Whether the text has a LOAD DATA or LOAD XML, as its only statement or among others, or may have one: in what is
 * missing of it, or in a prepared text that it executes. LOAD is a reserved word of both servers, so where it stands
 * unquoted it begins such a statement, or is the server's to refuse.
 */
export function mayLoadFile(sql: string, isTruncated = false, mode: SqlMode = {}): boolean {
  if (isTruncated) return true;
  if (!/load|execute/i.test(sql)) return false;
  const lexer = new Lexer(sql, mode);
  while (lexer.next() !== 'end') {
    const keyword = lexer.keyword();
    if (keyword === 'LOAD' || keyword === 'EXECUTE') return true;
  }
  return false;
}

/**
 * Reads on to the next statement's verb: behind parentheses, WITH and SET STATEMENT … FOR. Empty where there
 * is none.
 */
export function verbOf(lexer: Lexer): string {
  lexer.next();
  passOpening(lexer);
  if (lexer.keyword() === 'SET') {
    lexer.next();
    if (lexer.keyword() !== 'STATEMENT') return 'SET';
    while (lexer.kind !== 'end' && lexer.keyword() !== 'FOR') lexer.next();
    lexer.next();
    passOpening(lexer);
  }
  return lexer.keyword() === 'WITH' ? passWith(lexer) : lexer.keyword();
}

function passOpening(lexer: Lexer): void {
  while (lexer.isOperator('(')) lexer.next();
}

/**
 * Passes `WITH a AS (…), b (x, y) AS (…)`, before which the lexer stands, and what else comes before the
 * statement's verb.
 * @returns the verb, or the empty string where none comes
 */
function passWith(lexer: Lexer): string {
  let depth = 0;
  let isBehindParenthesis = false;
  for (lexer.next(); lexer.kind !== 'end'; lexer.next()) {
    const isOpening = lexer.isOperator('(');
    // The verb stands at the level of WITH itself, or in parentheses that follow those of the last common
    // table expression.
    if (isOpening && !(depth === 0 && isBehindParenthesis)) depth += 1;
    else if (lexer.isOperator(')')) depth -= 1;
    else if (depth <= 0 && MAIN_VERBS.has(lexer.keyword())) return lexer.keyword();
    else if (lexer.isOperator(';') && depth <= 0) return '';
    isBehindParenthesis = lexer.isOperator(')') || (isOpening && depth === 0);
  }
  return '';
}
