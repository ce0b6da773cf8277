import { ownCopy } from '../text/ownCopy.js';

// The heaviest of any number of keys in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi: Efficient
// Computation of Frequent and Top-k Elements in Data Streams, 2005).
//
//     A kept key grows by its weight.
//     If all places are taken, a new key replaces the lightest one. It takes over that weight as `missed`:
//     the weight that it may have had before, unseen.
//
// Therefore:
//
//     a kept key            has a true weight of at least weight - missed, and at most weight;
//     any other key         has at most the weight of the lightest kept key, so at most (all weight) / (places);
//     all figures are exact as long as there were no more keys than places.

/** Keeps the heaviest keys, with a value for each. */
export class HeavyHitters<T> {
  /** Keys had to leave. Since then weights may be too high, and keys may be missing. */
  hasForgotten = false;
  private readonly places = new Map<string, Slot<T>>();
  /** A heap: no slot is lighter than the one at (its index - 1) / 2. */
  private readonly heap: Slot<T>[] = [];
  /** The slot of the last key. Often the next key is the same and needs no look-up. */
  private latest: Slot<T> | null = null;

  /**
   * @param capacity the most keys that are kept
   * @param create makes the value of a key that comes in
   */
  constructor(readonly capacity: number, private readonly create: () => T) {}

  get size(): number {
    return this.heap.length;
  }

  /** The most that a key can weigh without being kept. */
  get mostMissed(): number {
    return this.hasForgotten ? this.heap[0]!.weight : 0;
  }

  /**
   * Adds to a key's weight. A key that is not kept yet comes in.
   * @param weight 0 or more
   * @returns the key's value
   */
  add(key: string, weight: number): T {
    const held = this.latest?.key === key ? this.latest : this.places.get(key);
    const place = held ?? (this.heap.length < this.capacity ? this.append(key) : this.replaceLightest(key));
    this.latest = place;
    place.weight += weight;
    this.sink(place);
    return place.value;
  }

  /** The kept keys in a form that goes from process to process. */
  get data(): HeavyHittersData<T> {
    return { held: this.heaviest().map(({ key, value, weight, missed }) => ({ key, value, weight, missed })),
      mostMissed: this.mostMissed, hasForgotten: this.hasForgotten };
  }

  /**
   * Adds the keys of others (Agarwal et al.: Mergeable Summaries, 2012). A key that only one of the two has kept may
   * have weighed as much in the other as its `mostMissed`.
   * @param merge makes one value of both; null for the one that is there
   */
  absorb(other: HeavyHittersData<T>, merge: (own: T | null, value: T) => T): void {
    const ownMissed = this.mostMissed;
    const merged = new Map(this.heap.map((slot) => [slot.key, {
      key: slot.key, value: slot.value,
      weight: slot.weight + other.mostMissed, missed: slot.missed + other.mostMissed,
    }]));
    for (const { key, value, weight, missed } of other.held) {
      const own = this.places.get(key) ?? null;
      merged.set(key, {
        key, value: merge(own?.value ?? null, value),
        weight: (own?.weight ?? ownMissed) + weight, missed: (own?.missed ?? ownMissed) + missed,
      });
    }
    const sorted = [...merged.values()].sort((one, two) => two.weight - one.weight || (one.key < two.key ? -1 : 1));
    this.hasForgotten ||= other.hasForgotten || sorted.length > this.capacity;
    // The lightest first: a list in order is a heap.
    const kept = sorted.slice(0, this.capacity).reverse();
    this.heap.splice(0, Infinity, ...kept.map((one, index) => ({ ...one, index })));
    this.places.clear();
    for (const slot of this.heap) this.places.set(slot.key, slot);
    this.latest = null;
  }

  /** The value of a kept key; null if it is not kept. */
  get(key: string): T | null {
    return this.places.get(key)?.value ?? null;
  }

  /** The kept keys, the heaviest first; keys of the same weight are in order. */
  heaviest(): readonly Held<T>[] {
    return [...this.heap].sort((one, other) => other.weight - one.weight || (one.key < other.key ? -1 : 1));
  }

  private append(key: string): Slot<T> {
    const place = { key: ownCopy(key), value: this.create(), weight: 0, missed: 0, index: this.heap.length };
    this.places.set(place.key, place);
    this.heap.push(place);
    this.rise(place);
    return place;
  }

  private replaceLightest(key: string): Slot<T> {
    const place = this.heap[0]!;
    this.hasForgotten = true;
    this.places.delete(place.key);
    place.key = ownCopy(key);
    this.places.set(place.key, place);
    place.value = this.create();
    place.missed = place.weight;
    return place;
  }

  /** Moves a slot towards the front while it is lighter than the one before it. */
  private rise(place: Slot<T>): void {
    while (place.index > 0) {
      const parent = this.heap[(place.index - 1) >> 1]!;
      if (parent.weight <= place.weight) return;
      this.swap(parent, place);
    }
  }

  /** Moves a slot towards the end while it is heavier than one after it. */
  private sink(place: Slot<T>): void {
    const { heap } = this;
    for (let child = 2 * place.index + 1; child < heap.length; child = 2 * place.index + 1) {
      const left = heap[child]!;
      const right = child + 1 < heap.length ? heap[child + 1]! : left;
      const lighter = right.weight < left.weight ? right : left;
      if (lighter.weight >= place.weight) return;
      this.swap(place, lighter);
    }
  }

  private swap(upper: Slot<T>, lower: Slot<T>): void {
    const { index } = upper;
    upper.index = lower.index;
    lower.index = index;
    this.heap[upper.index] = upper;
    this.heap[lower.index] = lower;
  }
}

/** A kept key. */
export interface Held<T> {
  readonly key: string;
  /** The value, collected since the key came in. */
  readonly value: T;
  /** The most that the key can weigh: its weight since it came in, plus `missed`. */
  readonly weight: number;
  /** The most that the key can have weighed before it came in; 0 if it was seen from its beginning. */
  readonly missed: number;
}

/** Kept keys as plain data. */
export interface HeavyHittersData<T> {
  readonly held: readonly Held<T>[];
  readonly mostMissed: number;
  readonly hasForgotten: boolean;
}

interface Slot<T> {
  key: string;
  value: T;
  weight: number;
  missed: number;
  /** Its index in the heap. */
  index: number;
}
