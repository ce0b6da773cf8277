import type { Took } from '../pace/clientProgress.js';

/** The amounts that are granted to a slow client: little more than it takes from one look to the next. */
export class SlowReader {
  /** The time from one look to the next, in ms. */
  lookEveryMs = LOOK_EVERY_MS;
  /** The most bytes that may wait for it. */
  windowBytes = MIN_WINDOW_BYTES;
  /** The time until the next look is seen, in ms, for which the window was chosen. */
  private plannedMs = LOOK_EVERY_MS;

  /**
   * @param bytesPerMs its smoothed rate
   * @param refilledBytes the offset that writing would have reached if each look had granted the part `REFILL` of the
   * bytes that the client took
   */
  constructor(private bytesPerMs: number, private refilledBytes: number) {}

  /**
   * Notes a look that found bytes waiting.
   * @param took the bytes that it took since the last look
   * @param writtenBytes all bytes written so far
   * @param intervalMs the shortest time between two looks
   */
  fellBehind({ bytes: tookBytes, bytesPerMs }: Took, writtenBytes: number, intervalMs: number): void {
    this.lookEveryMs = tookBytes > 0 ? LOOK_EVERY_MS : Math.min(2 * this.lookEveryMs, MAX_LOOK_EVERY_MS);
    this.plan((this.bytesPerMs + bytesPerMs) / 2, intervalMs);
    this.refilledBytes = Math.min(this.refilledBytes + REFILL * tookBytes, writtenBytes + this.windowBytes);
  }

  /**
   * Notes a look that found nothing waiting. It may have become faster, so it gets twice as much in the same time.
   * Faster growth would make the server's connection grow, for good.
   */
  tookAll(writtenBytes: number, intervalMs: number): void {
    this.lookEveryMs = SOON_MS;
    this.plan(Math.min(2 * Math.max(this.bytesPerMs, LEAST_BYTES_PER_MS), MOST_BYTES_PER_MS), intervalMs);
    this.refilledBytes = writtenBytes;
  }

  /**
   * The offset up to which may be written. While a look is late, the client's rate goes on: the server must see
   * progress, and a client that has read everything in the meantime would seem to be a fast one.
   * @param takenBytes all bytes that it had taken at the last look
   * @param elapsedMs the time since then
   */
  grantedBytes(takenBytes: number, elapsedMs: number): number {
    const lateMs = Math.max(0, elapsedMs - this.plannedMs);
    return Math.max(takenBytes + this.windowBytes, this.refilledBytes) + REFILL * this.bytesPerMs * lateMs;
  }

  /** The time between two pieces of this size, in ms. */
  stepMs(stepBytes: number, leastMs: number): number {
    return Math.min(LOOK_EVERY_MS, Math.max(leastMs, stepBytes / (STEP_AHEAD * this.bytesPerMs)));
  }

  private plan(bytesPerMs: number, intervalMs: number): void {
    this.bytesPerMs = bytesPerMs;
    this.plannedMs = Math.max(intervalMs, LOOK_EVERY_MS);
    this.windowBytes = Math.max(MIN_WINDOW_BYTES, 2 * bytesPerMs * this.plannedMs);
  }
}

/** The steps of a slow client are a little faster than its own rate. */
const STEP_AHEAD = 1.25;
/** The smallest window of a slow reader: about as much as has gone out when it is found to be slow. */
const MIN_WINDOW_BYTES = 128 * 1024;
/**
 * The part of the client's rate at which bytes are granted while more of them wait than the window allows, or while a
 * look is late. So the server sees progress.
 */
const REFILL = 0.9;
/**
 * The shortest time between two looks at a slow reader. A reader that takes nothing at all is looked at less and less
 * often.
 */
const LOOK_EVERY_MS = 50;
/** The same for one that may have become faster. */
const SOON_MS = 20;
const MAX_LOOK_EVERY_MS = 1000;
/** The rates from which, and up to which, the rate of one that takes everything is doubled. */
const LEAST_BYTES_PER_MS = 80;
const MOST_BYTES_PER_MS = 4096;
