import { world } from '../../world/world.js';

/**
 * Adds up the CPU time of a piece of work that takes several turns of the event loop, without the work of others in
 * between.
 */
export class CpuMeter {
  private spentMs = 0;
  private cpuBeforeMs = 0;
  private startedAtMs = 0;

  /** The work begins or continues. */
  start(): void {
    this.startedAtMs = world.nowMs();
    this.cpuBeforeMs = world.cpuMs();
  }

  /** The work pauses for others or is done. */
  stop(): void {
    // Other threads of this process may have worked in the meantime. The work cannot have taken more than the elapsed
    // time.
    this.spentMs += Math.min(world.cpuMs() - this.cpuBeforeMs, world.nowMs() - this.startedAtMs);
  }

  /** The CPU time since the last call, in ms. */
  take(): number {
    const { spentMs } = this;
    this.spentMs = 0;
    return spentMs;
  }
}
