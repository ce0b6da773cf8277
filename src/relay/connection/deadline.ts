/** A deadline for the current step of a session. There is one at a time: a new one replaces the last. */
export class Deadline {
  private timer: NodeJS.Timeout | undefined;

  /** @param missed gets the failure of a step that took too long */
  constructor(private readonly missed: (failure: string) => void) {}

  /**
   * Begins a step.
   * @param failure the words for the log if the step takes longer than the time-out
   */
  set(failure: string, timeoutMs: number): void {
    this.clear();
    this.timer = setTimeout(() => this.missed(`${failure} within ${timeoutMs} ms`), timeoutMs);
  }

  /** The step is done. */
  clear(): void {
    clearTimeout(this.timer);
  }
}
