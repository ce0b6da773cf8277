import { LogHistogram } from './logHistogram.js';

/**
 * What there is to say about many values of one kind, without keeping them. Number, sum and extremes are
 * exact.
 */
export class Distribution {
  count = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;
  readonly histogram = new LogHistogram();

  /**
   * @param unitsPerStep how many of the histogram's steps make a unit of the values: 1000 where values are ms
   *   and are to be told apart down to a microsecond
   */
  constructor(private readonly unitsPerStep = 1) {}

  /** @param value 0 or more */
  add(value: number): void {
    this.count += 1;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.histogram.add(value * this.unitsPerStep);
  }

  /** 0 where there are no values. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /**
   * The value that this part of all values does not exceed, within RELATIVE_ERROR; 0 where there are none.
   * @param part from 0 to 1
   */
  quantile(part: number): number {
    if (this.count === 0) return 0;
    const found = this.histogram.quantile(part) / this.unitsPerStep;
    return Math.min(this.max, Math.max(this.min, found));
  }
}
