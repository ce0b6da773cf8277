import { isCutFate, type Execution, type Order } from './execution.js';
import { HeavyHitters, type Held } from './heavyHitters.js';
import { Profile } from './profile.js';

/** Statistics of executed statements by digest, in bounded memory. */
export class DigestTable {
  private readonly digests: HeavyHitters<Profile>;

  /**
   * @param order the measure by which the kept digests are the largest
   * @param capacity how many digests are kept
   */
  constructor(readonly order: Order, capacity: number) {
    this.digests = new HeavyHitters(capacity, () => new Profile());
  }

  add(execution: Execution): void {
    this.digests.add(execution.digest, WEIGHTS[this.order](execution)).add(execution);
  }

  /** The number of digests that are kept. */
  get size(): number {
    return this.digests.size;
  }

  /** Whether there were more digests than are kept. */
  get hasForgotten(): boolean {
    return this.digests.hasForgotten;
  }

  /** The most that a digest can have without being kept, in the table's measure. */
  get mostMissed(): number {
    return this.digests.mostMissed;
  }

  /**
   * The digests with the largest amounts. For any order but the table's own, the result is a choice among the kept
   * digests.
   */
  ranking(order: Order = this.order): RankedDigest[] {
    return this.digests.heaviest()
      .map(({ key, value, missed }: Held<Profile>): RankedDigest =>
        ({ digest: key, profile: value, amount: RANKS[order](value), missed }))
      .sort((one, other) => other.amount - one.amount);
  }
}

/**
 * The weight of an execution in each order. The largest result is found by bytes: a digest with a result larger than
 * (all bytes) / (places) is among the heaviest.
 */
const WEIGHTS: Record<Order, (execution: Execution) => number> = {
  bytes: ({ bytes }) => bytes,
  'max-bytes': ({ bytes }) => bytes,
  rows: ({ rows }) => rows,
  stall: ({ stallMs }) => stallMs,
  cuts: ({ fate }) => (isCutFate(fate) ? 1 : 0),
};

const RANKS: Record<Order, (profile: Profile) => number> = {
  bytes: ({ bytes }) => bytes.sum,
  'max-bytes': ({ bytes }) => bytes.max,
  rows: ({ rows }) => rows.sum,
  stall: ({ stallMs }) => stallMs.sum,
  cuts: ({ cuts, wouldCuts }) => cuts + wouldCuts,
};

/** A digest with its statistics. */
export interface RankedDigest {
  readonly digest: string;
  readonly profile: Profile;
  /** The amount that decides its rank. */
  readonly amount: number;
  /** The most that is missing from its totals, in the table's measure: rows, bytes, ms or cuts. */
  readonly missed: number;
}
