/** Lets bytes out step by step: while a step is under way, nothing more goes out. */
export class Steps {
  /** How long a step of one piece takes, in ms. */
  everyMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private fromBytes = 0;
  /** How much of the next steps' time has passed already, in ms. */
  private lateMs = 0;

  /**
   * @param pieceBytes what goes out in one step; what comes encrypted comes in larger pieces, and their steps take
   * longer
   * @param now a clock in ms
   * @param done a step is over
   */
  constructor(
    private readonly pieceBytes: number, private readonly now: () => number, private readonly done: () => void,
  ) {}

  get isUnderWay(): boolean {
    return this.timer !== null;
  }

  /** What was written up to here went out at once. */
  countFrom(writtenBytes: number): void {
    this.fromBytes = writtenBytes;
    this.lateMs = 0;
  }

  /**
   * Begins a step, unless one is under way, for what was written since the last one began; none where the last one came
   * so late that this one would be over.
   */
  begin(writtenBytes: number): void {
    if (this.timer !== null) return;
    const restMs = this.everyMs * Math.max(1, (writtenBytes - this.fromBytes) / this.pieceBytes) - this.lateMs;
    this.fromBytes = writtenBytes;
    this.lateMs = Math.max(0, -restMs);
    if (restMs <= 0) return;
    const dueMs = this.now() + restMs;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.lateMs = Math.min(MAX_LATE_MS, Math.max(0, this.now() - dueMs));
      this.done();
    }, restMs);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** So much of the time that a step came late by is made up for: on a busy machine that is more than a step takes. */
const MAX_LATE_MS = 8;
