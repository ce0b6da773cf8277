/**
 * SIGTERM and SIGINT, each answered once, in the order in which they come, also where nobody waits for them
 * yet.
 */
export class StopSignals {
  private readonly arrived: NodeJS.Signals[] = [];
  private waiting: ((signal: NodeJS.Signals) => void) | undefined;

  /** From here on, these signals no longer end the process by themselves. */
  constructor() {
    process.on('SIGTERM', (signal) => this.take(signal));
    process.on('SIGINT', (signal) => this.take(signal));
  }

  /** The next signal that nobody has been given. One caller at a time. */
  next(): Promise<NodeJS.Signals> {
    return new Promise((resolve) => {
      const signal = this.arrived.shift();
      if (signal) resolve(signal);
      else this.waiting = resolve;
    });
  }

  private take(signal: NodeJS.Signals): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting(signal);
    else this.arrived.push(signal);
  }
}
