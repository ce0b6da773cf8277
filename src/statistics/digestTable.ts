import { isCutFate, type Execution, type Order } from './execution.js';
import { HeavyHitters, type Held } from './heavyHitters.js';
import { Profile } from './profile.js';

/** Statistics of the executions of statements by digest, in a bounded room. */
export class DigestTable {
  private readonly digests: HeavyHitters<Profile>;

  /**
   * @param order what the digests that are kept are the largest in
   * @param capacity how many are kept
   */
  constructor(readonly order: Order, capacity: number) {
    this.digests = new HeavyHitters(capacity, () => new Profile());
  }

  add(execution: Execution): void {
    this.digests.add(execution.digest, WEIGHTS[this.order](execution)).add(execution);
  }

  /** How many digests are kept. */
  get size(): number {
    return this.digests.size;
  }

  /** There were more digests than are kept. */
  get hasForgotten(): boolean {
    return this.digests.hasForgotten;
  }

  /** The most that a digest can have had without being kept, in what they are kept for. */
  get mostMissed(): number {
    return this.digests.mostMissed;
  }

  /**
   * The digests with the most of something; what is not the table's own order is a choice among those that it
   * keeps.
   */
  ranking(order: Order = this.order): RankedDigest[] {
    return this.digests.heaviest()
      .map(({ key, value, missed }: Held<Profile>): RankedDigest =>
        ({ digest: key, profile: value, amount: RANKS[order](value), missed }))
      .sort((one, other) => other.amount - one.amount);
  }
}

/**
 * What a digest is kept for. The largest result is found by bytes: who has had one larger than (all bytes) /
 * (places) is among the heaviest.
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

/** A digest with what was noted of it. */
export interface RankedDigest {
  readonly digest: string;
  readonly profile: Profile;
  /** What it is ranked by. */
  readonly amount: number;
  /** The most that is missing from its totals, in what it was kept for: rows, bytes, ms or cuts. */
  readonly missed: number;
}
