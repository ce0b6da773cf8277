import { CounterVector, GaugeVector, Histogram } from '../../src/telemetry/instruments.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import type { ProxyStatus } from '../../src/telemetry/status.js';

// Sums of the counts of several processes.

/** The sum of the counts of several processes. Gauges are left out. */
export const sumOfMetrics = (all: readonly Metrics[]): Metrics => {
  const sum = new Metrics();
  for (const one of all) addTo(sum as unknown as Counts, one as unknown as Counts);
  return sum;
};

type Counts = Record<string, unknown>;

const addTo = (sum: Counts, counts: Counts): void => {
  for (const [key, value] of Object.entries(counts)) {
    const own = sum[key];
    if (typeof value === 'number') sum[key] = own as number + value;
    else if (value instanceof Float64Array) addCounts(own as Float64Array, value);
    else if (value instanceof CounterVector) addVector(own as CounterVector, value);
    else if (value instanceof Histogram) addHistogram(own as Histogram, value);
    else if (!(value instanceof GaugeVector)) addTo(own as Counts, value as Counts);
  }
};

const addVector = (sum: CounterVector, counts: CounterVector): void => {
  for (const { labels, count } of counts.all()) sum.add(count, ...counts.labels.map((label) => labels[label]!));
};

const addHistogram = (sum: Histogram, one: Histogram): void => {
  sum.sum += one.sum;
  addCounts(sum.counts, one.counts);
};

const addCounts = (sum: Float64Array, counts: Float64Array): void => {
  for (const [index, count] of counts.entries()) sum[index]! += count;
};

/** The sum of the status of two processes. */
export const sumOfStatus = (one: ProxyStatus, other: ProxyStatus): ProxyStatus => ({
  ...one,
  openSessions: one.openSessions + other.openSessions,
  stalledSessions: one.stalledSessions + other.stalledSessions,
  clientlessDrains: one.clientlessDrains + other.clientlessDrains,
  budgetUsedBytes: one.budgetUsedBytes + other.budgetUsedBytes,
  droppedSamples: one.droppedSamples + other.droppedSamples,
});
