import { maxStreamRate } from '../../../src/policy/pace.js';
import { readConfig } from '../../../src/config/load.js';
import { type Cell, driverOf, limitBytes, rowBytesOf, workMsOf } from './cells.js';
import { readsAtOnceBytes } from './readsAtOnce.js';
import type { Outcome } from './reading.js';

/**
 * The expected outcome of a cell's reader; null if the reader looks like a buffering one, so that both outcomes are
 * good.
 */
export type Wanted = 'cut' | 'lived' | null;

/** A program with at least this much work for each row is recognized as streaming under any load. */
const SURE_MS = 1;
/** A driver that asks for hundreds of rows takes the next ones in a burst, too. */
const BATCHES = 2;
const { pace: PACE } = readConfig({ upstream: 'db' }).streaming;

/** Whether rows are so large that the bytes in a second tell streams from other readers, and not the rows. */
const areWide = (rowBytes: number): boolean => maxStreamRate(PACE, rowBytes) < PACE.maxRowsPerSecond;

/**
 * Every buffering reader has to be cut, and no streaming reader with at least 1 ms of work for each row that takes no
 * more than a slow buffering one may: with rows of 100 KB, both take 200 to 3,000 rows a second.
 */
export const wantedOf = (cell: Cell): Wanted => {
  if (cell.reader === 'buffering') return 'cut';
  const workMs = workMsOf(cell);
  const rowBytes = rowBytesOf(cell);
  if (workMs < SURE_MS || 1000 / workMs > maxStreamRate(PACE, rowBytes)) return null;
  // Rows that the driver has read before the program works on the first one say nothing of the program.
  return readsAtOnceBytes(driverOf(cell).name, rowBytes, BATCHES) < limitBytes(cell) ? 'lived' : null;
};

/**
 * Whether an outcome is as expected. A buffering reader has to be cut at the first look. Where rows are wide, a slow one
 * may take no more than a program that works for 5 ms on a row. Then the next look cuts it.
 */
export const isGood = (cell: Cell, { end, looks }: Outcome): boolean => {
  const wanted = wantedOf(cell);
  const isAdmitted = cell.reader === 'buffering' && looks[0]?.isSlow === true && !areWide(rowBytesOf(cell));
  return end !== 'failed' && !isAdmitted && (wanted === null || end === wanted);
};
