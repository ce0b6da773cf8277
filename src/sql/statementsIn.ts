import { Lexer, type SqlMode } from './lexer.js';
import { dependsOnCharacterSet } from './scan.js';
import { ANALYZED, verbOf } from './statement.js';

// The statements of a text, for a decision about each of them before a server runs the first one.

/**
 * Takes a text apart.
 * @param sql the text of one command, or its first part (`isTruncated`)
 * @returns the statements between the semicolons; other statements may hide
 *
 *   - after the part of the text that is there, and after the first 100 statements;
 *   - in a literal that has no end, or has another end in another `sql_mode` or character set;
 *   - in a versioned comment of which it is not known whether the server skips it;
 *   - in what a statement executes: an EXECUTE, MariaDB's compound statements, ANALYZE and EXPLAIN ANALYZE of a change.
 */
export function statementsIn(sql: string, isTruncated = false, mode: SqlMode = {}): StatementsInText {
  const lexer = new Lexer(sql, mode);
  const reader = new StatementReader(lexer);
  const statements: string[] = [];
  for (let from = 0; ; from = lexer.end) {
    const isEmpty = reader.pass();
    if (!isEmpty) statements.push(sql.slice(from, lexer.start));
    if (lexer.kind === 'end') break;
    if (statements.length === MAX_STATEMENTS) return { statements, mayHoldMore: true };
  }
  // In another character set, a literal may hide a semicolon, or a semicolon a literal.
  const mayEndElsewhere = sql.includes(';') && dependsOnCharacterSet(sql);
  const isUncertain = isTruncated || mayEndElsewhere || lexer.unterminated || lexer.hasUncertainComment;
  return { statements, mayHoldMore: isUncertain || reader.mayHoldMore };
}

/** The statements of a text, as far as they can be told. */
export interface StatementsInText {
  /** The text of each statement, in order. */
  readonly statements: readonly string[];
  /** The server may run other statements than these. */
  readonly mayHoldMore: boolean;
}

/** The most statements of a text that are told apart. */
const MAX_STATEMENTS = 100;

/** Statements that execute another text, and MariaDB's statements that hold other statements. */
const EXECUTING_VERBS = new Set(['EXECUTE', 'IF', 'CASE', 'LOOP', 'WHILE', 'REPEAT', 'FOR']);
const EXPLAINING_VERBS = new Set(['EXPLAIN', 'DESCRIBE', 'DESC']);
const CHANGING_VERBS = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE']);
/** A SET of one of these changes where literals end in the statements after it. */
const READING_SETTINGS = /^(SQL_MODE|NAMES|CHARACTER|CHARSET|CHARACTER_SET_\w+)$/;

/** Reads the statements of a text one by one. */
class StatementReader {
  /** One of the statements may run another that does not stand between the semicolons. */
  mayHoldMore = false;
  private hasChangedReading = false;

  constructor(private readonly lexer: Lexer) {}

  /** Reads up to the next semicolon, or to the end. Returns whether there was no statement. */
  pass(): boolean {
    const { lexer } = this;
    const verb = verbOf(lexer);
    if (verb === '' && this.isAtEnd) return true;
    if (this.hasChangedReading || EXECUTING_VERBS.has(verb)) this.mayHoldMore = true;
    let runsAnother = false;
    for (let word = 0; !this.isAtEnd; lexer.next(), word += 1) {
      const keyword = lexer.keyword();
      if (word === 1) {
        if (lexer.isOperator(':') || (verb === 'BEGIN' && keyword !== 'WORK')) this.mayHoldMore = true;
        runsAnother = verb === 'ANALYZE' ? !ANALYZED.has(keyword) : EXPLAINING_VERBS.has(verb) && keyword === 'ANALYZE';
      }
      if (runsAnother && CHANGING_VERBS.has(keyword) && !lexer.isCalled()) this.mayHoldMore = true;
      if (verb === 'SET' && this.namesReadingSetting) this.hasChangedReading = true;
    }
    return false;
  }

  private get isAtEnd(): boolean {
    return this.lexer.kind === 'end' || this.lexer.isOperator(';');
  }

  private get namesReadingSetting(): boolean {
    const { lexer } = this;
    return (lexer.kind === 'word' || lexer.kind === 'name') && READING_SETTINGS.test(lexer.name().toUpperCase());
  }
}
