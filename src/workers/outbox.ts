import { world } from '../world/world.js';

// A worker's audit records and log lines on their way to the primary, which writes them. Those of one turn of the event
// loop are sent together. If the primary is slow, they wait in memory, up to a bound. Beyond it they are dropped and
// counted, as the primary's own sinks would do.

/** Collects a worker's records and log lines, and sends them to the primary. */
export class Outbox {
  private readonly records: Shelf;
  private readonly lines: Shelf;
  private isDue = false;
  private isDropping = false;

  /** @param dropping is called when the first record is dropped */
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

  /** Adds an audit record. */
  write(record: object): void {
    const isTaken = this.records.add(JSON.stringify(record));
    if (!isTaken && !this.isDropping) this.dropping();
    this.isDropping = !isTaken;
    this.schedule();
  }

  /** Adds a line of the log. */
  log(line: string): void {
    this.lines.add(line);
    this.schedule();
  }

  /** Sends everything that has been added. */
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
    world.soon(() => this.flush());
  }
}

/** The most characters of each kind that may wait. */
const MAX_WAITING = 8 * 1024 * 1024;

/** Sends records and lines; calls back once they have left this process. */
export type Carry = (records: readonly string[], lines: readonly string[], taken: () => void) => void;

/** The texts of one kind that are on their way. */
class Shelf {
  texts: string[] = [];
  droppedInAll = 0;
  private waiting = 0;

  constructor(private readonly maxWaiting: number) {}

  /** Adds a text. Returns false if there is no room. */
  add(text: string): boolean {
    if (this.waiting + text.length > this.maxWaiting) {
      this.droppedInAll += 1;
      return false;
    }
    this.waiting += text.length;
    this.texts.push(text);
    return true;
  }

  /** Takes all texts. The caller calls `taken` to free their room. */
  empty(): { texts: readonly string[]; taken: () => void } {
    const { texts } = this;
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    this.texts = [];
    return { texts, taken: () => void (this.waiting -= length) };
  }
}
