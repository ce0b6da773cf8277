import type { Took } from '../pace/clientProgress.js';

/** What a client that reads slowly is granted: little more than it takes from one look to the next. */
export class SlowReader {
  /** How long the next look is not due after the last one, in ms. */
  lookEveryMs = LOOK_EVERY_MS;
  /** How much may wait for it. */
  windowBytes = MIN_WINDOW_BYTES;

  /**
   * @param bytesPerMs what it takes, smoothed
   * @param refilledBytes where writing would be if it had always got most of what it took
   */
  constructor(private bytesPerMs: number, private refilledBytes: number) {}

  /**
   * It was looked at.
   * @param took what it took since the last look
   * @param writtenBytes what was written all in all
   * @param intervalMs the least time between two looks
   */
  seen({ bytes: tookBytes, bytesPerMs }: Took, writtenBytes: number, intervalMs: number): void {
    this.bytesPerMs = (this.bytesPerMs + bytesPerMs) / 2;
    this.lookEveryMs = tookBytes > 0 ? LOOK_EVERY_MS : Math.min(2 * this.lookEveryMs, MAX_LOOK_EVERY_MS);
    this.windowBytes = Math.max(MIN_WINDOW_BYTES, 2 * this.bytesPerMs * Math.max(intervalMs, LOOK_EVERY_MS));
    this.refilledBytes = Math.min(this.refilledBytes + REFILL * tookBytes, writtenBytes + this.windowBytes);
  }

  /** Up to where may be written, once it has taken so much all in all. */
  grantedBytes(takenBytes: number): number {
    return Math.max(takenBytes + this.windowBytes, this.refilledBytes);
  }

  /** How long to wait between two pieces of so many bytes, in ms. */
  stepMs(stepBytes: number, leastMs: number): number {
    return Math.min(LOOK_EVERY_MS, Math.max(leastMs, stepBytes / (STEP_AHEAD * this.bytesPerMs)));
  }
}

/** A slow client's steps come as fast as it takes them, and a little faster. */
const STEP_AHEAD = 1.25;
/** What a slow reader's window never falls below: about what has gone out when it is found to be one. */
const MIN_WINDOW_BYTES = 128 * 1024;
/** While more waits than the window, so much goes on of what the client takes: the server must see that it gets on. */
const REFILL = 0.9;
/** How often a slow reader is looked at, at the most; a reader that takes nothing at all is looked at less and less. */
const LOOK_EVERY_MS = 50;
const MAX_LOOK_EVERY_MS = 1000;
