/** Durations in ms. */
export interface Times {
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** @param took in ms; at least one, in any order */
export const timesOf = (took: readonly number[]): Times => {
  const sorted = Float64Array.from(took).sort();
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
  return { medianMs: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: sorted[sorted.length - 1]! };
};
