import type { SampleSettings } from '../config/config.js';
import type { GovernedUsage } from './governedUsage.js';

/**
 * Chooses the results that are recorded besides those that something was done about, and not too many of them
 * at once.
 */
export class Sampler {
  /** Samples that were left out, since the start. */
  droppedInAll = 0;
  private dropped = 0;
  private secondBeganAtMs = -Infinity;
  private inThisSecond = 0;

  /**
   * @param settings may be replaced by others
   * @param random gives numbers from 0 to 1: every so-many-th result would be blind to what comes in turns
   * @param dropping is told of each sample that is left out
   */
  constructor(
    public settings: SampleSettings,
    private readonly random: () => number,
    private readonly dropping: () => void,
  ) {}

  /**
   * Judges a result that has ended, and that is not recorded for any other reason.
   * @param now a clock that does not go back, in ms; it is read only where a sample is due
   */
  judge(usage: GovernedUsage, now: () => number): Sample | null {
    const { rows, bytes, oneIn } = this.settings;
    const { rule, limits } = usage.terms;
    if (usage.resultSets === 0) return null;
    if (usage.rows > rows || usage.bytes > bytes) {
      const reason = usage.rows > rows ? 'rows' : 'bytes';
      return this.take({ reason, rule, limit: { rows, bytes }, standsFor: 1 }, now());
    }
    if (oneIn === Infinity || this.random() * oneIn >= 1) return null;
    return this.take({ reason: 'chance', rule, limit: limits, standsFor: oneIn }, now());
  }

  private take(sample: Omit<Sample, 'action' | 'droppedSamples'>, nowMs: number): Sample | null {
    if (nowMs - this.secondBeganAtMs >= SECOND_MS) {
      this.secondBeganAtMs = nowMs;
      this.inThisSecond = 0;
    }
    if (this.inThisSecond >= this.settings.perSecond) {
      this.dropped += 1;
      this.droppedInAll += 1;
      this.dropping();
      return null;
    }
    this.inThisSecond += 1;
    const droppedSamples = this.dropped;
    this.dropped = 0;
    return { action: 'sample', ...sample, droppedSamples };
  }
}

const SECOND_MS = 1000;

/** Why a result that nothing was done about is recorded all the same. */
export interface Sample {
  readonly action: 'sample';
  /** It is over the floor, or it was drawn. */
  readonly reason: 'rows' | 'bytes' | 'chance';
  readonly rule: string;
  /** The floor; for one that was drawn, the limits that it kept. */
  readonly limit: { readonly rows: number; readonly bytes: number };
  /** How many results it stands for: of those that were not over the floor, only some are recorded. */
  readonly standsFor: number;
  /**
   * Samples that were due since the one before it, and left out because there were too many in that second.
   */
  readonly droppedSamples: number;
}
