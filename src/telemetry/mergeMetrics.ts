import type { Family, HistogramPoint, Labels, Point } from './familyList.js';
import type { Exemplar } from './instruments.js';

/**
 * Merges the metrics of several processes. A new metric is merged without any change here.
 * @param processes the first is the primary
 */
export function mergeMetrics(processes: readonly (readonly Family[])[]): Family[] {
  const merged = new Map<string, Family>();
  for (const family of processes.flat()) {
    const { name } = family;
    const known = merged.get(name);
    if (known === undefined) merged.set(name, family);
    else if (known.type === 'histogram' && family.type === 'histogram') {
      merged.set(name, { ...known, points: mergePoints(known.points, family.points, sumOf) });
    } else if (known.type !== 'histogram' && family.type !== 'histogram') {
      const merge = (one: Point, other: Point): Point =>
        ({ ...one, value: mergeValues(name, one.value, other.value), ...newerExemplar(one, other) });
      merged.set(name, { ...known, points: mergePoints(known.points, family.points, merge) });
    }
  }
  return [...merged.values()];
}

/** The metrics whose value is taken from the first process. Metrics that are named nowhere here are added up. */
const KEPT_OF_FIRST = new Set([
  'sluice_build_info', 'sluice_ready', 'sluice_budget_limit_bytes', 'process_start_time_seconds',
]);
/** Metrics whose largest value counts: the process nearest to its bound. A sum would hide it. */
const LARGEST = /^(sluice_event_loop_delay_|process_open_fds$|process_max_fds$)/;
/** Metrics whose smallest value counts. */
const SMALLEST: ReadonlySet<string> = new Set(['sluice_upstream_up']);

function mergePoints<T extends { readonly labels: Labels; readonly attributes?: Labels }>(
  some: readonly T[], others: readonly T[], merge: (one: T, other: T) => T,
): T[] {
  const points = new Map<string, T>();
  for (const point of [...some, ...others]) {
    const key = JSON.stringify([point.labels, point.attributes]);
    const known = points.get(key);
    points.set(key, known === undefined ? point : merge(known, point));
  }
  return [...points.values()];
}

function newerExemplar({ exemplar: one }: Point, { exemplar: other }: Point): Pick<Point, 'exemplar'> {
  const exemplar = newerOf(one, other);
  return exemplar === null ? {} : { exemplar };
}

function newerOf(one: Exemplar | null = null, other: Exemplar | null = null): Exemplar | null {
  return one !== null && one.atMs > (other?.atMs ?? 0) ? one : other;
}

function mergeValues(name: string, one: number, other: number): number {
  if (KEPT_OF_FIRST.has(name)) return one;
  if (SMALLEST.has(name)) return Math.min(one, other);
  return LARGEST.test(name) ? Math.max(one, other) : one + other;
}

/** All processes are of one version, so that a histogram has the same bounds in each. */
function sumOf(one: HistogramPoint, other: HistogramPoint): HistogramPoint {
  const counts = one.counts.map((count, index) => count + (other.counts[index] ?? 0));
  const merged = { ...one, counts, sum: one.sum + other.sum };
  if (one.exemplars === undefined && other.exemplars === undefined) return merged;
  return { ...merged, exemplars: counts.map((_, index) => newerOf(one.exemplars?.[index], other.exemplars?.[index])) };
}

/** Histograms by their labels alone: those that differ only in attributes are added up. */
export function byLabels(points: readonly HistogramPoint[]): HistogramPoint[] {
  return mergePoints(points.map(({ attributes: _, ...point }) => point), [], sumOf);
}

/** The metrics that only grow. They stay true after the process has ended. */
export function onlyCounters(families: readonly Family[]): Family[] {
  return families.filter(({ type }) => type !== 'gauge');
}
