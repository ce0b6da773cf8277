import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** Lets bytes out step by step. While a step is under way, nothing more goes out. */
export class Steps {
  /** The length of a step of one piece, in ms. */
  everyMs = STEP_MS;
  private timer: Timer | null = null;
  /** The number of bytes written when the last step began; null if none has begun since the last `stop`. */
  private fromBytes: number | null = null;
  /** The part of the next steps' time that has already passed, in ms. */
  private lateMs = 0;

  /**
   * @param isServerFar whether the server is on another host
   * @param done is called at the end of a step
   */
  constructor(private readonly isServerFar: boolean, private readonly done: () => void) {}

  get isUnderWay(): boolean {
    return this.timer !== null;
  }

  /** From here on, steps are for a client not yet known to read. */
  restart(): void {
    this.stop();
    this.everyMs = this.isServerFar ? FAR_STEP_MS : STEP_MS;
  }

  /**
   * Begins a step for the bytes written since the last one began, unless one is under way. The first step, also after
   * `stop`, is for a single piece: the bytes that went out before it did not go in steps. If the last one was so late
   * that this one would already be over, no step begins. Encrypted bytes come in larger pieces, for longer steps.
   */
  begin(writtenBytes: number): void {
    if (this.timer !== null) return;
    const bytes = writtenBytes - (this.fromBytes ?? writtenBytes);
    const restMs = this.everyMs * Math.max(1, bytes / STEP_BYTES) - this.lateMs;
    this.fromBytes = writtenBytes;
    this.lateMs = Math.max(0, -restMs);
    if (restMs <= 0) return;
    const dueMs = world.nowMs() + restMs;
    this.timer = world.after(restMs, () => {
      this.timer = null;
      const maxLateMs = this.isServerFar ? FAR_MAX_LATE_MS : MAX_LATE_MS;
      this.lateMs = Math.min(maxLateMs, Math.max(0, world.nowMs() - dueMs));
      this.done();
    });
  }

  stop(): void {
    world.cancel(this.timer);
    this.timer = null;
    this.fromBytes = null;
    this.lateMs = 0;
  }
}

/**
 * The size of a read until the client is known to read, and always for a slow client. Linux lets the server's send
 * buffer grow with the size of reads.
 */
export const STEP_BYTES = 8 * 1024;
/** The length of a step for a client that takes what comes, in ms. */
export const STEP_MS = 1;
/**
 * The same for a client not yet known to read, if the server is on another host. Linux lets a receive buffer grow, for
 * good, with the bytes that are read from it within a round trip, and at first it assumes a round trip of some ms. With
 * 1 ms, 11 of 30 buffers grew to 0.2 to 4 MB, with 3 ms 5 of 40, with 4 ms 1 of 80 (Linux 6.18, a pair of virtual
 * interfaces).
 */
const FAR_STEP_MS = 4;
/** At most this much lateness of a step is made up for. On a busy machine a step may be later than its own length. */
const MAX_LATE_MS = 8;
const FAR_MAX_LATE_MS = 1;
