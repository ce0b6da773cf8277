import type { Exemplar, Histogram, LabelledCount } from './instruments.js';

/** Collects metrics as they are read, each with its help and type. Prometheus' text and OTLP are made from them. */
export class FamilyList {
  readonly families: Family[] = [];

  /** One value that only grows. Its name ends in `_total`. */
  counter(name: string, help: string, value: number): void {
    this.families.push({ name, help, type: 'counter', points: [{ labels: {}, value }] });
  }

  /** Values that only grow, with labels. */
  counters(name: string, help: string, all: Iterable<LabelledCount>): void {
    this.families.push({ name, help, type: 'counter', points: pointsOf(all) });
  }

  /** One value that goes up and down. */
  gauge(name: string, help: string, value: number, labels: Labels = {}): void {
    this.families.push({ name, help, type: 'gauge', points: [{ labels, value }] });
  }

  /** Values that go up and down, with labels. */
  gauges(name: string, help: string, all: Iterable<LabelledCount>): void {
    this.families.push({ name, help, type: 'gauge', points: pointsOf(all) });
  }

  /** Histograms of the same thing, each with its labels. */
  histograms(
    name: string, help: string, several: readonly (Labelled & { readonly histogram: Histogram })[],
  ): void {
    const points = several.map(({ histogram: { bounds, counts, sum, exemplars }, ...labelled }) => ({
      ...labelled, bounds, counts: [...counts], sum, ...(exemplars === null ? {} : { exemplars: [...exemplars] }),
    }));
    this.families.push({ name, help, type: 'histogram', points });
  }
}

/** The metrics of one name, at one moment. */
export type Family =
  | { readonly name: string; readonly help: string; readonly type: 'counter' | 'gauge'; readonly points: Point[] }
  | { readonly name: string; readonly help: string; readonly type: 'histogram'; readonly points: HistogramPoint[] };

export type Labels = Readonly<Record<string, string>>;

export interface Point {
  readonly labels: Labels;
  readonly value: number;
  readonly exemplar?: Exemplar;
}

/** The labels by which a histogram differs from others of its metric. */
interface Labelled {
  readonly labels: Labels;
  /** Further labels, which only OpenTelemetry gets; Prometheus gets one histogram for all that differ in them alone. */
  readonly attributes?: Labels;
}

export interface HistogramPoint extends Labelled {
  /** The largest value of each bucket, ascending. */
  readonly bounds: readonly number[];
  /** One count for each bound, and one for values above the last bound. A value counts in one bucket only. */
  readonly counts: readonly number[];
  readonly sum: number;
  /** One for each count, or null; absent if no bucket has one. */
  readonly exemplars?: readonly (Exemplar | null)[];
}

function pointsOf(all: Iterable<LabelledCount>): Point[] {
  return Array.from(all, ({ count, ...rest }) => ({ ...rest, value: count }));
}
