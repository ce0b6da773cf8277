import type { Limits, ResponseClass, StreamingSignal } from '../config/config.js';
import { attributesOfQuery } from '../protocol/queryAttributes.js';
import { Status } from '../protocol/status.js';
import { type PendingCommand, Usage } from '../conversation/command.js';
import type { Judgement, Terms } from './terms.js';
import type { PaceReading } from './pace.js';
import { dbSystemOf, type DbSystem, type SqlServer } from '../sql/sqlServer.js';
import { Statement } from './statement.js';
import type { Tags } from '../sql/tags.js';
import { traceContextOf, type TraceContext } from './traceContext.js';

/** A usage with its terms and its verdict. */
export class GovernedUsage extends Usage {
  /** The judgement; null if nothing was done about it. */
  judgement: Judgement | null = null;
  /** The judgement that exempt rows have avoided; null if there was none. */
  exempted: Judgement | null = null;
  /** The time for which the session's client had stalled before this response, in ms. */
  stallMsBefore = 0;
  /** Bytes that had been written to the client before it began. */
  wireBytesBefore = 0;
  /** The judgements of its client's pace: at which usage, and with which result. */
  readonly looks: PaceLook[] = [];
  /** It is to be cut at its next row, because all results under way together exceed the budget. */
  isOverBudget = false;
  /** The server has been told to end its statement, so it is to be cut at its next row. */
  isKilled = false;
  /** It was drawn as a sample. */
  isDrawn = false;
  /** It has ended and its records are written. */
  isRecorded = false;
  /** It is to be held back from its first row on, until it is known to fit. */
  isToBeHeld = false;
  /**
   * The rate at which its client has read it, in rows per second, if it was let through because of its pace; null if
   * not known.
   */
  rowsPerSecond: number | null = null;

  /** The reason why, after a cut, Sluice gave up the rest or let its client go; null if neither happened. */
  givenUp: GivenUp | null = null;
  /** The error ended the connection, because its client would lose step after it. */
  isClosedBehindError = false;
  /** Its statement was expected to run to its end on the server, and was ended before. */
  isStatementEnded = false;

  /** The terms that held when the response began. */
  firstTerms: Terms;

  /** While it is paused: the limits that apply again afterwards. */
  private pausing: { rows: number; bytes: number; readonly whenOver: (() => void)[] } | null = null;

  /** The current result set passes without limits. */
  private isPassing = false;
  /** The next result set is to be held back from its first row. */
  private holdsNext = false;

  private termsNow: Terms;
  private statementFound: Statement | null = null;
  private tagsFound: Tags | null = null;

  /**
   * @param statusFlags of the session; they tell how the server reads the statement's text
   * @param server the one that reads it; null if not known
   * @param terms the terms until others are known
   */
  constructor(
    command: PendingCommand, private readonly statusFlags: number, readonly server: SqlServer | null, terms: Terms,
  ) {
    super(command);
    this.firstTerms = terms;
    this.termsNow = terms;
  }

  /** Sets the terms at the beginning of the response. */
  begin(terms: Terms): void {
    this.firstTerms = terms;
    this.terms = terms;
  }

  /** The session's flags that tell how the server reads quotes and backslashes. */
  get readingFlags(): number {
    return this.statusFlags & (Status.NO_BACKSLASH_ESCAPES | Status.ANSI_QUOTES);
  }

  get terms(): Terms {
    return this.termsNow;
  }

  /** Replaces the terms and their limits. */
  set terms(terms: Terms) {
    this.termsNow = terms;
    this.applyLimits();
  }

  /** The limits that it has, or would have, as a buffered response. */
  get bufferedLimits(): Limits {
    return this.firstTerms.responseClass === 'buffered' ? this.firstTerms.limits : this.termsNow.treatment.limits;
  }

  /** Whether it has passed these limits as a stream, and nothing else was done about it. */
  get isAdmitted(): boolean {
    if (this.judgement !== null || this.termsNow.responseClass === 'buffered') return false;
    const { rows, bytes } = this.bufferedLimits;
    return this.rows > rows || this.bytes > bytes;
  }

  /** Notes a judgement of its client's pace. */
  lookedAt({ isSlow, rowsPerSecond }: PaceReading): void {
    const { rows, bytes } = this;
    this.rowsPerSecond = rowsPerSecond;
    this.looks.push({ rows, bytes, rowsPerSecond, class: isSlow ? 'streaming' : 'buffered' });
  }

  /** The kind of the server; that of the protocol if it is not known. */
  get dbSystem(): DbSystem {
    return dbSystemOf(this.server);
  }

  get statement(): Statement {
    this.statementFound ??= Statement.of(this.command, this.statusFlags, this.server);
    return this.statementFound;
  }

  /** The tags in the query attributes of its execution, and in its statement's comments. */
  get tags(): Tags {
    this.tagsFound ??= allTags(this.statement.tags, this.command.attributes);
    return this.tagsFound;
  }

  /** The trace that the application's request belongs to; null if not known. */
  get trace(): TraceContext | null {
    return traceContextOf(this.tags);
  }

  /** Whether the current rows are returned by a change of data. An error would be wrong, because the work was done. */
  get isExempt(): boolean {
    return this.statement.returnsChangedRows(this.command.answerCount - 1);
  }

  /** Whether it counts rows: it does not if it stands for a change that had no result. */
  get hasResult(): boolean {
    return this.resultSets > 0 || this.command.shape === 'fetch';
  }

  /** Whether its statement has changed data, or is of a kind that does. */
  get isChange(): boolean {
    return this.command.affectedRows > 0 || this.statement.kind === 'dml';
  }

  /** The judgement for its record; null if nothing was done and nothing was exempted. */
  get verdict(): Judgement | null {
    return this.judgement ?? this.exempted;
  }

  /** Lets the current result set pass without limits. The next one is judged as if the response began there. */
  passResultSet(): void {
    this.isPassing = true;
    this.allow(Infinity, Infinity);
  }

  /** Holds nothing back of the current result set, and holds back the next one from its first row. */
  holdNext(): void {
    this.applyLimits();
    this.holdsNext = true;
  }

  override endResultSet(): void {
    if (this.isPassing) this.applyLimits();
    this.isPassing = false;
    if ((this.isOverBudget || this.isKilled) && this.judgement === null) this.stopAtNextRow();
    if (this.holdsNext) this.holdFromFirstRow();
    this.holdsNext = false;
  }

  /** Stops before the next row, regardless of the limits. */
  stopAtNextRow(): void {
    if (this.pausing === null) this.maxRows = this.rows;
    else this.pausing.rows = this.rows;
  }

  /** Whether it is paused before its next row, until it is known whether that row may pass. */
  get isPaused(): boolean {
    return this.pausing !== null;
  }

  /** Pauses before the next row. Decisions about its limits in the meantime apply afterwards. */
  pause(): void {
    if (this.pausing !== null) return;
    const { maxRows, maxBytes } = this;
    this.stopAtNextRow();
    this.pausing = { rows: maxRows, bytes: maxBytes, whenOver: [] };
  }

  /** Calls back at the end of the pause. */
  whenGoingOn(then: () => void): void {
    this.pausing?.whenOver.push(then);
  }

  /** Ends the pause. The previous limits apply again. */
  goOn(): void {
    const { pausing } = this;
    if (pausing === null) return;
    this.pausing = null;
    this.allow(pausing.rows, pausing.bytes);
    for (const then of pausing.whenOver) then();
  }

  /** Stops at the first row, so that this row and all later ones are held back. */
  holdFromFirstRow(): void {
    this.isToBeHeld = true;
    this.stopAtNextRow();
  }

  /** Whether a later signal may still change the class. */
  trusts(signal: StreamingSignal): boolean {
    return this.termsNow.source.trusts(signal);
  }

  /** Whether the client's pace decides at a limit, because nothing else has told the class. */
  get watchesPace(): boolean {
    const { responseClass, signal } = this.termsNow;
    return (responseClass === 'buffered' || signal === 'pace') && this.trusts('pace');
  }

  /** A signal has shown that the response is streamed. */
  turnIntoStream(signal: StreamingSignal): void {
    this.terms = this.termsNow.source.streaming(signal);
  }

  /** Applies the limits of its terms alone. */
  applyLimits(): void {
    this.isToBeHeld = false;
    this.allow(this.termsNow.limits.rows, this.termsNow.limits.bytes);
  }

  /** Whether it was let through because of its pace and has now reached the streaming limit itself. */
  isAtLimitOfStream(reason: 'rows' | 'bytes'): boolean {
    const { responseClass, limits } = this.termsNow;
    if (responseClass === 'buffered') return false;
    return reason === 'rows' ? this.maxRows >= limits.rows : this.maxBytes >= limits.bytes;
  }

  /** Lets this many rows and bytes pass before the next decision. */
  allow(rows: number, bytes: number): void {
    if (this.isKilled) return; // it stops at its next row in any case
    if (this.pausing === null) {
      this.maxRows = rows;
      this.maxBytes = bytes;
    } else {
      this.pausing.rows = rows;
      this.pausing.bytes = bytes;
    }
  }
}

/** The attributes of an execution win over its statement's comments, which may be those of an earlier PREPARE. */
export function allTags(tags: Tags, attributes: PendingCommand['attributes']): Tags {
  if (attributes === null) return tags;
  return new Map([...tags, ...(Buffer.isBuffer(attributes) ? attributesOfQuery(attributes) : attributes)]);
}

/**
 * The bound that the rest of a cut response has exceeded: one of `drain`, or the number that may go on without their
 * clients.
 */
export type GivenUp = 'bytes' | 'time' | 'waiting' | 'max';

/** A judgement of a client's pace. The usage doubles from one to the next, so there are few of them. */
export interface PaceLook {
  readonly rows: number;
  readonly bytes: number;
  /** Null if the client took everything before the pace could be measured. */
  readonly rowsPerSecond: number | null;
  readonly class: ResponseClass;
}
