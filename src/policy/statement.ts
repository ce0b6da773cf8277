import type { PendingCommand } from '../session/command.js';
import { Status } from '../protocol/status.js';
import { digests, type Digest } from './digestCache.js';
import { findHint, type HintFinding } from './sql/hint.js';
import {
  changesDataAndReturnsRows, isSingleReadOnly, mayLoadFile, statementKind, usedSchema, type StatementKind,
} from './sql/statement.js';
import type { SqlMode } from './sql/lexer.js';

/** The front of the text of the statement that a command carries or executes; null where it is not known. */
export function statementBytes(command: PendingCommand): Buffer | null {
  return command.statement === null ? command.text : command.statement.sql;
}

/** How a server with these status flags reads quotes and backslashes. */
export function sqlModeOf(statusFlags: number): SqlMode {
  return {
    noBackslashEscapes: (statusFlags & Status.NO_BACKSLASH_ESCAPES) !== 0,
    ansiQuotes: (statusFlags & Status.ANSI_QUOTES) !== 0,
  };
}

/**
 * What is known of the statement that a command carries or executes. Everything is worked out when it is asked for, once:
 * most statements are never asked.
 */
export class Statement {
  /** The statement's text, or its front; null where the command has none. Bytes that are not UTF-8 are shown as U+FFFD. */
  readonly text: string | null;
  /** The text goes on behind what is here. */
  readonly isTruncated: boolean;

  private kindFound: StatementKind | null = null;
  private digestFound: Digest | null = null;

  constructor(text: string | null, isTruncated: boolean, private readonly mode: SqlMode) {
    this.text = text;
    this.isTruncated = isTruncated;
  }

  /**
   * @param statusFlags the session's, which say how the server reads quotes and backslashes
   */
  static of(command: PendingCommand, statusFlags: number): Statement {
    const bytes = statementBytes(command);
    const wholeBytes = command.statement?.sqlBytes ?? command.textBytes;
    return new Statement(bytes?.toString() ?? null, bytes !== null && bytes.length < wholeBytes, sqlModeOf(statusFlags));
  }

  /** What kind of statement it is; `other` where its text is not known. */
  get kind(): StatementKind {
    this.kindFound ??= this.text === null ? 'other' : statementKind(this.text, this.isTruncated, this.mode);
    return this.kindFound;
  }

  /** Its digest; null where its text is not known. */
  get digest(): Digest | null {
    if (this.text === null) return null;
    this.digestFound ??= digests.digestOf(this.text, this.mode);
    return this.digestFound;
  }

  /** The hint in one of its comments. */
  get hint(): HintFinding {
    return this.text === null ? { kind: 'none' } : findHint(this.text, this.isTruncated, this.mode);
  }

  /** It is a single statement that only reads, so that nothing is lost where it does not run to its end. */
  get isSingleReadOnly(): boolean {
    return this.text !== null && isSingleReadOnly(this.text, this.isTruncated, this.mode);
  }

  /** It changes data and returns rows, as MariaDB's INSERT … RETURNING. */
  get returnsChangedRows(): boolean {
    return this.text !== null && changesDataAndReturnsRows(this.text, this.isTruncated, this.mode);
  }

  /** It is a LOAD DATA or LOAD XML, or may hold one; so where its text is not known. */
  get mayLoadFile(): boolean {
    return this.text === null || mayLoadFile(this.text, this.isTruncated, this.mode);
  }

  /** The schema that it makes the session's default; null where it does not. */
  get usedSchema(): string | null {
    return this.text === null ? null : usedSchema(this.text, this.isTruncated, this.mode);
  }
}
