/** Calls back step by step: while one is under way, what goes out in steps waits. */
export class Steps {
  /** How long a step takes, in ms. */
  everyMs = 0;
  private timer: NodeJS.Timeout | null = null;

  /** @param done a step is over */
  constructor(private readonly done: () => void) {}

  get isUnderWay(): boolean {
    return this.timer !== null;
  }

  /** Begins a step, unless one is under way. */
  begin(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.done();
    }, this.everyMs);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
