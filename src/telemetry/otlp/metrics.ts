import type { Family, HistogramPoint, Labels } from '../familyList.js';
import type { Exemplar } from '../instruments.js';
import { keyValues, unixNano } from './json.js';
import type { Item } from './itemQueue.js';
import { world } from '../../world/world.js';

/**
 * Converts a reading of all metrics to one item. Values that are not finite, such as "no limit", are left out.
 * Source: https://github.com/open-telemetry/opentelemetry-proto, metrics.proto
 * @param nowMs the time of the reading, in ms since 1970
 */
export function metricsItem(families: readonly Family[], nowMs: number): Item {
  const times = { startTimeUnixNano: unixNano(world.startedAtMs), timeUnixNano: unixNano(nowMs) };
  const metrics = families.map((family) => metricOf(family, times)).filter(({ points }) => points.length > 0);
  return {
    text: metrics.map(({ head, kind, points, rest }) =>
      JSON.stringify({ ...head, [kind]: { dataPoints: points, ...rest } })).join(','),
    count: metrics.reduce((sum, { points }) => sum + points.length, 0),
  };
}

/** Values count from the start of the program, not from the last reading. */
const CUMULATIVE = 2;

/** A metric's name and unit in OpenTelemetry. */
export interface OtelName {
  readonly name: string;
  /** In UCUM; empty for a count. "1" would be a ratio. */
  readonly unit: string;
}

/** Metrics that have a name in OpenTelemetry's conventions, and metrics of the same kind. */
const NAMES: Readonly<Record<string, OtelName>> = {
  'sluice_result_rows': { name: 'db.client.response.returned_rows', unit: '{row}' },
  'sluice_result_bytes': { name: 'sluice.result.size', unit: 'By' },
  'process_cpu_seconds_total': { name: 'process.cpu.time', unit: 's' },
  'process_resident_memory_bytes': { name: 'process.memory.usage', unit: 'By' },
  'process_open_fds': { name: 'process.unix.file_descriptor.count', unit: '{file_descriptor}' },
  'process_max_fds': { name: 'process.unix.file_descriptor.limit', unit: '{file_descriptor}' },
};

const UNITS: Readonly<Record<string, string>> = { bytes: 'By', seconds: 's' };

/**
 * A metric's name in OpenTelemetry's style: a dot after `sluice` or `process`, no unit and no `total`. Prometheus
 * translates it back to the original name, except for the metrics in `NAMES`.
 */
export function otelNameOf(prometheusName: string): OtelName {
  const known = NAMES[prometheusName];
  if (known !== undefined) return known;
  const [, space = '', name = '', unit = ''] =
    /^(sluice|process)_(.*?)(?:_(bytes|seconds))?(?:_total)?$/.exec(prometheusName) ?? [];
  return { name: `${space}.${name}`, unit: UNITS[unit] ?? '' };
}

interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

interface Metric {
  readonly head: { readonly name: string; readonly unit: string; readonly description: string };
  readonly kind: 'sum' | 'gauge' | 'histogram';
  readonly points: readonly object[];
  readonly rest: object;
}

function metricOf(family: Family, times: Times): Metric {
  const { name, unit } = otelNameOf(family.name);
  const head = { name, unit, description: family.help };
  const of = (labels: Labels) => ({ attributes: keyValues(labels), ...times });
  if (family.type === 'histogram') {
    const points = inUse(family.points).map(({ labels, attributes, bounds, counts, sum, exemplars = [] }) => ({
      ...of({ ...labels, ...attributes }), count: String(countIn(counts)), sum,
      explicitBounds: bounds, bucketCounts: counts.map(String), ...exemplarsOf(exemplars),
    }));
    return { head, kind: 'histogram', points, rest: { aggregationTemporality: CUMULATIVE } };
  }
  const points = family.points.filter(({ value }) => Number.isFinite(value))
    .map(({ labels, value, exemplar }) => ({ ...of(labels), ...numberOf(value, unit), ...exemplarsOf([exemplar]) }));
  if (family.type === 'gauge') return { head, kind: 'gauge', points, rest: {} };
  return { head, kind: 'sum', points, rest: { aggregationTemporality: CUMULATIVE, isMonotonic: true } };
}

/**
 * Leaves out empty histograms that share their attributes only with empty ones: those of a kind of server that is not
 * there.
 */
function inUse(points: readonly HistogramPoint[]): readonly HistogramPoint[] {
  const keyOf = ({ attributes }: HistogramPoint) => JSON.stringify(attributes);
  const used = new Set(points.filter(({ attributes, counts }) => !attributes || countIn(counts) > 0).map(keyOf));
  return points.filter((point) => used.has(keyOf(point)));
}

function countIn(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

function exemplarsOf(all: readonly (Exemplar | null | undefined)[]): object {
  const known = all.filter((exemplar) => exemplar !== undefined && exemplar !== null);
  const exemplars = known.map(({ traceId, spanId, value, atMs }) =>
    ({ timeUnixNano: unixNano(atMs), asInt: String(value), traceId, spanId }));
  return exemplars.length === 0 ? {} : { exemplars };
}

/** Seconds have fractions; all values of a metric are of one kind. */
function numberOf(value: number, unit: string): object {
  return unit === 's' ? { asDouble: value } : { asInt: String(value) };
}
