/** A thing that has a place in an order. */
export interface Ordered<T> {
  isBefore(other: T): boolean;
}

/** Things in their order: the first one is found at once, and few others move when it is taken (a binary heap). */
export class Heap<T extends Ordered<T>> {
  private readonly things: T[] = [];

  /** The first of all; null if there is none. */
  get first(): T | null {
    return this.things[0] ?? null;
  }

  push(thing: T): void {
    const { things } = this;
    let at = things.length;
    things.push(thing);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!thing.isBefore(things[parent]!)) break;
      things[at] = things[parent]!;
      at = parent;
    }
    things[at] = thing;
  }

  takeFirst(): void {
    const { things } = this;
    const last = things.pop()!;
    if (things.length === 0) return;
    let at = 0;
    for (let child = 1; child < things.length; child = 2 * at + 1) {
      if (child + 1 < things.length && things[child + 1]!.isBefore(things[child]!)) child += 1;
      if (!things[child]!.isBefore(last)) break;
      things[at] = things[child]!;
      at = child;
    }
    things[at] = last;
  }

  clear(): void {
    this.things.length = 0;
  }
}
