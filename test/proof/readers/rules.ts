import { type Cell, driverOf, limitBytes, workMsOf } from './cells.js';
import { READS_AT_ONCE } from './readsAtOnce.js';
import type { Outcome } from './reading.js';

/** What has to come of a cell's reader; `null`: it cannot be told from one that buffers, so either will do. */
export type Wanted = 'cut' | 'lived' | null;

/** Who works so long on each row is told from one that buffers, whatever else the machine has to do. */
const SURE_MS = 1;

/** No buffering reader is let through, and no streaming one with a ms of work on a row is cut. */
export const wantedOf = (cell: Cell): Wanted => {
  if (cell.reader === 'buffering') return 'cut';
  if (workMsOf(cell) < SURE_MS) return null;
  // Rows that the driver has in its hands before the program works on the first of them say nothing of the program.
  return READS_AT_ONCE.get(driverOf(cell).name)! < limitBytes(cell) ? 'lived' : null;
};

/** Whether an outcome is what the rules want. */
export const isGood = (cell: Cell, { end }: Outcome): boolean => {
  const wanted = wantedOf(cell);
  return end !== 'failed' && (wanted === null || end === wanted);
};
