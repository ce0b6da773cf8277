import type { Machine } from './machine.js';

/** The measured quantities. */
export const METRICS = {
  cpuPerGb: { name: 'CPU', unit: 's/GB' },
  throughput: { name: 'throughput', unit: 'GB/s' },
  rate: { name: 'rate', unit: '1/s' },
  meanMs: { name: 'mean', unit: 'ms' },
  medianMs: { name: 'median', unit: 'ms' },
  p95Ms: { name: '95 %', unit: 'ms' },
  p99Ms: { name: '99 %', unit: 'ms' },
  maxMs: { name: 'most', unit: 'ms' },
  addedMs: { name: 'median above that below the limit', unit: 'ms' },
  addedMaxMs: { name: 'most above that alone', unit: 'ms' },
  cpuPerQuery: { name: 'CPU per query', unit: 'µs' },
  sessionRate: { name: 'sessions', unit: '1/s' },
  cpuPerSession: { name: 'CPU per session', unit: 'µs' },
  idleMemory: { name: 'memory per session', unit: 'KiB' },
  stalledMemory: { name: 'memory per session', unit: 'KiB' },
  memory: { name: 'memory', unit: 'MiB' },
  cpu: { name: 'CPU', unit: 's' },
  slowestRate: { name: 'slowest reader that lives', unit: 'KB/s' },
} as const;

export type Metric = keyof typeof METRICS;

/** The metrics of some series, each once, in the order of the list above. */
export const metricsOf = (series: readonly Series[]): Metric[] => {
  const there = new Set(series.map(({ metric }) => metric));
  return (Object.keys(METRICS) as Metric[]).filter((metric) => there.has(metric));
};

/** One measured value. */
export interface Reading {
  readonly metric: Metric;
  readonly value: number;
}

/** All rounds' values of one metric, of one competitor, under one load. */
export interface Series {
  readonly section: string;
  /** The load. */
  readonly subject: string;
  readonly competitor: string;
  readonly metric: Metric;
  /** The series' position on a curve: bytes or sessions. */
  readonly x?: number;
  /** One for each round. */
  readonly values: number[];
}

/** A competitor and a load under which it could not be measured. */
export interface Failure {
  readonly section: string;
  readonly subject: string;
  readonly competitor: string;
  readonly reason: string;
}

/** A run, as it is stored. */
export interface Run {
  /** ISO 8601, UTC. */
  readonly date: string;
  /** Whether the loads were small, which only shows that the suite works. */
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly machine: Machine;
  /** By name; "source" is the revision that was measured. */
  readonly versions: Readonly<Record<string, string>>;
  /** The reference competitor of each section. */
  readonly references: Readonly<Record<string, string>>;
  readonly series: readonly Series[];
  readonly failures: readonly Failure[];
}

/** Collects the values of a run. */
export class Recorder {
  readonly series: Series[] = [];
  readonly failures: Failure[] = [];

  add(place: Pick<Series, 'section' | 'subject' | 'competitor' | 'x'>, readings: readonly Reading[]): void {
    for (const { metric, value } of readings) {
      const known = this.series.find((series) => series.metric === metric && isAt(series, place));
      if (known === undefined) this.series.push({ ...place, metric, values: [value] });
      else known.values.push(value);
    }
  }

  fail(failure: Failure): void {
    if (!this.failures.some((known) => isAt(known, failure))) this.failures.push(failure);
  }
}

const isAt = (a: Omit<Failure, 'reason'>, b: Omit<Failure, 'reason'>): boolean =>
  a.section === b.section && a.subject === b.subject && a.competitor === b.competitor;

/** The middle value; of an even number, the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
};

/**
 * The ratio of a competitor to the reference: the median of the ratios of each round, since a disturbance hits
 * neighbours within a round alike. Null when there is no reference.
 */
export const ratio = (own: Series, reference: Series | undefined): number | null => {
  if (reference === undefined) return null;
  const ratios = own.values.flatMap((value, round) => {
    const other = reference.values[round];
    return other === undefined || other === 0 ? [] : [value / other];
  });
  return ratios.length === 0 ? null : median(ratios);
};

/** The series of `reference` under the same load. */
export const referenceOf = (run: Run, series: Series): Series | undefined =>
  run.series.find((other) =>
    other.metric === series.metric && isAt(other, { ...series, competitor: run.references[series.section] ?? '' }));
