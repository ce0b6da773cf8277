import type { Limits, ResponseClass } from '../config/config.js';
import { Status } from '../protocol/status.js';
import { type PendingCommand, Usage } from '../conversation/command.js';
import type { Judgement, Terms } from './terms.js';
import type { PaceReading } from './pace.js';
import type { SqlServer } from '../sql/sqlServer.js';
import { Statement } from './statement.js';

/** A usage with the terms that hold for it, and what came of it. */
export class GovernedUsage extends Usage {
  /** What it was judged to be; null while nothing was done about it. */
  judgement: Judgement | null = null;
  /** What would have been done, had it not stood in rows that are exempt; null where that did not happen. */
  exempted: Judgement | null = null;
  /** How long the session's client had been stalled before it began, in ms. */
  stallMsBefore = 0;
  /** Bytes that had been written to the client before it began. */
  wireBytesBefore = 0;
  /** Each time that its client's pace was judged: at which usage, and what was found. */
  readonly looks: PaceLook[] = [];
  /** It is to be cut at its next row, because the results under way pass the budget together. */
  isOverBudget = false;
  /** It has ended, and what there is to record of it has been. */
  isRecorded = false;
  /** From its first row on it is to be held back, until it is known to fit. */
  isToBeHeld = false;
  /**
   * At what rate its client has read it, in rows per second, where it was let through for its pace; null where not
   * known.
   */
  rowsPerSecond: number | null = null;

  /** Why the rest of it was given up, or its client was let go, after it had been cut; null where neither happened. */
  givenUp: GivenUp | null = null;
  /** The error was the last that its client got, which would have lost step behind it. */
  isClosedBehindError = false;
  /** It was to run to its end on the server, and was ended before. */
  isStatementEnded = false;

  /** The terms that held when the response began. */
  firstTerms: Terms;

  /** While it stands still: what holds again when it goes on. */
  private pausing: { rows: number; bytes: number; readonly whenOver: (() => void)[] } | null = null;

  /** The result set under way passes whole. */
  private isPassing = false;
  /** The next result set is to be held back from its first row. */
  private holdsNext = false;

  private termsNow: Terms;
  private statementFound: Statement | null = null;

  /**
   * @param statusFlags the session's, for how the statement's text is read
   * @param server the one that reads it; null where that is not known
   * @param terms the terms that hold as long as nothing else is known
   */
  constructor(
    command: PendingCommand, private readonly statusFlags: number, readonly server: SqlServer | null, terms: Terms,
  ) {
    super(command);
    this.firstTerms = terms;
    this.termsNow = terms;
  }

  /** The terms that hold when the response begins. */
  begin(terms: Terms): void {
    this.firstTerms = terms;
    this.terms = terms;
  }

  /** The session's flags that say how the server reads quotes and backslashes in the statement. */
  get readingFlags(): number {
    return this.statusFlags & (Status.NO_BACKSLASH_ESCAPES | Status.ANSI_QUOTES);
  }

  get terms(): Terms {
    return this.termsNow;
  }

  /** Other terms hold from here on, and their limits. */
  set terms(terms: Terms) {
    this.termsNow = terms;
    this.applyLimits();
  }

  /** The limits that it has, or would have, as a response that its client buffers. */
  get bufferedLimits(): Limits {
    return this.firstTerms.responseClass === 'buffered' ? this.firstTerms.limits : this.termsNow.treatment.limits;
  }

  /** It has passed these limits because it is taken for a stream, and nothing else was done about it. */
  get isAdmitted(): boolean {
    if (this.judgement !== null || this.termsNow.responseClass === 'buffered') return false;
    const { rows, bytes } = this.bufferedLimits;
    return this.rows > rows || this.bytes > bytes;
  }

  /** Its client's pace was judged. */
  lookedAt({ isSlow, rowsPerSecond }: PaceReading): void {
    const { rows, bytes } = this;
    this.rowsPerSecond = rowsPerSecond;
    this.looks.push({ rows, bytes, rowsPerSecond, class: isSlow ? 'streaming' : 'buffered' });
  }

  get statement(): Statement {
    this.statementFound ??= Statement.of(this.command, this.statusFlags, this.server);
    return this.statementFound;
  }

  /** The rows that come now are those that a change returns: an error for work that was done would be a lie. */
  get isExempt(): boolean {
    return this.statement.returnsChangedRows(this.command.answerCount - 1);
  }

  /** What its record is about; null where nothing was done or left undone. */
  get verdict(): Judgement | null {
    return this.judgement ?? this.exempted;
  }

  /** Lets the result set under way pass whole. What follows it is judged as if it had begun there. */
  passResultSet(): void {
    this.isPassing = true;
    this.allow(Infinity, Infinity);
  }

  /** Holds nothing back of the result set under way, but what follows it. */
  holdNext(): void {
    this.applyLimits();
    this.holdsNext = true;
  }

  override endResultSet(): void {
    if (this.isPassing) this.applyLimits();
    this.isPassing = false;
    if (this.isOverBudget && this.judgement === null) this.stopAtNextRow();
    if (this.holdsNext) this.holdFromFirstRow();
    this.holdsNext = false;
  }

  /** Stops in front of the next row, whatever the limits are. */
  stopAtNextRow(): void {
    if (this.pausing === null) this.maxRows = this.rows;
    else this.pausing.rows = this.rows;
  }

  /** It stands still in front of its next row, for as long as it takes to know whether that may come. */
  get isPaused(): boolean {
    return this.pausing !== null;
  }

  /** Stands still in front of the next row. What is decided about its limits meanwhile holds when it goes on. */
  pause(): void {
    if (this.pausing !== null) return;
    const { maxRows, maxBytes } = this;
    this.stopAtNextRow();
    this.pausing = { rows: maxRows, bytes: maxBytes, whenOver: [] };
  }

  /** Calls back when it goes on. */
  whenGoingOn(then: () => void): void {
    this.pausing?.whenOver.push(then);
  }

  /** Ends standing still: the limits that it had hold again. */
  goOn(): void {
    const { pausing } = this;
    if (pausing === null) return;
    this.pausing = null;
    this.allow(pausing.rows, pausing.bytes);
    for (const then of pausing.whenOver) then();
  }

  /** Stops at the first row, for it and all behind it to be held back. */
  holdFromFirstRow(): void {
    this.isToBeHeld = true;
    this.stopAtNextRow();
  }

  /** The limits of its terms hold, and nothing else does. */
  applyLimits(): void {
    this.isToBeHeld = false;
    this.allow(this.termsNow.limits.rows, this.termsNow.limits.bytes);
  }

  /** It was let through for its pace, and what it has reached now is the streaming limit itself. */
  isAtLimitOfStream(reason: 'rows' | 'bytes'): boolean {
    const { responseClass, limits } = this.termsNow;
    if (responseClass === 'buffered') return false;
    return reason === 'rows' ? this.maxRows >= limits.rows : this.maxBytes >= limits.bytes;
  }

  /** Lets so much pass before somebody is asked again. */
  allow(rows: number, bytes: number): void {
    if (this.pausing === null) {
      this.maxRows = rows;
      this.maxBytes = bytes;
    } else {
      this.pausing.rows = rows;
      this.pausing.bytes = bytes;
    }
  }
}

/** What the rest of a cut response has passed: a bound of `drain`, or how many may go on without their clients. */
export type GivenUp = 'bytes' | 'time' | 'waiting' | 'max';

/** What was found when a client's pace was judged. Each time the usage has doubled, so there are few of them. */
export interface PaceLook {
  readonly rows: number;
  readonly bytes: number;
  /** Null where the client took all it was given before anybody could look. */
  readonly rowsPerSecond: number | null;
  readonly class: ResponseClass;
}
