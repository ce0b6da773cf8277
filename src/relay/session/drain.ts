import type { DrainBounds, KillSettings } from '../../config/config.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** The discarding of the rest of a cut response, within bounds in bytes and time. */
export class Drain {
  /** Bytes discarded so far. */
  bytes = 0;

  private readonly boundTimer: Timer;
  private killTimer: Timer | null = null;
  private isKillDue = false;

  /**
   * @param killWhen the number of discarded bytes, or the time after the cut, at which the server is to be stopped;
   *   Infinity leaves a condition out; null if the server is never to be stopped
   */
  constructor(
    private readonly bounds: DrainBounds,
    private readonly killWhen: DrainBounds | null,
    private readonly end: DrainEnd,
  ) {
    this.boundTimer = world.after(bounds.timeMs, () => end.passedBounds('time'));
    if (killWhen !== null && killWhen.timeMs !== Infinity) {
      this.killTimer = world.after(killWhen.timeMs, () => this.killNow());
    }
  }

  /** This many more bytes were discarded. */
  add(byteCount: number): void {
    this.bytes += byteCount;
    if (this.bytes > this.bounds.bytes) this.end.passedBounds('bytes');
    else if (this.killWhen !== null && this.bytes >= this.killWhen.bytes) this.killNow();
  }

  /** Stops both timers: the response is over or was given up. */
  stop(): void {
    world.cancel(this.boundTimer);
    world.cancel(this.killTimer);
    this.isKillDue = true;
  }

  private killNow(): void {
    if (this.isKillDue) return;
    this.isKillDue = true;
    this.end.killDue();
  }
}

/** The conditions for stopping the server; it is stopped at once if no condition is set. */
export function killWhen({ when }: KillSettings): DrainBounds {
  if (when.bytes === 0 && when.timeMs === 0) return when;
  return { bytes: when.bytes || Infinity, timeMs: when.timeMs || Infinity };
}

/** An observer of a drain. */
export interface DrainEnd {
  /** The drain has passed one of its bounds. */
  passedBounds(bound: 'bytes' | 'time'): void;
  /** The condition for stopping the server is met. Called at most once. */
  killDue(): void;
}
