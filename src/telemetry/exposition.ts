import type { Family, HistogramPoint, Labels } from './familyList.js';

/**
 * Metrics in Prometheus' text format, version 0.0.4.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function exposition(families: readonly Family[]): string {
  return families.map((family) => `${linesOf(family).join('\n')}\n`).join('');
}

/** The content type of that text. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

function linesOf(family: Family): string[] {
  const { name, help, type } = family;
  const samples = family.type === 'histogram'
    ? family.points.flatMap((point) => histogramLines(name, point))
    : family.points.map(({ labels, value }) => sample(name, labels, value));
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples];
}

function histogramLines(name: string, { labels, bounds, counts, sum }: HistogramPoint): string[] {
  let count = 0;
  const buckets = [...bounds, Infinity].map((bound, index) => {
    count += counts[index] ?? 0;
    return sample(`${name}_bucket`, { ...labels, le: numberText(bound) }, count);
  });
  return [...buckets, sample(`${name}_sum`, labels, sum), sample(`${name}_count`, labels, count)];
}

function sample(name: string, labels: Labels, value: number): string {
  return `${name}${labelText(labels)} ${numberText(value)}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : 'NaN';
}
