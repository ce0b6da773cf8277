import { isCutFate, isRefusedFate, type Execution, type Order } from './execution.js';
import { groupsBy, type Grouping, type GroupOf } from './grouping.js';
import { HeavyHitters, type Held } from './heavyHitters.js';
import { Profile } from './profile.js';

/** Statistics of executed statements by digest, or by another property, in bounded memory. */
export class GroupTable {
  private readonly groups: HeavyHitters<Profile>;
  private readonly groupOf: GroupOf;

  /**
   * @param order the measure by which the kept groups are the largest
   * @param capacity the most groups that are kept
   */
  constructor(readonly order: Order, capacity: number, readonly grouping: Grouping = 'digest') {
    this.groups = new HeavyHitters(capacity, () => new Profile(grouping !== 'digest'));
    this.groupOf = groupsBy(grouping);
  }

  add(execution: Execution): void {
    this.addTo(this.groupOf(execution), execution);
  }

  /** Adds an execution if its group is known. */
  addKnown(execution: Execution): void {
    const group = this.groupOf(execution);
    if (group !== '') this.addTo(group, execution);
  }

  private addTo(group: string, execution: Execution): void {
    this.groups.add(group, WEIGHTS[this.order](execution)).add(execution);
  }

  /** The number of groups that are kept. */
  get size(): number {
    return this.groups.size;
  }

  /** Whether there were more groups than are kept. */
  get hasForgotten(): boolean {
    return this.groups.hasForgotten;
  }

  /** The most that a group can have without being kept, in the table's measure. */
  get mostMissed(): number {
    return this.groups.mostMissed;
  }

  /** All kept groups with their amounts in an order, in a form that goes from process to process. */
  index(order: Order): GroupIndex {
    const groups = this.groups.heaviest()
      .map(({ key, value, missed }) => ({ key, amount: RANKS[order](value), missed }));
    return { groups, mostMissed: this.mostMissed, hasForgotten: this.hasForgotten };
  }

  /** The profile of a kept group; null if it is not kept. */
  profile(key: string): Profile | null {
    return this.groups.get(key);
  }

  /**
   * The groups with the largest amounts. For any order but the table's own, the result is a choice among the kept
   * groups.
   */
  ranking(order: Order = this.order): RankedGroup[] {
    return this.groups.heaviest()
      .map(({ key, value, missed }: Held<Profile>): RankedGroup =>
        ({ key, profile: value, amount: RANKS[order](value), missed }))
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
  refusals: ({ fate }) => (isRefusedFate(fate) ? 1 : 0),
};

const RANKS: Record<Order, (profile: Profile) => number> = {
  bytes: ({ bytes }) => bytes.sum,
  'max-bytes': ({ bytes }) => Math.max(0, bytes.max),
  rows: ({ rows }) => rows.sum,
  stall: ({ stallMs }) => stallMs.sum,
  cuts: ({ cuts, wouldCuts }) => cuts + wouldCuts,
  refusals: ({ refusals, wouldRefuses }) => refusals + wouldRefuses,
};

/** The groups of a table as plain data, without their profiles. */
export interface GroupIndex {
  readonly groups: readonly { readonly key: string; readonly amount: number; readonly missed: number }[];
  readonly mostMissed: number;
  readonly hasForgotten: boolean;
}

/** A group with its statistics. */
export interface RankedGroup {
  /** The digest's hash, or the group's name; empty if not known. */
  readonly key: string;
  readonly profile: Profile;
  /** The amount that decides its rank. */
  readonly amount: number;
  /** The most that is missing from its totals, in the table's measure: rows, bytes, ms, cuts or refusals. */
  readonly missed: number;
}
