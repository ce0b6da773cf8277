/** Items in their order, up to a bound: for what comes beyond it, the oldest go. */
export class ItemQueue {
  private items: Item[] = [];
  private length = 0;

  constructor(private readonly bounds: QueueBounds) {}

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  /** Whether what waits would fill a batch. */
  get fillsBatch(): boolean {
    const { items, length, bounds } = this;
    return items.length >= bounds.batchItems || length >= bounds.batchLength;
  }

  /** Returns how many had to go for it. */
  add(item: Item): number {
    this.items.push(item);
    this.length += item.text.length;
    return this.shorten();
  }

  /** Takes the oldest, as many as go at once. */
  take(): readonly Item[] {
    const { items, bounds } = this;
    let [count, length] = [0, 0];
    for (const { text } of items) {
      length += text.length;
      if (count > 0 && (count === bounds.batchItems || length > bounds.batchLength)) break;
      count += 1;
    }
    const batch = items.splice(0, count);
    this.length -= lengthOf(batch);
    return batch;
  }

  /** Puts a batch back to the front. Returns how many had to go for that. */
  putBack(batch: readonly Item[]): number {
    this.items = [...batch, ...this.items];
    this.length += lengthOf(batch);
    return this.shorten();
  }

  /** Forgets all. Returns how many there were. */
  empty(): number {
    const count = countOf(this.items);
    this.items = [];
    this.length = 0;
    return count;
  }

  private shorten(): number {
    const { items, bounds } = this;
    let gone = 0;
    while (gone < items.length - 1 && (items.length - gone > bounds.maxItems || this.length > bounds.maxLength)) {
      this.length -= items[gone]!.text.length;
      gone += 1;
    }
    return countOf(items.splice(0, gone));
  }
}

/** Something on its way to a receiver. */
export interface Item {
  /** In OTLP's JSON. */
  readonly text: string;
  /** How many of what the receiver counts are in it: log records, spans, data points. */
  readonly count: number;
}

/** How much may wait, and how much goes at once; a single item goes whatever its size. */
export interface QueueBounds {
  readonly maxItems: number;
  readonly maxLength: number;
  readonly batchItems: number;
  readonly batchLength: number;
}

/** How many a receiver would count. */
export function countOf(items: readonly Item[]): number {
  return items.reduce((sum, { count }) => sum + count, 0);
}

function lengthOf(items: readonly Item[]): number {
  return items.reduce((sum, { text }) => sum + text.length, 0);
}
