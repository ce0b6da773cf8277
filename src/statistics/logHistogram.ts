// A histogram on a logarithmic scale. The edges of the buckets grow by the same factor, eight to a doubling:
//
//     bucket 0: 0 ≤ value < 1        bucket i: 2^((i - 1) / 8) ≤ value < 2^(i / 8)
//
// A size read from a bucket is therefore never off by more than a fixed part of itself, for bytes as for gigabytes. 425
// buckets are enough for all safe integers. Only the buckets between the smallest and the largest value are kept.

/** Counts values by their size, in small, bounded memory. */
export class LogHistogram {
  total = 0;
  /** The number of the first bucket in `counts`. */
  private first = 0;
  private readonly counts: number[] = [];

  /** @param value 0 or more; a value below 1 counts as 0 */
  add(value: number, times = 1): void {
    this.addTo(bucketOf(value), times);
  }

  /**
   * The value that this part of all values does not exceed, by nearest rank; 0 if there are no values.
   * @param part from 0 to 1
   */
  quantile(part: number): number {
    let below = 0;
    for (let i = 0; i < this.counts.length; i += 1) {
      below += this.counts[i]!;
      if (below >= part * this.total && below > 0) return this.middle(this.first + i);
    }
    return 0;
  }

  /**
   * The smallest edge above which there is at most this part of all values.
   * @param part from 0 to 1
   * @returns an edge that is larger than every value in the buckets below it; 1 if even the smallest bucket may be cut
   * off
   */
  edgeAbove(part: number): number {
    let beyond = 0;
    for (let i = this.counts.length - 1; i >= 0; i -= 1) {
      beyond += this.counts[i]!;
      if (beyond > part * this.total) return upperEdge(this.first + i);
    }
    return 1;
  }

  /** The buckets that are not empty, the smallest first. */
  *buckets(): Generator<Bucket> {
    for (let i = 0; i < this.counts.length; i += 1) {
      const count = this.counts[i]!;
      if (count > 0) yield { from: lowerEdge(this.first + i), to: upperEdge(this.first + i), count };
    }
  }

  /** The histogram in a form that goes from process to process. */
  get data(): HistogramData {
    return { first: this.first, counts: this.counts };
  }

  /** Adds the values of another histogram. */
  absorb({ first, counts }: HistogramData): void {
    counts.forEach((count, index) => {
      if (count > 0) this.addTo(first + index, count);
    });
  }

  private addTo(bucket: number, times: number): void {
    const { counts } = this;
    if (counts.length === 0) this.first = bucket;
    for (; bucket < this.first; this.first -= 1) counts.unshift(0);
    while (bucket >= this.first + counts.length) counts.push(0);
    counts[bucket - this.first]! += times;
    this.total += times;
  }

  private middle(bucket: number): number {
    return bucket === 0 ? 0 : Math.sqrt(lowerEdge(bucket) * upperEdge(bucket));
  }
}

/** A histogram as plain data: its counts from the bucket with the number `first` on. */
export interface HistogramData {
  readonly first: number;
  readonly counts: readonly number[];
}

const BUCKETS_PER_DOUBLING = 8;

/** A value read from its bucket is off by at most this part of itself: half a bucket, 2^(1/16) - 1. */
export const RELATIVE_ERROR = 2 ** (1 / (2 * BUCKETS_PER_DOUBLING)) - 1;

/** A bucket that is not empty. */
export interface Bucket {
  /** The smallest value of the bucket. */
  readonly from: number;
  /** The edge above the bucket; this value belongs to the next one. */
  readonly to: number;
  readonly count: number;
}

function bucketOf(value: number): number {
  return value < 1 ? 0 : 1 + Math.floor(Math.log2(value) * BUCKETS_PER_DOUBLING);
}

function lowerEdge(bucket: number): number {
  return bucket === 0 ? 0 : 2 ** ((bucket - 1) / BUCKETS_PER_DOUBLING);
}

function upperEdge(bucket: number): number {
  return 2 ** (bucket / BUCKETS_PER_DOUBLING);
}
