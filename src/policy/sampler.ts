import type { SampleSettings } from '../config/config.js';
import type { GovernedUsage } from './governedUsage.js';

/**
 * Chooses a sample of the results, and of the changes without a result, that are recorded although nothing was done
 * about them. Bounds the samples per second.
 */
export class Sampler {
  /** The number of samples that were left out since the start. */
  droppedInAll = 0;
  private dropped = 0;
  private secondBeganAtMs = -Infinity;
  private inThisSecond = 0;

  /**
   * @param settings may be replaced
   * @param random gives numbers from 0 to 1. Drawing is random, because every n-th result would miss results that come
   * in turns.
   * @param dropping is called for each sample that is left out
   */
  constructor(
    public settings: SampleSettings,
    private readonly random: () => number,
    private readonly dropping: () => void,
  ) {}

  /** Whether anything may be a sample. */
  get isOn(): boolean {
    const { rows, bytes, oneIn } = this.settings;
    return Math.min(rows, bytes, oneIn) !== Infinity;
  }

  /** Draws whether a result that begins is a sample. Sets the amounts from which on a record of it is due. */
  begin(usage: GovernedUsage): void {
    const { rows, bytes, oneIn } = this.settings;
    const { warn, limits } = usage.terms.treatment;
    usage.isDrawn = oneIn !== Infinity && this.random() * oneIn < 1;
    usage.recordRows = usage.isDrawn ? 0 : Math.min(rows, warn.rows);
    usage.recordBytes = usage.isDrawn ? 0 : Math.min(bytes, warn.bytes);
    usage.countsColumns = Math.min(usage.recordRows, usage.recordBytes, limits.rows, limits.bytes) !== Infinity;
  }

  /**
   * Judges a result that has ended and is not recorded for any other reason. A change without a result is judged by
   * the rows that it has changed and the bytes that were sent for it.
   * @param now a clock in ms that never goes back; it is read only if a sample is due
   */
  judge(usage: GovernedUsage, now: () => number): Sample | null {
    const { rows, bytes, oneIn } = this.settings;
    const { rule, limits } = usage.terms;
    const { command, hasResult } = usage;
    if (hasResult && usage.resultSets === 0) return null;
    const isOverRows = (hasResult ? usage.rows : command.affectedRows) > rows;
    if (isOverRows || (hasResult ? usage.bytes : command.requestBytes) > bytes) {
      const reason = isOverRows ? 'rows' : 'bytes';
      return this.take({ reason, rule, limit: { rows, bytes }, standsFor: 1 }, now());
    }
    if (!usage.isDrawn) return null;
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

/** The reason to record a result about which nothing was done. */
export interface Sample {
  readonly action: 'sample';
  /** It is over the floor (`rows` or `bytes`), or it was drawn (`chance`). */
  readonly reason: 'rows' | 'bytes' | 'chance';
  readonly rule: string;
  /** The floor; for a result that was drawn, the limits that it kept. */
  readonly limit: { readonly rows: number; readonly bytes: number };
  /** The number of results that it stands for. Of the results below the floor, only some are recorded. */
  readonly standsFor: number;
  /** The number of samples that were due since the previous one, and left out because that second had too many. */
  readonly droppedSamples: number;
}
