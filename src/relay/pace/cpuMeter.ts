/**
 * Adds up what a piece of work costs that is done in several turns of the event loop, without what others do in
 * between.
 */
export class CpuMeter {
  private spentMs = 0;
  private cpuBefore: NodeJS.CpuUsage = { user: 0, system: 0 };
  private startedAtMs = 0;

  /** The work begins, or goes on. */
  start(): void {
    this.startedAtMs = performance.now();
    this.cpuBefore = process.cpuUsage();
  }

  /** The work leaves a turn to others, or is done. */
  stop(): void {
    const { user, system } = process.cpuUsage(this.cpuBefore);
    // Other threads of this process may have worked meanwhile; so much it cannot have been.
    this.spentMs += Math.min((user + system) / 1000, performance.now() - this.startedAtMs);
  }

  /** What was spent since this was asked last, in ms of CPU time. */
  take(): number {
    const { spentMs } = this;
    this.spentMs = 0;
    return spentMs;
  }
}
