/** Lets bytes out step by step: while a step is under way, nothing more goes out. */
export class Steps {
  /** How long a step of one piece takes, in ms. */
  everyMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private fromBytes = 0;

  /**
   * @param pieceBytes what goes out in one step; what comes encrypted comes in larger pieces, and their steps take
   * longer
   * @param done a step is over
   */
  constructor(private readonly pieceBytes: number, private readonly done: () => void) {}

  get isUnderWay(): boolean {
    return this.timer !== null;
  }

  /** What was written up to here went out at once. */
  countFrom(writtenBytes: number): void {
    this.fromBytes = writtenBytes;
  }

  /** Begins a step, unless one is under way, for what was written since the last one began. */
  begin(writtenBytes: number): void {
    const pieces = Math.max(1, (writtenBytes - this.fromBytes) / this.pieceBytes);
    this.fromBytes = writtenBytes;
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.done();
    }, this.everyMs * pieces);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
