/** A value, with its labels. */
export interface LabelledCount {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
}

/** A value for each set of label values. For things that happen seldom: an entry costs a look-up by text. */
abstract class Vector {
  private readonly entries = new Map<string, { readonly values: readonly string[]; count: number }>();

  /** @param labels their names, in the order in which their values are given */
  constructor(readonly labels: readonly string[]) {}

  /** Forgets the entries whose value of the first label is none of these. */
  retain(firstValues: ReadonlySet<string>): void {
    for (const [key, { values }] of this.entries) {
      if (!firstValues.has(values[0] ?? '')) this.entries.delete(key);
    }
  }

  /** All entries, in the order in which they came up. */
  *all(): Generator<LabelledCount> {
    for (const { values, count } of this.entries.values()) {
      yield { labels: Object.fromEntries(this.labels.map((label, index) => [label, values[index] ?? ''])), count };
    }
  }

  protected entryOf(values: readonly string[]): { count: number } {
    const key = values.join('\0');
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { values, count: 0 };
      this.entries.set(key, entry);
    }
    return entry;
  }
}

/** A counter for each set of label values. */
export class CounterVector extends Vector {
  /** Lets a counter be seen before it first counts: what appears at 1 looks to Prometheus as if it had never grown. */
  declare(...values: readonly string[]): void {
    this.entryOf(values);
  }

  increment(...values: readonly string[]): void {
    this.entryOf(values).count += 1;
  }
}

/** A value that goes up and down for each set of label values. */
export class GaugeVector extends Vector {
  set(value: number, ...values: readonly string[]): void {
    this.entryOf(values).count = value;
  }
}

/** Counts values by size, in buckets of fixed bounds. An observation allocates nothing. */
export class Histogram {
  sum = 0;
  /** One for each bound, and one for what is beyond the last; each counts only what is in none before it. */
  readonly counts: Float64Array;

  /** @param bounds the largest value of each bucket, ascending */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
    this.counts[bucket]! += 1;
    this.sum += value;
  }
}
