import type { Origin } from '../audit/record.js';
import type { AuditSettings } from '../config/config.js';
import { hostOf } from '../config/address.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import type { Refusal } from '../policy/refusal.js';
import type { Action } from '../policy/terms.js';
import type { Digest } from '../policy/digestCache.js';
import type { PendingCommand } from '../conversation/command.js';
import type { SqlServer } from '../sql/sqlServer.js';
import { NO_TAGS, type Tags } from '../sql/tags.js';
import { statementBytes } from '../policy/statement.js';
import type { ColumnCounter } from '../conversation/columnCounter.js';
import type { Execution, Fate } from '../statistics/execution.js';
import { heaviestColumn } from '../statistics/heaviestColumn.js';
import { world } from '../world/world.js';

/**
 * An execution as it ended, copied into an object that is used again and again. The original may be freed, and little
 * has to be read when the execution is counted.
 */
export class LiveExecution implements Execution {
  atMs = 0;
  rows = 0;
  bytes = 0;
  largestRowBytes = 0;
  requestBytes = 0;
  affectedRows = 0;
  durationMs = 0;
  stallMs = 0;
  isLowerBound = false;
  fate: Fate = 'passed';
  /** The rule and the reason of its verdict; empty if there was none. */
  rule = '';
  reason = '';
  hasResult = true;
  /** Whether it had a result to which limits apply. */
  isLimited = false;
  /** The front of its text; null if not known. */
  statement: Buffer | null = null;
  /** The way in which the server reads quotes and backslashes in it: see `Status`. */
  readingFlags = 0;
  server: SqlServer | null = null;
  /** Whether there is more of the text. */
  isTruncated = false;
  /** Its query attributes, as its command has them. */
  attributes: PendingCommand['attributes'] = null;
  /** The tags by which statistics are kept. */
  tags: Tags = NO_TAGS;

  /** Below 0 if there was no row. */
  private firstRowAfterMs = -1;
  private origin: Origin = NOBODY;
  private clientHost: string | null = null;
  private found: Digest | null = null;
  private shown: AuditSettings['sql'] = 'none';
  private columns: ColumnCounter | null = null;
  private hasSeveralResults = false;

  /**
   * Copies a response that has just ended.
   * @param isWhole whether its end was seen, so that its rows and bytes are complete
   */
  note(usage: GovernedUsage, origin: Origin, times: EndTimes, isWhole: boolean): void {
    const { command, verdict, resultSets, firstRowAtMs } = usage;
    this.atMs = world.dateMs();
    this.rows = usage.rows;
    this.bytes = usage.bytes;
    this.largestRowBytes = usage.largestRowBytes;
    this.requestBytes = command.requestBytes;
    this.columns = usage.heaviestColumns;
    this.hasSeveralResults = resultSets > 1;
    this.affectedRows = command.affectedRows;
    this.durationMs = Math.max(0, times.atMs - command.startedAtMs);
    this.stallMs = times.stallMs;
    this.isLowerBound = !isWhole;
    this.rule = verdict?.rule ?? '';
    this.reason = verdict?.reason ?? '';
    this.fate = verdict !== null ? FATES[verdict.action] : usage.isAdmitted ? 'admitted' : 'passed';
    this.hasResult = usage.hasResult;
    this.isLimited = resultSets > 0 && usage.terms.responseClass !== 'streaming';
    this.statement = statementBytes(command);
    this.isTruncated = (this.statement?.length ?? 0) < (command.statement?.sqlBytes ?? command.textBytes);
    this.attributes = command.attributes;
    this.readingFlags = usage.readingFlags;
    this.server = usage.server;
    this.firstRowAfterMs = firstRowAtMs === 0 ? -1 : Math.max(0, firstRowAtMs - command.startedAtMs);
    this.origin = origin;
  }

  /** Copies a statement that was refused, or would have been. */
  noteRefusal(usage: GovernedUsage, origin: Origin, times: EndTimes, action: Refusal['action']): void {
    this.note(usage, origin, times, true);
    this.fate = action === 'refuse' ? 'refused' : 'would-refuse';
  }

  /** Sets its digest, the tags that are wanted, and how much of the statement may be shown. */
  identify(digest: Digest | null, tags: Tags, shown: AuditSettings['sql']): void {
    this.found = digest;
    this.tags = tags;
    this.shown = shown;
  }

  /** Drops all references. */
  clear(): void {
    this.statement = null;
    this.attributes = null;
    this.columns = null;
    this.tags = NO_TAGS;
    this.origin = NOBODY;
    this.clientHost = null;
    this.found = null;
  }

  get digest(): string {
    return this.found?.hash ?? '';
  }

  get digestText(): string | null {
    return this.shown === 'none' ? null : this.found?.text ?? null;
  }

  get sql(): string | null {
    if (this.shown !== 'full' || this.statement === null) return null;
    // Decodes no more than needed, because a part of a string keeps the whole string in memory.
    return this.statement.toString('utf8', 0, MAX_CHARACTER_BYTES * LONGEST_EXAMPLE).slice(0, LONGEST_EXAMPLE);
  }

  get heaviestColumn(): string | null {
    // An expression is named by its text, which is part of the statement.
    if (this.shown !== 'full' || this.columns === null || this.columns.isBroken) return null;
    const shares = this.columns.shares();
    const totalBytes = shares.reduce((sum, { bytes }) => sum + bytes, 0);
    return heaviestColumn(shares[0], totalBytes, this.hasSeveralResults ? this.columns.resultSet : null);
  }

  get firstRowMs(): number | null {
    return this.firstRowAfterMs < 0 ? null : this.firstRowAfterMs;
  }

  get user(): string {
    return this.origin.user;
  }

  get schema(): string {
    return this.origin.schema;
  }

  get program(): string {
    return this.origin.program ?? '';
  }

  get client(): string {
    this.clientHost ??= hostOf(this.origin.client);
    return this.clientHost;
  }
}

/** The longest example of a statement, in characters. */
const LONGEST_EXAMPLE = 1000;
const MAX_CHARACTER_BYTES = 4;

const FATES: Readonly<Record<Action, Fate>> = {
  'cut': 'cut', 'truncate': 'cut', 'close': 'cut', 'would-cut': 'would-cut', 'warn': 'passed',
};

/** The times of a response that has ended, in ms. */
export interface EndTimes {
  /** Its end, on the session's clock. */
  readonly atMs: number;
  /** The time for which its client did not read. */
  readonly stallMs: number;
}

const NOBODY: Origin = {
  user: '', schema: '', client: '', program: null, connectionId: null, session: 0, upstream: '',
};
