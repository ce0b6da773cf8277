/** A value, with its labels. */
export interface LabelledCount {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
  /** Absent if none is known. */
  readonly exemplar?: Exemplar;
}

/** One of the events that were counted: the last one with a trace that its application records. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  /** 1 for an event of a counter, else the value in a histogram. */
  readonly value: number;
  /** The time at which it was counted, in ms since 1970. */
  readonly atMs: number;
}

interface Entry {
  readonly values: readonly string[];
  count: number;
  exemplar: Exemplar | null;
}

/** A value for each set of label values. For rare events only: each update looks up a text. */
abstract class Vector {
  private readonly entries = new Map<string, Entry>();

  /** @param labels the names, in the order in which values are given */
  constructor(readonly labels: readonly string[]) {}

  /** Removes the entries with another value of the first label than these. */
  retain(firstValues: ReadonlySet<string>): void {
    for (const [key, { values }] of this.entries) {
      if (!firstValues.has(values[0] ?? '')) this.entries.delete(key);
    }
  }

  /** All entries, in the order of their first use. */
  *all(): Generator<LabelledCount> {
    for (const { values, count, exemplar } of this.entries.values()) {
      const labels = Object.fromEntries(this.labels.map((label, index) => [label, values[index] ?? '']));
      yield exemplar === null ? { labels, count } : { labels, count, exemplar };
    }
  }

  protected entryOf(values: readonly string[]): Entry {
    const key = values.join('\0');
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { values, count: 0, exemplar: null };
      this.entries.set(key, entry);
    }
    return entry;
  }
}

/** A counter for each set of label values. */
export class CounterVector extends Vector {
  /** Shows a counter before it first counts. To Prometheus, a counter that first appears at 1 has never grown. */
  declare(...values: readonly string[]): void {
    this.entryOf(values);
  }

  increment(...values: readonly string[]): void {
    this.add(1, ...values);
  }

  /** Counts an event, and keeps its trace as an example; null if it has no trace to show. */
  incrementBy(exemplar: Exemplar | null, ...values: readonly string[]): void {
    const entry = this.entryOf(values);
    entry.count += 1;
    entry.exemplar = exemplar ?? entry.exemplar;
  }

  add(amount: number, ...values: readonly string[]): void {
    this.entryOf(values).count += amount;
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
  /** One count for each bound, and one for values above the last bound. A value counts in one bucket only. */
  readonly counts: Float64Array;
  /** For each bucket the last value with a trace, or null; null as long as no bucket has one. */
  exemplars: (Exemplar | null)[] | null = null;

  /** @param bounds the largest value of each bucket, ascending */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    this.counts[this.bucketOf(value)]! += 1;
    this.sum += value;
  }

  /** Keeps an observed value, with its trace, as an example of its bucket. */
  exemplify(exemplar: Exemplar): void {
    this.exemplars ??= Array.from(this.counts, () => null);
    this.exemplars[this.bucketOf(exemplar.value)] = exemplar;
  }

  private bucketOf(value: number): number {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
    return bucket;
  }
}
