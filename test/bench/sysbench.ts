/** The figures in a report of sysbench, run with --histogram=on. */
export interface SysbenchReport {
  readonly queries: number;
  /** Queries per second. */
  readonly rate: number;
  readonly meanMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/**
 * Reads a report. sysbench prints only one percentile itself, so percentiles come from its histogram.
 * @throws when a figure is missing
 */
export const parseSysbench = (report: string): SysbenchReport => {
  const number = (pattern: RegExp): number => {
    const found = pattern.exec(report)?.[1];
    if (found === undefined) throw new Error(`sysbench reported nothing like ${String(pattern)}:\n${report}`);
    return Number(found);
  };
  // "       0.051 |*****                                    123"
  const histogram = [...report.matchAll(/^\s*([\d.]+) \|\**\s*(\d+)\s*$/gm)]
    .map((line) => ({ ms: Number(line[1]), count: Number(line[2]) }));
  return {
    queries: number(/^\s*total:\s+(\d+)/m),
    rate: number(/^\s*queries:\s+\d+\s+\(([\d.]+) per sec/m),
    meanMs: number(/^\s*avg:\s+([\d.]+)/m),
    p95Ms: percentile(histogram, 0.95),
    p99Ms: percentile(histogram, 0.99),
  };
};

const percentile = (histogram: readonly { ms: number; count: number }[], part: number): number => {
  let left = part * histogram.reduce((sum, { count }) => sum + count, 0);
  for (const { ms, count } of histogram) {
    left -= count;
    if (left <= 0) return ms;
  }
  throw new Error('sysbench reported no histogram');
};
