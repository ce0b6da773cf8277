/**
 * A deadline for the current step of a session. One at a time: a new one takes the place of the
 * last.
 */
export class Deadline {
  private timer: NodeJS.Timeout | undefined;

  /** @param missed is called with the failure of which the time has run out */
  constructor(private readonly missed: (failure: string) => void) {}

  /**
   * Begins to wait for something else.
   * @param failure what is said where it does not happen in time
   */
  set(failure: string, timeoutMs: number): void {
    this.clear();
    this.timer = setTimeout(() => this.missed(`${failure} within ${timeoutMs} ms`), timeoutMs);
  }

  /** What was waited for has happened. */
  clear(): void {
    clearTimeout(this.timer);
  }
}
