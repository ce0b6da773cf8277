import { type Cell, driverOf, limitBytes, workMsOf } from './cells.js';
import { READS_AT_ONCE } from './readsAtOnce.js';
import type { Outcome } from './reading.js';

/**
 * The expected outcome of a cell's reader; null if the reader looks like a buffering one, so that both outcomes are
 * good.
 */
export type Wanted = 'cut' | 'lived' | null;

/** A program with at least this much work for each row is recognized as streaming under any load. */
const SURE_MS = 1;

/** Every buffering reader has to be cut, and no streaming reader with at least 1 ms of work for each row. */
export const wantedOf = (cell: Cell): Wanted => {
  if (cell.reader === 'buffering') return 'cut';
  if (workMsOf(cell) < SURE_MS) return null;
  // Rows that the driver has read before the program works on the first one say nothing of the program.
  return READS_AT_ONCE.get(driverOf(cell).name)! < limitBytes(cell) ? 'lived' : null;
};

/** Whether an outcome is as expected. */
export const isGood = (cell: Cell, { end }: Outcome): boolean => {
  const wanted = wantedOf(cell);
  return end !== 'failed' && (wanted === null || end === wanted);
};
