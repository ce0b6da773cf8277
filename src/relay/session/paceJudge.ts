import type { GovernedUsage } from '../../policy/governedUsage.js';
import type { PaceReading, Progress } from '../../policy/pace.js';
import type { Settled } from '../flow/flow.js';
import type { SessionControls } from './sessionControls.js';

/**
 * Finds out how a client reads a response that is at its limit. Where its pace so far does not tell, the response waits
 * for the answer, unless nothing would be cut: in audit mode it goes on meanwhile.
 */
export class PaceJudge {
  /** Whose client is being watched while it goes on. */
  private watched: GovernedUsage | null = null;
  /** What had been sent when the client of the usage was last looked at. */
  private last: { readonly usage: GovernedUsage; readonly progress: Progress } | null = null;

  constructor(private readonly session: SessionControls, private readonly outcome: PaceOutcome) {}

  /** The response under way has reached a limit that its client's pace decides on. */
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

  /** A response ends. Where its client was still being watched, what is known by now decides. */
  ended(usage: GovernedUsage): void {
    if (this.watched !== usage) return;
    this.watched = null;
    const progress = this.progressOf(usage);
    this.decide(usage, this.soFar(usage, progress) ?? { isSlow: false, rowsPerSecond: null }, progress);
  }

  private watchedLong(usage: GovernedUsage, reading: PaceReading, isBlocking: boolean): void {
    // It ends without a verdict where it cannot be followed any more.
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

  /** What has been sent of a response so far. */
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
      this.outcome.isFast(usage);
      return;
    }
    this.session.shared.budget.release(usage);
    usage.isOverBudget = false; // it may have been marked meanwhile, and streams do not count
    usage.terms = this.session.shared.guard.streaming(usage, 'pace');
    this.outcome.admitted(usage);
  }
}

/** What is done once it is known how a client reads. */
export interface PaceOutcome {
  /** It works row by row: the response goes on until its usage has doubled. */
  admitted(usage: GovernedUsage): void;
  /** It takes rows as fast as it can: the limit holds. */
  isFast(usage: GovernedUsage): void;
}

const NOTHING: Progress = { rows: 0, bytes: 0, wireBytes: 0, waitedMs: 0, elapsedMs: 0 };
