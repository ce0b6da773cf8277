import type { LogHistogram } from '../statistics/logHistogram.js';

/**
 * Draws a histogram as text: a line for each factor of 4, from the smallest to the largest value.
 * @param write writes the smallest value of a line
 */
export function bars(histogram: LogHistogram, write: (value: number) => string): string[] {
  const counts = new Map<number, number>();
  for (const { from, count } of histogram.buckets()) {
    // The edge of a bucket may be slightly below its power of 2.
    const step = from === 0 ? -1 : Math.floor(Math.log2(from * 1.001) / Math.log2(FACTOR));
    counts.set(step, (counts.get(step) ?? 0) + count);
  }
  const steps = [...counts.keys()];
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const most = Math.max(...counts.values());
  const lines: string[] = [];
  for (let step = first; step <= last; step += 1) {
    const found = counts.get(step) ?? 0;
    const label = write(step === -1 ? 0 : FACTOR ** step).padStart(9);
    lines.push(`${label}  ${'#'.repeat(Math.ceil((found / most) * WIDEST_BAR))}`.trimEnd());
  }
  return lines;
}

const WIDEST_BAR = 50;
/** The factor from line to line. With it, the lines' edges are edges of the histogram's buckets. */
const FACTOR = 4;
