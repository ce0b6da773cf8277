import type { Logger } from 'pino';
import { OccasionalLog } from '../../audit/occasionalLog.js';
import type { CounterVector } from '../instruments.js';
import type { Signal } from './targets.js';

/** Logs the successes and failures of one signal's export, and counts the lost items. */
export class ExportLog {
  private readonly occasions: OccasionalLog;
  private isFailing = false;
  /** The messages of a receiver that were logged. */
  private readonly said = new Set<string>();
  private droppedSince = 0;

  /** @param dropped counts by signal and reason */
  constructor(
    private readonly signal: Signal, private readonly logger: Logger, private readonly dropped: CounterVector,
  ) {
    this.occasions = new OccasionalLog(logger, EVERY_MS);
    for (const reason of ['overflow', 'refused', 'rejected', 'stopped'] satisfies DropReason[]) {
      dropped.declare(signal, reason);
    }
  }

  /** A request failed, and is sent again. Logged once, until a request is accepted. */
  failed(url: string, reason: string): void {
    if (this.isFailing) return;
    this.isFailing = true;
    const { signal } = this;
    this.logger.warn({ signal, url, reason }, 'otlp: the receiver cannot be reached, or is busy: tried again');
  }

  /** A request was accepted. */
  taken(): void {
    if (!this.isFailing) return;
    this.isFailing = false;
    const { signal, droppedSince: dropped } = this;
    this.droppedSince = 0;
    this.logger.info({ signal, dropped }, 'otlp: the receiver takes requests again');
  }

  /** Items are lost. */
  lost(count: number, reason: DropReason, details: object = {}): void {
    if (count === 0) return;
    this.dropped.add(count, this.signal, reason);
    this.droppedSince += count;
    if (reason === 'rejected') return; // `partial` logs it
    this.occasions.warn(reason, { signal: this.signal, dropped: count, ...details }, LOST[reason]);
  }

  /** The receiver accepted a request only in part, or with a warning. Each of the two is logged once. */
  partial(rejected: number, message: string): void {
    const what = rejected > 0 ? 'otlp: the receiver took a request only in part' : 'otlp: the receiver warns';
    if (this.said.has(what)) return;
    this.said.add(what);
    this.logger.warn({ signal: this.signal, rejected, message }, what);
  }

  /** The answer does not have OTLP's form. */
  strange(url: string): void {
    this.occasions.warn('strange', { signal: this.signal, url }, 'otlp: the answer is not OTLP: is this a receiver?');
  }
}

/** The reason why items did not reach their receiver. */
export type DropReason =
  /** They came faster than the receiver accepted them. */
  | 'overflow'
  /** The receiver refused their request. */
  | 'refused'
  /** The receiver accepted their request without them. */
  | 'rejected'
  /** The program ended, or the export was switched off, before the receiver accepted them. */
  | 'stopped';

const EVERY_MS = 60_000;

const LOST: Readonly<Record<Exclude<DropReason, 'rejected'>, string>> = {
  overflow: 'otlp: dropping the oldest: they are not taken as fast as they come',
  refused: 'otlp: the receiver refuses requests, and what was in them is dropped',
  stopped: 'otlp: what was not taken before the end is dropped',
};
