import { Lexer, type SqlMode } from './lexer.js';
import { isMetadata } from './metadata.js';
import { dependsOnCharacterSet } from './scan.js';

// The kind of a statement, told from its words. Every function takes the text, or the first part of it (`isTruncated`),
// and reads only as much as its answer needs. If a part of the text is not enough for an answer, the answer is the safe
// one.

/**
 * `metadata` are SHOW and SELECT statements about the session and the schema; these are not `show` or `select`. `admin`
 * are those about the server and its files.
 */
export const STATEMENT_KINDS = ['select', 'metadata', 'show', 'call', 'dml', 'ddl', 'admin', 'other'] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

const KINDS: ReadonlyMap<string, StatementKind> = new Map([
  ['SELECT', 'select'], ['TABLE', 'select'], ['VALUES', 'select'],
  ['SHOW', 'show'],
  ['CALL', 'call'],
  ['INSERT', 'dml'], ['REPLACE', 'dml'], ['UPDATE', 'dml'], ['DELETE', 'dml'], ['LOAD', 'dml'],
  ['BINLOG', 'dml'],
  ['CREATE', 'ddl'], ['ALTER', 'ddl'], ['DROP', 'ddl'], ['RENAME', 'ddl'], ['TRUNCATE', 'ddl'],
  ['GRANT', 'ddl'], ['REVOKE', 'ddl'], ['IMPORT', 'ddl'], ['INSTALL', 'ddl'], ['UNINSTALL', 'ddl'],
  ['OPTIMIZE', 'ddl'], ['REPAIR', 'ddl'],
  ['BACKUP', 'admin'], ['CACHE', 'admin'], ['CHANGE', 'admin'], ['CLONE', 'admin'], ['FLUSH', 'admin'],
  ['KILL', 'admin'], ['LOCK', 'admin'], ['PURGE', 'admin'], ['RESET', 'admin'], ['RESTART', 'admin'],
  ['SHUTDOWN', 'admin'], ['STOP', 'admin'], ['UNLOCK', 'admin'],
]);

/**
 * The words after ANALYZE with which it stores statistics of tables. MariaDB's other ANALYZE runs the statement that
 * follows.
 */
export const ANALYZED = new Set(['TABLE', 'TABLES', 'LOCAL', 'NO_WRITE_TO_BINLOG']);
/**
 * The words at the beginning of an assignment of SET that make it concern all sessions, an account or the server's
 * threads.
 */
const SET_FOR_ALL = new Set(['GLOBAL', 'PERSIST', 'PERSIST_ONLY', 'PASSWORD', 'DEFAULT', 'RESOURCE']);

const MAIN_VERBS = new Set(['SELECT', 'TABLE', 'VALUES', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE']);
const READING_VERBS = new Set(['SELECT', 'TABLE', 'VALUES']);

/**
 * The kind of a text's first statement. After a WITH, or after MariaDB's SET STATEMENT … FOR, the statement after it
 * counts. EXPLAIN, DESCRIBE, EXECUTE, SET for the session, compound statements and everything else are `other`. A text
 * is `metadata` only if it is complete and all its statements are metadata.
 */
export function statementKind(sql: string, isTruncated = false, mode: SqlMode = {}): StatementKind {
  const lexer = new Lexer(sql, mode);
  const verb = verbOf(lexer);
  const kind = KINDS.get(verb) ?? kindByNextWords(verb, lexer);
  if (kind === 'select' && INTO_FILE.test(sql) && writesFile(lexer)) return 'admin';
  const mayBeMetadata = (kind === 'select' || kind === 'show') && !isTruncated;
  return mayBeMetadata && isMetadata(sql, mode) ? 'metadata' : kind;
}

/** The kind of a statement whose first word alone does not tell it. The lexer is where `verbOf` has left it. */
function kindByNextWords(verb: string, lexer: Lexer): StatementKind {
  if (verb === 'SET') return setsForAll(lexer) ? 'admin' : 'other';
  if (verb !== 'START' && verb !== 'ANALYZE') return 'other';
  lexer.next();
  const keyword = lexer.keyword();
  if (verb === 'ANALYZE') return ANALYZED.has(keyword) ? 'ddl' : 'other';
  return keyword === '' || keyword === 'TRANSACTION' ? 'other' : 'admin';
}

/** Whether one of the assignments of a SET is not for the session alone. */
function setsForAll(lexer: Lexer): boolean {
  if (lexer.keyword() === 'SET') lexer.next(); // after SET STATEMENT … FOR
  let depth = 0;
  let isAtAssignment = true;
  for (; lexer.kind !== 'end' && !lexer.isOperator(';'); lexer.next()) {
    if (isAtAssignment && lexer.kind === 'atAt') lexer.next();
    if (isAtAssignment && SET_FOR_ALL.has(lexer.keyword())) return true;
    if (lexer.isOperator('(')) depth += 1;
    else if (lexer.isOperator(')')) depth -= 1;
    isAtAssignment = depth === 0 && lexer.isOperator(',');
  }
  return false;
}

/** Words that most texts do not have. */
const INTO_FILE = /outfile|dumpfile/i;

/** Whether the SELECT in which the lexer stands has an INTO OUTFILE or INTO DUMPFILE. */
function writesFile(lexer: Lexer): boolean {
  let isAfterInto = false;
  for (; lexer.kind !== 'end' && !lexer.isOperator(';'); lexer.next()) {
    const keyword = lexer.keyword();
    if (isAfterInto && (keyword === 'OUTFILE' || keyword === 'DUMPFILE')) return true;
    isAfterInto = keyword === 'INTO';
  }
  return false;
}

/**
 * Whether the text is one statement that only reads, so that it can be stopped half-way without a trace: SELECT, SHOW,
 * TABLE, VALUES or WITH … SELECT, with or without parentheses and a final semicolon. SELECT … INTO does not count: it
 * leaves a file or variables. An incomplete text does not count. A locking read (FOR UPDATE) counts: if it is stopped,
 * it keeps its locks until the transaction's end, and its client gets an error in any case. Side effects of stored
 * functions are not visible in the text.
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
  // In another character set, a literal may hide further statements.
  const mayHoldMore = sql.includes(';') && dependsOnCharacterSet(sql);
  return !mayHoldMore && !lexer.unterminated && !lexer.hasUncertainComment;
}

/**
 * Whether the text has, or may have, a LOAD DATA or LOAD XML among its statements. It may have one in its missing part,
 * or in a prepared text that it executes. LOAD is a reserved word of both servers: unquoted, it begins such a
 * statement, or the server refuses the text.
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
 * Reads up to the next statement's verb, after parentheses, WITH and SET STATEMENT … FOR. Returns the empty string if
 * there is none.
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
 * Reads `WITH a AS (…), b (x, y) AS (…)`, before which the lexer stands, and everything else before the statement's
 * verb.
 * @returns the verb, or the empty string if there is none
 */
function passWith(lexer: Lexer): string {
  let depth = 0;
  let isAfterParenthesis = false;
  for (lexer.next(); lexer.kind !== 'end'; lexer.next()) {
    const isOpening = lexer.isOperator('(');
    // The verb stands at the level of WITH itself, or in parentheses that follow those of the last common table
    // expression.
    if (isOpening && !(depth === 0 && isAfterParenthesis)) depth += 1;
    else if (lexer.isOperator(')')) depth -= 1;
    else if (depth <= 0 && MAIN_VERBS.has(lexer.keyword())) return lexer.keyword();
    else if (lexer.isOperator(';') && depth <= 0) return '';
    isAfterParenthesis = lexer.isOperator(')') || (isOpening && depth === 0);
  }
  return '';
}
