import { responseRecord, type Origin, type Outcome } from '../audit/record.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import { admissionOf, warningFor, type Admission } from '../policy/judgement.js';
import type { ServerError } from '../protocol/packets.js';
import type { Shared } from './shared.js';

/** What a recorder asks of its session. */
export interface RecordedSession {
  origin(): Origin;
  /** How long the client has not been taking what it was sent, all in all, in ms. */
  readonly totalStallMs: number;
  /** The session's clock, in ms. */
  readonly nowMs: number;
}

/** Writes one session's audit records: exactly one for each response that was acted upon. */
export class Recorder {
  constructor(private readonly shared: Shared, private readonly session: RecordedSession) {}

  /** Records how a response ended, where anything was done about it, it was let through, a warning is due, or it is a sample. */
  result(usage: GovernedUsage, outcome: Outcome, isComplete: boolean, error: ServerError | null, drainedBytes: number): void {
    if (usage.isRecorded) return;
    usage.isRecorded = true;
    const isWhole = isComplete && outcome !== 'killed';
    // The times are passed as they are: spread into another object they would cost as much as counting the response does.
    this.shared.statistics?.add(usage, this.session.origin(), this.timesOf(usage), isWhole);
    const recorded = usage.verdict ?? this.admitted(usage) ?? warningFor(usage) ?? this.shared.sampler.judge(usage, this.session);
    if (recorded === null) return;
    const progress = { outcome, isComplete, error, drainedBytes, ...this.timesOf(usage) };
    if (recorded.action !== 'admit') this.shared.metrics.recorded(recorded.action, recorded.rule, recorded.reason);
    this.write(responseRecord('result', usage, recorded, this.session.origin(), progress, this.shared.config.audit));
  }

  /**
   * Records that a client has not been reading a response.
   * @param outcome how the response ended meanwhile; null where it goes on
   * @param hasServerGivenUp the server closed the connection because of it
   */
  stall(usage: GovernedUsage, outcome: Outcome | null, hasServerGivenUp: boolean): void {
    const { rule, limits } = usage.terms;
    const judgement = { action: 'warn', reason: 'stall', rule, limit: limits } as const;
    const progress = { outcome, isComplete: false, error: null, drainedBytes: 0, ...this.timesOf(usage) };
    const record = responseRecord('stall', usage, judgement, this.session.origin(), progress, this.shared.config.audit);
    this.shared.metrics.recorded('warn', rule, 'stall');
    this.write({ ...record, serverGaveUp: hasServerGivenUp });
  }

  /** Counts a result that was let through beyond its limit. Returns what is to be recorded of that, if anything. */
  private admitted(usage: GovernedUsage): Admission | null {
    const admission = admissionOf(usage);
    if (admission === null) return null;
    this.shared.metrics.admitted.increment(admission.rule, admission.signal);
    return this.shared.config.audit.admitted ? admission : null;
  }

  private timesOf(usage: GovernedUsage): { atMs: number; stallMs: number } {
    return { atMs: this.session.nowMs, stallMs: this.session.totalStallMs - usage.stallMsBefore };
  }

  private write(record: object): void {
    this.shared.audit.write(record);
  }
}
