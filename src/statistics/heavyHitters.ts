// The heaviest of an unbounded number of keys in a bounded room: Space-Saving (Metwally, Agrawal, El Abbadi:
// Efficient Computation of Frequent and Top-k Elements in Data Streams, 2005).
//
//   a key that is held grows by its weight;
//   where all places are taken, a new key takes the place of the lightest one, with its weight as a debt:
//   what the new key may have had before, and was not seen.
//
// So of a key that is held    its true weight is at least weight - missed, and at most weight;
//    of a key that is not     its true weight is at most that of the lightest one held, and so at most
//                             (all weight) / (places);
//    everything is exact      as long as there were no more keys than places.

/** Keeps the heaviest keys, with something noted of each. */
export class HeavyHitters<T> {
  /** Keys had to leave, so that weights may be too high and keys may be missing. */
  hasForgotten = false;
  private readonly places = new Map<string, Place<T>>();
  /** A heap: no place is lighter than the one at (its index - 1) / 2. */
  private readonly heap: Place<T>[] = [];
  /** The place of the key that came last: often the next one is the same, and needs no look-up. */
  private latest: Place<T> | null = null;

  /**
   * @param capacity how many keys are held at most
   * @param create what is noted of a key that is let in, to begin with
   */
  constructor(readonly capacity: number, private readonly create: () => T) {}

  get size(): number {
    return this.heap.length;
  }

  /** The most that a key that is not held can weigh. */
  get mostMissed(): number {
    return this.hasForgotten ? this.heap[0]!.weight : 0;
  }

  /**
   * Adds to a key's weight, and lets it in where it is not held.
   * @param weight 0 or more
   * @returns what is noted of the key
   */
  add(key: string, weight: number): T {
    const held = this.latest?.key === key ? this.latest : this.places.get(key);
    const place = held ?? (this.heap.length < this.capacity ? this.append(key) : this.replaceLightest(key));
    this.latest = place;
    place.weight += weight;
    this.sink(place);
    return place.value;
  }

  /** What is held, the heaviest first; of the same weight, by key. */
  heaviest(): readonly Held<T>[] {
    return [...this.heap].sort((one, other) => other.weight - one.weight || (one.key < other.key ? -1 : 1));
  }

  private append(key: string): Place<T> {
    const place = { key, value: this.create(), weight: 0, missed: 0, index: this.heap.length };
    this.places.set(key, place);
    this.heap.push(place);
    this.rise(place);
    return place;
  }

  private replaceLightest(key: string): Place<T> {
    const place = this.heap[0]!;
    this.hasForgotten = true;
    this.places.delete(place.key);
    this.places.set(key, place);
    place.key = key;
    place.value = this.create();
    place.missed = place.weight;
    return place;
  }

  /** Moves a place towards the front while it is lighter than the one before it. */
  private rise(place: Place<T>): void {
    while (place.index > 0) {
      const parent = this.heap[(place.index - 1) >> 1]!;
      if (parent.weight <= place.weight) return;
      this.swap(parent, place);
    }
  }

  /** Moves a place towards the end while it is heavier than one behind it. */
  private sink(place: Place<T>): void {
    for (;;) {
      const left = this.heap[2 * place.index + 1];
      const right = this.heap[2 * place.index + 2];
      if (left === undefined) return;
      const lighter = right !== undefined && right.weight < left.weight ? right : left;
      if (lighter.weight >= place.weight) return;
      this.swap(place, lighter);
    }
  }

  private swap(upper: Place<T>, lower: Place<T>): void {
    const { index } = upper;
    upper.index = lower.index;
    lower.index = index;
    this.heap[upper.index] = upper;
    this.heap[lower.index] = lower;
  }
}

/** A key that is held. */
export interface Held<T> {
  readonly key: string;
  /** What has been noted of it since it was let in. */
  readonly value: T;
  /** The most that it can weigh: what was seen of it since it was let in, and `missed`. */
  readonly weight: number;
  /** The most that it can have weighed before it was let in; 0 where it was seen from its beginning. */
  readonly missed: number;
}

interface Place<T> {
  key: string;
  value: T;
  weight: number;
  missed: number;
  /** Where it stands in the heap. */
  index: number;
}
