import type { Limits } from '../config/config.js';
import { LogHistogram } from '../statistics/logHistogram.js';
import type { Exemptions } from './exemptions.js';
import { prospectOf } from './forecast.js';
import type { ResultRecord } from './reading.js';

/** Finds the lowest round limit on rows or on bytes that cuts no more than a wanted part of the results. */
export class LimitSearch {
  private readonly sizes = new LogHistogram();
  private limited = 0;
  private cutAnyway = 0;

  /**
   * @param by the kind of limit to find
   * @param given all limits; the one on `by` is ignored
   */
  constructor(
    private readonly by: keyof Limits,
    private readonly given: Limits,
    private readonly exemptions: Exemptions,
  ) {}

  add(record: ResultRecord): void {
    const others = { ...this.given, [this.by]: Infinity };
    const prospect = prospectOf(record, others, this.exemptions);
    if (prospect !== 'pass' && prospect !== 'cut') return;
    this.limited += record.standsFor;
    if (prospect === 'cut') this.cutAnyway += record.standsFor;
    else this.sizes.add(record[this.by], record.standsFor);
  }

  /** The part of the results that the other limit cuts alone. */
  get leastRate(): number {
    return this.limited === 0 ? 0 : this.cutAnyway / this.limited;
  }

  /**
   * @param rate the part of the results that may be cut, from 0 to 1
   * @returns a limit; null if the other limit alone cuts more
   */
  find(rate: number): number | null {
    const allowed = rate * this.limited - this.cutAnyway;
    if (allowed < 0) return null;
    const part = this.sizes.total === 0 ? 0 : Math.min(1, allowed / this.sizes.total);
    // A result as large as the edge is cut, a smaller one is not.
    const limit = Math.max(1, Math.ceil(this.sizes.edgeAbove(part)) - 1);
    return this.by === 'rows' ? roundRows(limit) : roundBytes(limit);
  }
}

/** Rounds up to two digits and zeros. A higher limit cuts no more. */
function roundRows(rows: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(rows)) - 1);
  return Math.ceil(rows / step) * step;
}

/** Rounds up to a sixteenth of a power of 2, which can be written with a unit. */
function roundBytes(bytes: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(bytes)) - 4);
  return Math.ceil(bytes / step) * step;
}
