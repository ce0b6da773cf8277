import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** A deadline for the current step of a session. There is one at a time: a new one replaces the last. */
export class Deadline {
  private timer: Timer | undefined;

  /** @param missed gets the failure of a step that took too long */
  constructor(private readonly missed: (failure: string) => void) {}

  /**
   * Begins a step.
   * @param failure the words for the log if the step takes longer than the time-out
   */
  set(failure: string, timeoutMs: number): void {
    this.clear();
    this.timer = world.after(timeoutMs, () => this.missed(`${failure} within ${timeoutMs} ms`));
  }

  /** The step is done. */
  clear(): void {
    world.cancel(this.timer);
  }
}
