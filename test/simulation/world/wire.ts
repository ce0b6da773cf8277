import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

/** One direction of a link. What goes in comes out later, in its order. */
export class Wire {
  /** Nothing comes out any more. */
  isCut = false;
  private freeAtMs = 0;
  private lastAtMs = 0;
  private stalledUntilMs = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly scheduler: Scheduler, private readonly random: Random, public traits: WireTraits) {}

  /**
   * Carries a segment.
   * @param byteCount its length
   * @param arrive is called when it comes out
   */
  carry(byteCount: number, arrive: () => void): void {
    if (this.isCut) return;
    const { latencyMs, jitterMs, bytesPerMs } = this.traits;
    this.freeAtMs = Math.max(this.freeAtMs, this.scheduler.nowMs) + byteCount / bytesPerMs;
    const atMs = this.freeAtMs + latencyMs + jitterMs * this.random.fraction();
    // A later segment never overtakes: the kernel puts segments in order before anybody sees them.
    this.lastAtMs = Math.max(this.lastAtMs, atMs);
    const dueMs = this.lastAtMs - this.scheduler.nowMs;
    this.waiting.push(arrive);
    this.scheduler.carry(dueMs, this.arrived);
  }

  /** Nothing comes out for this long. What went in waits. */
  stall(ms: number): void {
    this.stalledUntilMs = Math.max(this.stalledUntilMs, this.scheduler.nowMs + ms);
  }

  /** Loses what is on its way, and all that goes in later. */
  cut(): void {
    this.isCut = true;
    this.waiting = [];
  }

  /** The time at which a segment comes out does not decide which one that is, so the order holds. */
  private readonly arrived = (): void => {
    if (this.isCut) return;
    const restMs = this.stalledUntilMs - this.scheduler.nowMs;
    if (restMs > 0) {
      this.scheduler.carry(restMs, this.arrived);
      return;
    }
    this.waiting.shift()?.();
  };
}

/** How a direction of a link carries bytes. */
export interface WireTraits {
  readonly latencyMs: number;
  /** The most by which a segment is later than `latencyMs`. */
  readonly jitterMs: number;
  readonly bytesPerMs: number;
  /** The largest segment. */
  readonly segmentBytes: number;
}
