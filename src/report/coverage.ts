import type { Limits } from '../config/config.js';
import type { ResultRecord } from './reading.js';

/** The size from which on results were recorded, as far as the records tell. */
export class Coverage {
  private rows = Infinity;
  private bytes = Infinity;
  private hasDrawnSamples = false;

  add({ reason, limit }: ResultRecord): void {
    if (reason === 'chance') this.hasDrawnSamples = true;
    if (reason !== 'rows' && reason !== 'bytes') return;
    this.rows = Math.min(this.rows, limit.rows ?? Infinity);
    this.bytes = Math.min(this.bytes, limit.bytes ?? Infinity);
  }

  /** Whether the figures for smaller results are extrapolated from samples. */
  get isEstimate(): boolean {
    return this.hasDrawnSamples;
  }

  /** The limits that are lower than the sizes known to have been recorded. */
  blindFor(limits: Limits): (keyof Limits)[] {
    // A result without rows or bytes is below every limit.
    const hasAll = this.rows === 0 || this.bytes === 0;
    if (this.hasDrawnSamples || hasAll) return [];
    return (['rows', 'bytes'] as const).filter((dimension) => limits[dimension] < this[dimension]);
  }
}
