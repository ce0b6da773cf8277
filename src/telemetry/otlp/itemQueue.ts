/** A bounded queue of items. Beyond the bound, new items push out the oldest. */
export class ItemQueue {
  private items: Item[] = [];
  private length = 0;

  constructor(private readonly bounds: QueueBounds) {}

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  /** The waiting items would fill a batch. */
  get fillsBatch(): boolean {
    const { items, length, bounds } = this;
    return items.length >= bounds.batchItems || length >= bounds.batchLength;
  }

  /** Adds an item. Returns the number of items (as a receiver counts them) that were pushed out. */
  add(item: Item): number {
    this.items.push(item);
    this.length += item.text.length;
    return this.shorten();
  }

  /** Removes and returns the oldest items, one batch of them. */
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

  /** Puts a batch back to the front. Returns the number of items that were pushed out. */
  putBack(batch: readonly Item[]): number {
    this.items = [...batch, ...this.items];
    this.length += lengthOf(batch);
    return this.shorten();
  }

  /** Removes all items. Returns their number. */
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

/** A piece of a request to a receiver. */
export interface Item {
  /** OTLP's JSON. */
  readonly text: string;
  /** The number of log records, spans or data points in it, as the receiver counts them. */
  readonly count: number;
}

/** The bounds of a queue and of a batch; lengths are in characters. A batch of a single item may be larger. */
export interface QueueBounds {
  readonly maxItems: number;
  readonly maxLength: number;
  readonly batchItems: number;
  readonly batchLength: number;
}

/** The number of items as a receiver counts them. */
export function countOf(items: readonly Item[]): number {
  return items.reduce((sum, { count }) => sum + count, 0);
}

function lengthOf(items: readonly Item[]): number {
  return items.reduce((sum, { text }) => sum + text.length, 0);
}
