import {
  refusalRecord, responseRecord, type Origin, type Outcome, type Progress, type Recorded,
} from '../../audit/record.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import { admissionOf, warningFor, type Admission } from '../../policy/judgement.js';
import type { Refused } from '../../policy/refusal.js';
import type { ServerError } from '../../protocol/packets.js';
import type { SessionControls } from './sessionControls.js';
import { world } from '../../world/world.js';

/**
 * Writes the audit records of one session: exactly one for each response that was acted upon, in the order of their
 * ends. A record holds the number of forwarded bytes, so it is written once the kernel has those bytes or the client
 * has gone.
 */
export class Recorder {
  /** The records of ended responses that are not written yet, in the order of the ends. */
  private readonly due: DueRecord[] = [];
  /** The last due record when the kernel was asked last; null before that. */
  private awaited: DueRecord | null = null;
  private isClosed = false;

  constructor(private readonly session: SessionControls) {}

  /**
   * Records the end of a response if it was acted upon or let through, if a warning is due, or if it is a sample.
   */
  result(
    usage: GovernedUsage, outcome: Outcome, isComplete: boolean, error: ServerError | null, drainedBytes: number,
  ): void {
    if (usage.isRecorded) return;
    usage.isRecorded = true;
    const isWhole = isComplete && outcome !== 'killed';
    // The object of the times is passed on as it is: a spread into another object would cost as much as the counting.
    const { session, session: { shared } } = this;
    shared.statistics?.add(usage, session.origin(), this.timesOf(usage), isWhole);
    const recorded = usage.verdict ?? this.admitted(usage) ?? warningFor(usage) ??
      shared.sampler.judge(usage, session.conversation.options.now);
    if (recorded === null) return;
    const progress = { outcome, isComplete, error, drainedBytes, ...this.placeOf(usage) };
    this.due.push({ usage, recorded, progress, origin: session.origin() });
    // The last bytes of the response are on their way. If no more bytes come, nothing else calls `handOver`.
    if (this.isClosed) this.writeDue(null);
    else process.nextTick(() => session.contain(() => this.handOver()));
  }

  /** Writes the due records once the kernel has the forwarded bytes. To be called again after later decisions. */
  handOver(): void {
    const last = this.due.at(-1);
    const { session, session: { responses } } = this;
    if (last === undefined || last === this.awaited || !responses.hasPassedOn) return;
    this.awaited = last;
    responses.whenTaken(() => session.contain(() => this.writeDue(last)));
  }

  /**
   * Both connections are closed: writes the due records now, and later records at once.
   * @param hasHandedOver the kernel has all forwarded bytes
   * @param outcome the outcome of a response whose end was seen, but whose bytes did not all go to the client
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
   * Records that a client has stopped reading a response.
   * @param outcome the outcome of the response; null if the response continues
   * @param hasServerGivenUp the server closed the connection because of it
   */
  stall(usage: GovernedUsage, outcome: Outcome | null, hasServerGivenUp: boolean): void {
    const { rule, limits } = usage.terms;
    const judgement = { action: 'warn', reason: 'stall', rule, limit: limits } as const;
    const progress = { outcome, isComplete: false, error: null, drainedBytes: 0, ...this.placeOf(usage) };
    const { session, session: { shared } } = this;
    const record = responseRecord('stall', usage, judgement, session.origin(), progress, shared.config.audit);
    shared.metrics.recorded('warn', rule, 'stall', usage.trace);
    record['serverGaveUp'] = hasServerGivenUp;
    this.write(record, usage);
  }

  /** Records a command that was refused, or would have been. */
  refusal(refused: Refused): void {
    const { session, session: { shared, conversation } } = this;
    const { usage, refusal: { action, rule } } = refused;
    const atMs = conversation.options.now();
    shared.metrics.refused(action, rule.name, usage.trace);
    shared.statistics?.refused(usage, session.origin(), { atMs, stallMs: 0 }, action);
    this.write(refusalRecord(refused, session.origin(), atMs, shared.config.audit), usage);
  }

  /** Counts a result that was let through beyond its limit. Returns the admission to record; null if there is none. */
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

  /** Its times, and the transaction that it is part of. */
  private placeOf(usage: GovernedUsage): Pick<Progress, 'atMs' | 'stallMs' | 'transaction'> {
    return { ...this.timesOf(usage), transaction: this.session.conversation.transaction };
  }

  /** @param last the last record to write; null to write all */
  private writeDue(last: DueRecord | null): void {
    for (let due = this.due.shift(); due !== undefined; due = due === last ? undefined : this.due.shift()) {
      const { usage, recorded, origin, progress } = due;
      const { metrics, config } = this.session.shared;
      const { action, rule, reason } = recorded;
      if (action !== 'admit') metrics.recorded(action, rule, reason, usage.trace);
      if (usage.hasResult) metrics.exemplify(usage);
      this.write(responseRecord('result', usage, recorded, origin, progress, config.audit), usage);
    }
  }

  private write(record: Record<string, unknown>, { command }: GovernedUsage): void {
    const { shared, conversation } = this.session;
    const ageMs = conversation.options.now() - command.startedAtMs;
    record['startedAt'] = new Date(world.dateMs() - ageMs).toISOString();
    shared.audit.write(record);
  }
}

/** The record of an ended response that is not written yet. */
interface DueRecord {
  readonly usage: GovernedUsage;
  readonly recorded: Exclude<Recorded, { readonly reason: 'stall' }>;
  readonly origin: Origin;
  progress: Progress;
}
