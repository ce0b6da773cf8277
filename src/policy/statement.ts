import type { PendingCommand, PreparedStatement } from '../conversation/command.js';
import { Status } from '../protocol/status.js';
import { digests, type Digest } from './digestCache.js';
import { resultsOf, type Results } from '../sql/results.js';
import { findHint, type HintFinding } from './hint.js';
import type { SqlMode } from '../sql/lexer.js';
import type { SqlServer } from '../sql/sqlServer.js';
import { NO_TAGS, type Tags } from '../sql/tags.js';
import { ownCopy } from '../text/ownCopy.js';
import { isSingleReadOnly, mayLoadFile, statementKind, type StatementKind } from '../sql/statement.js';
import { statementsIn } from '../sql/statementsIn.js';

/**
 * The statement that a command carries or executes. Each property is worked out at its first use, because most are
 * never used.
 */
export class Statement {
  private kindFound: StatementKind | null = null;
  private digestFound: Digest | KnownDigest | null = null;
  private hintFound: HintFinding | null = null;
  private readsOnly: boolean | null = null;
  private loadsFile: boolean | null = null;
  private answersFound: Results | null = null;
  private tagsFound: Tags | null = null;
  private partsFound: Parts | null = null;

  private constructor(
    private sql: string | null,
    /** Whether the text is only the front of the statement. */
    readonly isTruncated: boolean,
    private readonly mode: SqlMode,
  ) {}

  /**
   * @param statusFlags of the session; they tell how the server reads quotes and backslashes
   * @param server null if not known
   */
  static of(command: PendingCommand, statusFlags: number, server: SqlServer | null = null): Statement {
    const { statement } = command;
    if (statement?.kept instanceof Statement) return statement.kept;
    const wholeBytes = statement?.sqlBytes ?? command.textBytes;
    return Statement.read(statementBytes(command), wholeBytes, sqlModeOf(statusFlags, server));
  }

  /**
   * The facts to keep about a prepared statement whose text is dropped: all but the text, so that decisions about it
   * stay the same.
   */
  static keptOf({ sql, sqlBytes }: PreparedStatement, statusFlags: number, server: SqlServer | null): Statement {
    const statement = Statement.read(sql, sqlBytes, sqlModeOf(statusFlags, server));
    statement.forgetText();
    return statement;
  }

  private static read(bytes: Buffer | null, wholeBytes: number, mode: SqlMode): Statement {
    return new Statement(bytes?.toString() ?? null, bytes !== null && bytes.length < wholeBytes, mode);
  }

  /** The statement's text, or its front; null if the command has none. Bytes that are not UTF-8 are shown as U+FFFD. */
  get text(): string | null {
    return this.sql;
  }

  /** The kind of the statement; `other` if its text is not known. */
  get kind(): StatementKind {
    this.kindFound ??= this.sql === null ? 'other' : statementKind(this.sql, this.isTruncated, this.mode);
    return this.kindFound;
  }

  /** Its digest; null if its text was never known. */
  get digest(): Digest | KnownDigest | null {
    if (this.sql !== null) this.digestFound ??= digests.digestOf(this.sql, this.mode);
    return this.digestFound;
  }

  /** The hint in one of its comments. */
  get hint(): HintFinding {
    this.hintFound ??= this.sql === null ? NO_HINT : findHint(this.sql, this.isTruncated, this.mode);
    return this.hintFound;
  }

  /** The tags in the comments at both ends. */
  get tags(): Tags {
    this.tagsFound ??= this.sql === null ? NO_TAGS : digests.tagsOf(this.sql, this.isTruncated, this.mode);
    return this.tagsFound;
  }

  /** Whether it is a single statement that only reads. Nothing is lost if it does not run to its end. */
  get isSingleReadOnly(): boolean {
    this.readsOnly ??= this.sql !== null && isSingleReadOnly(this.sql, this.isTruncated, this.mode);
    return this.readsOnly;
  }

  /** Whether it is, or may contain, a LOAD DATA or LOAD XML. True if its text is not known. */
  get mayLoadFile(): boolean {
    this.loadsFile ??= this.sql === null || mayLoadFile(this.sql, this.isTruncated, this.mode);
    return this.loadsFile;
  }

  /**
   * Whether an answer to it (counted from 0) holds the rows that a change returns, as with MariaDB's INSERT …
   * RETURNING. Other servers have no such statement.
   */
  returnsChangedRows(answer: number): boolean {
    return this.mode.server?.isMariadb !== false && this.results.returning.includes(answer);
  }

  /** The default schema that an OK answer to it (counted from 0) sets; null if it sets none. */
  schemaFrom(answer: number): string | null {
    const { schemas, countable, lateSchema } = this.results;
    return answer < countable ? schemas.get(answer) ?? null : lateSchema;
  }

  /** Whether its text is there, or was when the facts about it were worked out. */
  get isKnown(): boolean {
    return this.sql !== null || this.digestFound !== null;
  }

  /** The statements of its text; itself if it is the only one, or if its text is not known. */
  get parts(): readonly Statement[] {
    return this.known.statements;
  }

  /** Whether the server may run other statements than its parts. True if its text was never known. */
  get mayHoldMore(): boolean {
    return this.known.mayHoldMore;
  }

  private get known(): Parts {
    this.partsFound ??= this.sql === null ? { statements: [this], mayHoldMore: true } : this.partsOf(this.sql);
    return this.partsFound;
  }

  private partsOf(sql: string): Parts {
    const { statements, mayHoldMore } = statementsIn(sql, this.isTruncated, this.mode);
    if (statements.length < 2) return { statements: [this], mayHoldMore };
    return { statements: statements.map((text) => new Statement(text, false, this.mode)), mayHoldMore };
  }

  private get results(): Results {
    this.answersFound ??= this.sql === null ? NO_ANSWERS : resultsOf(this.sql, this.mode);
    return this.answersFound;
  }

  private forgetText(): void {
    const { kind: _kind, digest, hint: _hint, isSingleReadOnly: _reads, mayLoadFile: _loads, results: _results } = this;
    this.digestFound = digest === null ? null : { hash: digest.hash, text: null };
    this.tagsFound = keptTags(this.tags);
    // Servers prepare a text of one statement only; MariaDB's compound statements hold more.
    this.partsFound = { statements: [this], mayHoldMore: this.mayHoldMore || this.parts.length > 1 };
    this.sql = null;
  }
}

interface Parts {
  readonly statements: readonly Statement[];
  readonly mayHoldMore: boolean;
}

/** The front of the text of the statement that a command carries or executes; null if not known. */
export function statementBytes(command: PendingCommand): Buffer | null {
  return command.statement === null ? command.text : command.statement.sql;
}

/**
 * How a server with these status flags reads quotes, backslashes and versioned comments.
 * @param server null if not known
 */
export function sqlModeOf(statusFlags: number, server: SqlServer | null): SqlMode {
  return {
    noBackslashEscapes: (statusFlags & Status.NO_BACKSLASH_ESCAPES) !== 0,
    ansiQuotes: (statusFlags & Status.ANSI_QUOTES) !== 0,
    server,
  };
}

/** The tags of a text that is dropped. Only the first ones are kept, because there may be very many texts. */
function keptTags(tags: Tags): Tags {
  const kept = new Map<string, string>();
  let left = MAX_KEPT_TAGS_LENGTH;
  for (const [name, value] of tags) {
    left -= name.length + value.length;
    if (left < 0) break;
    kept.set(ownCopy(name), ownCopy(value));
  }
  return kept.size === 0 ? NO_TAGS : kept;
}

/** Names and values of one prepared statement together, in characters. */
const MAX_KEPT_TAGS_LENGTH = 512;

/** The digest of a text that is dropped. Its normal form is not kept, because there may be very many. */
export interface KnownDigest {
  readonly hash: string;
  readonly text: string | null;
}

const NO_HINT: HintFinding = { kind: 'none' };
const NO_ANSWERS = resultsOf('');
