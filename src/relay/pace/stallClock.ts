/** How long something has been waiting, now and all in all. */
export class StallClock {
  private sinceMs: number | null = null;
  private pastMs = 0;

  /** @param now a clock in ms */
  constructor(private readonly now: () => number) {}

  get isRunning(): boolean {
    return this.sinceMs !== null;
  }

  /** How long it has been waiting now, in ms; 0 where it is not. */
  get runningMs(): number {
    return this.sinceMs === null ? 0 : this.now() - this.sinceMs;
  }

  /** How long it has been waiting all in all, in ms. */
  get totalMs(): number {
    return this.pastMs + this.runningMs;
  }

  start(): void {
    this.sinceMs ??= this.now();
  }

  stop(): void {
    this.pastMs += this.runningMs;
    this.sinceMs = null;
  }
}
