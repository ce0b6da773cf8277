import { maxStreamRate } from '../../../src/policy/pace.js';
import { readConfig } from '../../../src/config/load.js';
import { type Cell, limitBytes, rowBytesOf, workMsOf } from './cells.js';
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
  return readsAtOnceBytes(cell.driver, rowBytes, BATCHES) < limitBytes(cell) ? 'lived' : null;
};

/**
 * Whether the first look at a buffering reader let it pass. The next one cuts it, after twice the rows. That may happen
 * only to a program with a quarter of a core: some drivers then take no more than a program that works on each row.
 */
export const wasLetPass = ({ reader }: Cell, { looks }: Outcome): boolean =>
  reader === 'buffering' && looks[0]?.isSlow === true;

/** Whether an outcome is as expected. */
export const isGood = (cell: Cell, outcome: Outcome): boolean => {
  const wanted = wantedOf(cell);
  if (cell.load !== 'throttled' && wasLetPass(cell, outcome)) return false;
  return outcome.end !== 'failed' && (wanted === null || outcome.end === wanted);
};
