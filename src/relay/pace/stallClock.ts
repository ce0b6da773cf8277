import { world } from '../../world/world.js';

/** Measures waiting time: the current wait, and the total. */
export class StallClock {
  private sinceMs: number | null = null;
  private pastMs = 0;

  get isRunning(): boolean {
    return this.sinceMs !== null;
  }

  /** The length of the current wait, in ms; 0 if there is none. */
  get runningMs(): number {
    return this.sinceMs === null ? 0 : world.nowMs() - this.sinceMs;
  }

  /** The total waiting time, in ms. */
  get totalMs(): number {
    return this.pastMs + this.runningMs;
  }

  start(): void {
    this.sinceMs ??= world.nowMs();
  }

  stop(): void {
    this.pastMs += this.runningMs;
    this.sinceMs = null;
  }
}
