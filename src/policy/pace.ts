import type { PaceSettings } from '../config/config.js';

/** The pace of a client, and its meaning. */
export interface PaceReading {
  /** It works on the rows as they come. If false, it takes them as fast as it can. */
  readonly isSlow: boolean;
  /** Null if the client took everything before the pace could be measured. */
  readonly rowsPerSecond: number | null;
}

/** The part of a response that has been sent. */
export interface Progress {
  /** Rows, and bytes of their packets uncompressed. */
  readonly rows: number;
  readonly bytes: number;
  /** Bytes on the wire. */
  readonly wireBytes: number;
  /** The time for which the response has waited for its client, in ms. */
  readonly waitedMs: number;
  /** The time since its first row came, in ms. */
  readonly elapsedMs: number;
}

/** The highest rate of a program that counts as working row by row, in rows per second, for rows of this many bytes. */
export function maxStreamRate({ maxRowsPerSecond, maxBytesPerSecond }: PaceSettings, rowBytes: number): number {
  return Math.min(maxRowsPerSecond, maxBytesPerSecond / rowBytes);
}

/**
 * Judges how a client reads by the rows that it took in this many ms, while the response waited for nothing else.
 * @param leastRows the fewest rows that it can have taken; buffers on its side make the number uncertain
 * @param mostRows the most rows that it can have taken
 * @param maxRate see `maxStreamRate`
 * @returns null if both are possible
 */
export function judgePace(leastRows: number, mostRows: number, ms: number, maxRate: number): PaceReading | null {
  const maxRows = (maxRate * ms) / 1000;
  if (leastRows > maxRows) return { isSlow: false, rowsPerSecond: rateOf(leastRows, ms) };
  return mostRows <= maxRows ? { isSlow: true, rowsPerSecond: rateOf(mostRows, ms) } : null;
}

/** Rows per second. */
export function rateOf(rows: number, ms: number): number {
  return Math.round((rows * 1000) / Math.max(ms, 1));
}
