import { LogHistogram, type HistogramData } from './logHistogram.js';

/** The distribution of many values of one kind, without keeping the values. Count, sum and extremes are exact. */
export class Distribution {
  count = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;
  readonly histogram = new LogHistogram();

  /**
   * @param unitsPerStep the number of steps of the histogram for one unit of the values: 1000 for values in ms that are
   * told apart down to a microsecond
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

  /** The distribution in a form that goes from process to process. */
  get data(): DistributionData {
    const { count, sum, min, max, histogram } = this;
    return { count, sum, min, max, histogram: histogram.data };
  }

  /** Adds the values of another distribution of the same kind. */
  absorb({ count, sum, min, max, histogram }: DistributionData): void {
    this.count += count;
    this.sum += sum;
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
    this.histogram.absorb(histogram);
  }

  /** 0 if there are no values. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /**
   * The value that this part of all values does not exceed, within RELATIVE_ERROR; 0 if there are no values.
   * @param part from 0 to 1
   */
  quantile(part: number): number {
    if (this.count === 0) return 0;
    const found = this.histogram.quantile(part) / this.unitsPerStep;
    return Math.min(this.max, Math.max(this.min, found));
  }
}

/** A distribution as plain data. */
export interface DistributionData {
  readonly count: number;
  readonly sum: number;
  /** Infinity if there are no values. */
  readonly min: number;
  /** -Infinity if there are no values. */
  readonly max: number;
  readonly histogram: HistogramData;
}
