import type { LogHistogram } from '../statistics/logHistogram.js';

/**
 * Pictures a histogram: a line for each four-fold from the smallest to the largest value.
 * @param write how a line's least value is shown
 */
export function bars(histogram: LogHistogram, write: (value: number) => string): string[] {
  const counts = new Map<number, number>();
  for (const { from, count } of histogram.buckets()) {
    // A bucket's edge may be a hair below the power of 2 that it stands for.
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
    lines.push(`${label}  ${'#'.repeat(Math.ceil((found / most) * widestBar))}`.trimEnd());
  }
  return lines;
}

const widestBar = 50;
/** A line of the picture for each four-fold, so that its edges are edges of the histogram's buckets. */
const FACTOR = 4;
