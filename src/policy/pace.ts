import type { PaceSettings } from '../config/config.js';

/** How fast a client has taken rows, and what that says of how it reads. */
export interface PaceReading {
  /** It works on the rows as they come; otherwise it takes them as fast as it can. */
  readonly isSlow: boolean;
  /** Null where the client took all it was given before anybody could look. */
  readonly rowsPerSecond: number | null;
}

/** What has been sent of a response. */
export interface Progress {
  /** Rows, and bytes of their packets uncompressed. */
  readonly rows: number;
  readonly bytes: number;
  /** Bytes on the wire, in which the rows lie. */
  readonly wireBytes: number;
  /** How long it has waited for its client, in ms. */
  readonly waitedMs: number;
  /** How long ago its first row came, in ms. */
  readonly elapsedMs: number;
}

/**
 * The highest rate at which a program is taken for one that works row by row, in rows per second, for rows of so many
 * bytes.
 */
export function maxStreamRate({ maxRowsPerSecond, maxBytesPerSecond }: PaceSettings, rowBytes: number): number {
  return Math.min(maxRowsPerSecond, maxBytesPerSecond / rowBytes);
}

/**
 * Judges how a client reads by what it took in so many ms while the response waited for nothing else.
 * @param leastRows so many it took at least; what lies in buffers on its side may be less or more
 * @param mostRows so many at the most
 * @param maxRate see `maxStreamRate`
 * @returns null where it may be either
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
