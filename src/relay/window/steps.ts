import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** Lets bytes out step by step. While a step is under way, nothing more goes out. */
export class Steps {
  /** The length of a step of one piece, in ms. */
  everyMs = 0;
  private timer: Timer | null = null;
  private fromBytes = 0;
  /** The part of the next steps' time that has already passed, in ms. */
  private lateMs = 0;

  /**
   * @param pieceBytes the bytes of one step. Encrypted bytes come in larger pieces, whose steps take longer.
   * @param done is called at the end of a step
   */
  constructor(private readonly pieceBytes: number, private readonly done: () => void) {}

  get isUnderWay(): boolean {
    return this.timer !== null;
  }

  /** The bytes written up to here went out at once. */
  countFrom(writtenBytes: number): void {
    this.fromBytes = writtenBytes;
    this.lateMs = 0;
  }

  /**
   * Begins a step for the bytes written since the last one began, unless one is under way. If the last one was so late
   * that this one would already be over, no step begins.
   */
  begin(writtenBytes: number): void {
    if (this.timer !== null) return;
    const restMs = this.everyMs * Math.max(1, (writtenBytes - this.fromBytes) / this.pieceBytes) - this.lateMs;
    this.fromBytes = writtenBytes;
    this.lateMs = Math.max(0, -restMs);
    if (restMs <= 0) return;
    const dueMs = world.nowMs() + restMs;
    this.timer = world.after(restMs, () => {
      this.timer = null;
      this.lateMs = Math.min(MAX_LATE_MS, Math.max(0, world.nowMs() - dueMs));
      this.done();
    });
  }

  stop(): void {
    world.cancel(this.timer);
    this.timer = null;
  }
}

/** The most lateness of a step that is made up for. On a busy machine a step may be later than its own length. */
const MAX_LATE_MS = 8;
