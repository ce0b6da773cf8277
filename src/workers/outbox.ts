// A worker's audit records and log lines on their way to the primary, which writes them. What comes up in one turn of
// the event loop goes together. What the primary has not taken waits in memory, up to a bound; beyond it, things are
// dropped and counted, as behind it they would be by the primary's own sinks.

/** Gathers what a worker has to write down, and hands it on. */
export class Outbox {
  private readonly records: Shelf;
  private readonly lines: Shelf;
  private isDue = false;
  private isDropping = false;

  /** @param dropping is told when records begin to be dropped */
  constructor(private readonly carry: Carry, private readonly dropping: () => void, maxWaiting = MAX_WAITING) {
    this.records = new Shelf(maxWaiting);
    this.lines = new Shelf(maxWaiting);
  }

  get droppedRecords(): number {
    return this.records.droppedInAll;
  }

  get droppedLines(): number {
    return this.lines.droppedInAll;
  }

  /** Takes an audit record. */
  write(record: object): void {
    const isTaken = this.records.add(JSON.stringify(record));
    if (!isTaken && !this.isDropping) this.dropping();
    this.isDropping = !isTaken;
    this.schedule();
  }

  /** Takes a line of the log. */
  log(line: string): void {
    this.lines.add(line);
    this.schedule();
  }

  /** Hands on what there is. */
  flush(): void {
    this.isDue = false;
    const [records, lines] = [this.records.empty(), this.lines.empty()];
    if (records.texts.length + lines.texts.length === 0) return;
    this.carry(records.texts, lines.texts, () => {
      records.taken();
      lines.taken();
    });
  }

  private schedule(): void {
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => this.flush());
  }
}

/** Of either kind, so many characters may wait. */
const MAX_WAITING = 8 * 1024 * 1024;

/** Carries records and lines; calls back once they are out of this process. */
export type Carry = (records: readonly string[], lines: readonly string[], taken: () => void) => void;

/** One kind of text that is on its way. */
class Shelf {
  texts: string[] = [];
  droppedInAll = 0;
  private waiting = 0;

  constructor(private readonly maxWaiting: number) {}

  /** Returns whether there is room. */
  add(text: string): boolean {
    if (this.waiting + text.length > this.maxWaiting) {
      this.droppedInAll += 1;
      return false;
    }
    this.waiting += text.length;
    this.texts.push(text);
    return true;
  }

  /** Takes what is there, and returns it with what makes its room free again. */
  empty(): { texts: readonly string[]; taken: () => void } {
    const { texts } = this;
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    this.texts = [];
    return { texts, taken: () => void (this.waiting -= length) };
  }
}
