import type { Family, HistogramPoint, Labels } from './familyList.js';
import type { Exemplar } from './instruments.js';
import { byLabels } from './mergeMetrics.js';

/**
 * Metrics in Prometheus' text format, version 0.0.4.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function exposition(families: readonly Family[]): string {
  return families.map((family) => textOf(linesOf(family, family.name))).join('');
}

/**
 * The same in OpenMetrics' format, version 1.0.0. There counters and buckets have exemplars: the traces of their last
 * events.
 * Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export function openMetrics(families: readonly Family[]): string {
  const texts = families.map((family) => {
    // OpenMetrics names a counter without `_total`, and escapes quotation marks in its help.
    const { name, help, type } = family;
    const head = { ...family, help: help.replaceAll('"', '\\"') };
    return textOf(linesOf(head, type === 'counter' ? name.replace(/_total$/, '') : name, exemplarText));
  });
  return `${texts.join('')}# EOF\n`;
}

/** The content type of what `exposition` makes. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** The content type of what `openMetrics` makes. */
export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Whether a scraper with this header `Accept` prefers no other format to OpenMetrics. */
export function wantsOpenMetrics(accept: string): boolean {
  const wish = qualityOf(accept, 'application/openmetrics-text');
  return wish > 0 && wish >= qualityOf(accept, 'text/plain');
}

/** The weight of a media type (RFC 9110, 12.5.1): from 0 to 1. */
function qualityOf(accept: string, mediaType: string): number {
  const wishes = accept.toLowerCase().split(',').map((range) => range.split(';').map((part) => part.trim()))
    .filter(([type]) => type === mediaType)
    .map(([, ...parameters]) => Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1));
  return Math.max(0, ...wishes.filter(Number.isFinite));
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

/** @param suffixOf returns the text after a sample that has, or may have, an exemplar */
function linesOf(family: Family, familyName: string, suffixOf: SuffixOf = () => ''): string[] {
  const { name, help, type } = family;
  const samples = family.type === 'histogram'
    ? byLabels(family.points).flatMap((point) => histogramLines(name, point, suffixOf))
    : family.points.map(({ labels, value, exemplar }) => `${sample(name, labels, value)}${suffixOf(exemplar)}`);
  return [`# HELP ${familyName} ${help}`, `# TYPE ${familyName} ${type}`, ...samples];
}

type SuffixOf = (exemplar: Exemplar | null | undefined) => string;

const exemplarText: SuffixOf = (exemplar) => {
  if (exemplar === undefined || exemplar === null) return '';
  const { traceId, spanId, value, atMs } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${atMs / 1000}`;
};

function histogramLines(name: string, point: HistogramPoint, suffixOf: SuffixOf): string[] {
  const { labels, bounds, counts, sum, exemplars } = point;
  let count = 0;
  const buckets = [...bounds, Infinity].map((bound, index) => {
    count += counts[index] ?? 0;
    return `${sample(`${name}_bucket`, { ...labels, le: numberText(bound) }, count)}${suffixOf(exemplars?.[index])}`;
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
