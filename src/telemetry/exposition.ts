// Prometheus' text format, version 0.0.4.
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/

import type { Histogram, LabelledCount } from './instruments.js';

/** Collects metrics, each with its help and type, and writes them as text. */
export class Exposition {
  private readonly lines: string[] = [];

  /** One value that only grows. Its name ends in `_total`. */
  counter(name: string, help: string, value: number): void {
    this.head(name, help, 'counter');
    this.sample(name, {}, value);
  }

  /** Values that only grow, with labels. */
  counters(name: string, help: string, all: Iterable<LabelledCount>): void {
    this.head(name, help, 'counter');
    for (const { labels, count } of all) this.sample(name, labels, count);
  }

  /** One value that goes up and down. */
  gauge(name: string, help: string, value: number, labels: Labels = {}): void {
    this.head(name, help, 'gauge');
    this.sample(name, labels, value);
  }

  /** Values that go up and down, with labels. */
  gauges(name: string, help: string, all: Iterable<LabelledCount>): void {
    this.head(name, help, 'gauge');
    for (const { labels, count } of all) this.sample(name, labels, count);
  }

  /** Histograms of the same thing, each with its labels. */
  histograms(
    name: string, help: string, several: readonly { readonly labels: Labels; readonly histogram: Histogram }[],
  ): void {
    this.head(name, help, 'histogram');
    for (const { labels, histogram } of several) {
      let count = 0;
      for (const [index, bound] of [...histogram.bounds, Infinity].entries()) {
        count += histogram.counts[index] ?? 0;
        this.sample(`${name}_bucket`, { ...labels, le: numberText(bound) }, count);
      }
      this.sample(`${name}_sum`, labels, histogram.sum);
      this.sample(`${name}_count`, labels, count);
    }
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`;
  }

  private head(name: string, help: string, type: 'counter' | 'gauge' | 'histogram'): void {
    this.lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  private sample(name: string, labels: Labels, value: number): void {
    this.lines.push(`${name}${labelText(labels)} ${numberText(value)}`);
  }
}

type Labels = Readonly<Record<string, string>>;

/** The content type of the text that `Exposition` writes. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

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
