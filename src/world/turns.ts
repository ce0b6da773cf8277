/**
 * Shares the turns of the event loop among flows that have too much to scan for one turn. Each flow gets one turn, in
 * the order of their requests. Between the turns, the event loop reads from other sockets.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  /** @param soon calls a function in the next turn of the event loop */
  constructor(private readonly soon: (work: () => void) => void) {}

  /** Calls `goOn` in a turn of its own. It must not throw. */
  next(goOn: () => void): void {
    this.waiting.push(goOn);
    if (this.waiting.length === 1) this.soon(() => this.serve());
  }

  private serve(): void {
    this.waiting[0]!();
    this.waiting.shift();
    if (this.waiting.length > 0) this.soon(() => this.serve());
  }
}
