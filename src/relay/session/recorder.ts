import { responseRecord, type Origin, type Outcome, type Progress, type Recorded } from '../../audit/record.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import { admissionOf, warningFor, type Admission } from '../../policy/judgement.js';
import type { ServerError } from '../../protocol/packets.js';
import type { SessionControls } from './sessionControls.js';

/**
 * Writes one session's audit records: exactly one for each response that was acted upon, in the order in which they
 * ended. A record says what was forwarded, so it is written once the kernel has that, or the client has gone.
 */
export class Recorder {
  /** The records of responses that are over, in the order in which the responses ended. */
  private readonly due: DueRecord[] = [];
  /** The last of those that are written once the kernel has all. */
  private awaited: DueRecord | null = null;
  private isClosed = false;

  constructor(private readonly session: SessionControls) {}

  /**
   * Records how a response ended, where anything was done about it, it was let through, a warning is due, or it is a
   * sample.
   */
  result(
    usage: GovernedUsage, outcome: Outcome, isComplete: boolean, error: ServerError | null, drainedBytes: number,
  ): void {
    if (usage.isRecorded) return;
    usage.isRecorded = true;
    const isWhole = isComplete && outcome !== 'killed';
    // The times are passed as they are: spread into another object they would cost as much as counting the response.
    const { session, session: { shared } } = this;
    shared.statistics?.add(usage, session.origin(), this.timesOf(usage), isWhole);
    const recorded = usage.verdict ?? this.admitted(usage) ?? warningFor(usage) ??
      shared.sampler.judge(usage, session.conversation.options.now);
    if (recorded === null) return;
    const progress = { outcome, isComplete, error, drainedBytes, ...this.timesOf(usage) };
    this.due.push({ usage, recorded, progress, origin: session.origin() });
    // The bytes at which it ended are on their way. Where no more come, nobody else asks.
    if (this.isClosed) this.writeDue(null);
    else process.nextTick(() => session.contain(() => this.handOver()));
  }

  /** Writes the due records once the kernel has the forwarded bytes. Call it again after later decisions. */
  handOver(): void {
    const last = this.due.at(-1);
    const { session, session: { responses } } = this;
    if (last === undefined || last === this.awaited || !responses.hasPassedOn) return;
    this.awaited = last;
    responses.whenTaken(() => session.contain(() => this.writeDue(last)));
  }

  /**
   * Both connections are closed: writes what is due, and what comes from now on at once.
   * @param hasHandedOver the kernel has all that was forwarded
   * @param outcome of a response that was seen to its end, and did not wholly go to the client
   */
  close(hasHandedOver: boolean, outcome: Outcome): void {
    this.isClosed = true;
    for (const due of this.due) {
      const { usage, progress } = due;
      usage.endForwarding(hasHandedOver, 0);
      const isCompleted = progress.outcome !== 'completed' || usage.forwardedBytes === usage.bytes;
      if (!isCompleted) due.progress = { ...progress, outcome };
    }
    this.writeDue(null);
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
    const { session, session: { shared } } = this;
    const record = responseRecord('stall', usage, judgement, session.origin(), progress, shared.config.audit);
    shared.metrics.recorded('warn', rule, 'stall', usage.trace);
    this.write({ ...record, serverGaveUp: hasServerGivenUp }, usage);
  }

  /** Counts a result that was let through beyond its limit. Returns what is to be recorded of that, if anything. */
  private admitted(usage: GovernedUsage): Admission | null {
    const admission = admissionOf(usage);
    if (admission === null) return null;
    this.session.shared.metrics.resultAdmitted(admission.rule, admission.signal, usage.trace);
    return this.session.shared.config.audit.admitted ? admission : null;
  }

  private timesOf(usage: GovernedUsage): { atMs: number; stallMs: number } {
    const { conversation, responses } = this.session;
    return { atMs: conversation.options.now(), stallMs: responses.totalStallMs - usage.stallMsBefore };
  }

  /** @param last the last one to be written; null for all */
  private writeDue(last: DueRecord | null): void {
    for (let due = this.due.shift(); due !== undefined; due = due === last ? undefined : this.due.shift()) {
      const { usage, recorded, origin, progress } = due;
      const { metrics, config } = this.session.shared;
      const { action, rule, reason } = recorded;
      if (action !== 'admit') metrics.recorded(action, rule, reason, usage.trace);
      this.write(responseRecord('result', usage, recorded, origin, progress, config.audit), usage);
    }
  }

  private write(record: object, { command }: GovernedUsage): void {
    const { shared, conversation } = this.session;
    const ageMs = conversation.options.now() - command.startedAtMs;
    shared.audit.write({ ...record, startedAt: new Date(Date.now() - ageMs).toISOString() });
  }
}

/** The record of a response that is over, before it is written. */
interface DueRecord {
  readonly usage: GovernedUsage;
  readonly recorded: Exclude<Recorded, { readonly reason: 'stall' }>;
  readonly origin: Origin;
  progress: Progress;
}
