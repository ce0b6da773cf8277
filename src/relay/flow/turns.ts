/**
 * Shares the turns of the event loop among flows that have too much to scan for one turn. Each flow gets one turn, in
 * the order of their requests. Between the turns, the event loop reads from other sockets.
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
