import type { GovernedUsage } from '../../policy/governedUsage.js';
import type { PaceReading, Progress } from '../../policy/pace.js';
import type { Settled } from '../flow/direction.js';
import type { SessionControls } from './sessionControls.js';

/**
 * Judges how fast a client reads a response that has reached a limit. If its pace so far is not conclusive, the pace is
 * watched for a while. In enforce mode the response waits for the result. In audit mode it continues.
 */
export class PaceJudge {
  /** The usage that continues while its client is being watched; null if there is none. */
  private watched: GovernedUsage | null = null;
  /** The progress of a usage at the last judgement of its client's pace. */
  private last: { readonly usage: GovernedUsage; readonly progress: Progress } | null = null;

  constructor(private readonly session: SessionControls, private readonly outcome: PaceOutcome) {}

  /** The response under way has reached a limit, and the pace of its client decides. */
  judge(usage: GovernedUsage): Settled {
    const progress = this.progressOf(usage);
    const known = this.soFar(usage, progress);
    if (known !== null) {
      this.decide(usage, known, progress);
      return 'onward';
    }
    const isBlocking = usage.terms.treatment.mode === 'enforce';
    if (!isBlocking) this.goOnWatched(usage);
    const judged = this.session.shared.pace.watch(this.session, progress, this.before(usage))
      .then((reading) => this.watchedLong(usage, reading, isBlocking));
    judged.catch((error: unknown) => this.session.threw(error));
    return isBlocking ? 'blocked' : 'onward';
  }

  /** A response ends. If its client was still being watched, the pace so far decides. */
  ended(usage: GovernedUsage): void {
    if (this.watched !== usage) return;
    this.watched = null;
    const progress = this.progressOf(usage);
    this.decide(usage, this.soFar(usage, progress) ?? { isSlow: false, rowsPerSecond: null }, progress);
  }

  private watchedLong(usage: GovernedUsage, reading: PaceReading, isBlocking: boolean): void {
    // The usage may have ended without a verdict.
    if (this.session.isOver || usage.hasEnded) return;
    this.watched = null;
    this.decide(usage, reading, this.progressOf(usage));
    if (isBlocking) this.session.resumeResponses();
  }

  private goOnWatched(usage: GovernedUsage): void {
    this.watched = usage;
    usage.allow(Infinity, Infinity);
  }

  private soFar(usage: GovernedUsage, progress: Progress): PaceReading | null {
    return this.session.shared.pace.soFar(this.session.responses, progress, this.before(usage));
  }

  /** The progress of a response so far. */
  private progressOf({ rows, bytes, stallMsBefore, wireBytesBefore, firstRowAtMs }: GovernedUsage): Progress {
    const { conversation, responses } = this.session;
    return {
      rows, bytes,
      wireBytes: responses.writtenBytes - wireBytesBefore,
      waitedMs: responses.totalStallMs - stallMsBefore,
      elapsedMs: conversation.options.now() - firstRowAtMs,
    };
  }

  private before(usage: GovernedUsage): Progress {
    return this.last?.usage === usage ? this.last.progress : NOTHING;
  }

  private decide(usage: GovernedUsage, reading: PaceReading, progress: Progress): void {
    this.last = { usage, progress };
    usage.lookedAt(reading);
    if (!reading.isSlow) {
      this.outcome.foundFast(usage);
      return;
    }
    this.session.shared.budget.release(usage);
    usage.isOverBudget = false; // it may have been marked meanwhile, but the budget does not count streams
    usage.turnIntoStream('pace');
    this.outcome.admitted(usage);
  }
}

/** An observer of the judgements of a client's pace. */
export interface PaceOutcome {
  /** The client works row by row: the response continues until its usage has doubled. */
  admitted(usage: GovernedUsage): void;
  /** The client takes rows as fast as it can: the limit applies. */
  foundFast(usage: GovernedUsage): void;
}

const NOTHING: Progress = { rows: 0, bytes: 0, wireBytes: 0, waitedMs: 0, elapsedMs: 0 };
