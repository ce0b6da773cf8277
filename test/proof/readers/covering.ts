// A covering set of combinations: each allowed pair of values is in one of them.

/** The values of each dimension, by the dimension's name. */
export type Dimensions = Readonly<Record<string, readonly string[]>>;
/** A value for each dimension. */
export type Combination<D extends Dimensions> = { readonly [Name in keyof D]: D[Name][number] };

/** Values of some dimensions. */
type Part = Readonly<Record<string, string>>;
/** Whether the values chosen so far are allowed together. */
export type MayMeet = (part: Part) => boolean;

/**
 * Returns a covering set.
 * @param mayMeet also gets parts of a combination: a refused part refuses every combination with it
 * @returns the same set for the same input
 */
export const coveringSet = <D extends Dimensions>(dimensions: D, mayMeet: MayMeet): Combination<D>[] =>
  new CoveringSet(dimensions, mayMeet).find() as Combination<D>[];

class CoveringSet {
  private readonly names: readonly string[];
  /** The pairs that have not met yet, by their key. */
  private readonly open = new Map<string, Part>();
  private readonly useCounts = new Map<string, number>();

  constructor(private readonly dimensions: Dimensions, private readonly mayMeet: MayMeet) {
    this.names = Object.keys(dimensions);
    for (const pair of this.pairs()) this.open.set(keyOf(pair), pair);
  }

  find(): Part[] {
    const found: Part[] = [];
    for (const [key, pair] of this.open) {
      const whole = this.complete(pair);
      if (whole === null) this.open.delete(key); // no combination holds both
      else found.push(this.use(whole));
    }
    return found;
  }

  private* pairs(): Generator<Part> {
    for (const [index, first] of this.names.entries()) {
      for (const second of this.names.slice(index + 1)) {
        for (const a of this.dimensions[first]!) {
          for (const b of this.dimensions[second]!) {
            const pair = { [first]: a, [second]: b };
            if (this.mayMeet(pair)) yield pair;
          }
        }
      }
    }
  }

  /** Fills each open dimension with the value that closes most pairs; null when no value is allowed. */
  private complete(part: Part): Part | null {
    const name = this.names.find((candidate) => !(candidate in part));
    if (name === undefined) return part;
    const choices = this.dimensions[name]!
      .map((value) => ({ ...part, [name]: value }))
      .filter((choice) => this.mayMeet(choice))
      .map((choice) => ({ choice, gain: this.gainOf(choice, name), uses: this.usesOf(name, choice[name]!) }))
      .sort((a, b) => b.gain - a.gain || a.uses - b.uses);
    for (const { choice } of choices) {
      const whole = this.complete(choice);
      if (whole !== null) return whole;
    }
    return null;
  }

  /** How many open pairs the value of `name` closes with the others. */
  private gainOf(part: Part, name: string): number {
    return pairsOf(part).filter((pair) => name in pair && this.open.has(keyOf(pair))).length;
  }

  private usesOf(name: string, value: string): number {
    return this.useCounts.get(keyOf({ [name]: value })) ?? 0;
  }

  private use(whole: Part): Part {
    for (const pair of pairsOf(whole)) this.open.delete(keyOf(pair));
    for (const [name, value] of Object.entries(whole)) {
      this.useCounts.set(keyOf({ [name]: value }), this.usesOf(name, value) + 1);
    }
    return Object.fromEntries(this.names.map((name) => [name, whole[name]!]));
  }
}

/** Each two of the values. */
export const pairsOf = (part: Part): Part[] => {
  const entries = Object.entries(part);
  return entries.flatMap(([first, a], index) =>
    entries.slice(index + 1).map(([second, b]) => ({ [first]: a, [second]: b })));
};

/** The key of a pair, independent of its order. */
export const keyOf = (part: Part): string =>
  Object.entries(part).map(([name, value]) => `${name}=${value}`).sort().join(', ');
