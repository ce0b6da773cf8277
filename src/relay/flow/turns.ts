/**
 * Shares the turns of the event loop among flows that have more to look at than fits into one: each gets one turn, in
 * the order in which they asked, and in between the event loop reads what others have sent.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  /** Calls `goOn` in a turn of its own. It must not throw. */
  next(goOn: () => void): void {
    this.waiting.push(goOn);
    if (this.waiting.length === 1) setImmediate(() => this.serve());
  }

  private serve(): void {
    this.waiting[0]!();
    this.waiting.shift();
    if (this.waiting.length > 0) setImmediate(() => this.serve());
  }
}

/** The turns of this process's event loop. */
export const turns = new Turns();
