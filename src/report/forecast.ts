import type { Limits } from '../config/config.js';
import { resultsOf } from '../sql/results.js';
import { groupsBy, type Grouping, type GroupOf } from '../statistics/grouping.js';
import { HeavyHitters } from '../statistics/heavyHitters.js';
import { Profile } from '../statistics/profile.js';
import type { Exemptions } from './exemptions.js';
import type { ResultRecord } from './reading.js';

/** The effect that limits would have had on the recorded results. */
export class Forecast {
  /** The number of results by prospect, including those for which samples stand. */
  readonly counts: Record<Prospect, number> = {
    'pass': 0, 'cut': 0, 'streamed': 0, 'admitted': 0, 'exempt': 0, 'changes-data': 0,
  };
  /** Results that were within the limits when last seen, but whose end was not seen. */
  uncertain = 0;
  readonly groups: HeavyHitters<CutGroup>;
  private readonly groupOf: GroupOf;

  /**
   * @param capacity the most groups that are kept: those with the most cuts
   * @param grouping the property by which results are grouped
   */
  constructor(
    readonly limits: Limits, private readonly exemptions: Exemptions, capacity: number, readonly grouping: Grouping,
  ) {
    this.groups = new HeavyHitters(capacity, () => new CutGroup(grouping));
    this.groupOf = groupsBy(grouping);
  }

  add(record: ResultRecord): void {
    const prospect = prospectOf(record, this.limits, this.exemptions);
    this.counts[prospect] += record.standsFor;
    if (prospect === 'pass' && record.isLowerBound) this.uncertain += record.standsFor;
    if (prospect !== 'cut') return;
    const cut = this.groups.add(this.groupOf(record), record.standsFor);
    cut.cuts += record.standsFor;
    cut.profile.add(record);
  }

  /** The results to which the limits apply: buffered and not exempt. */
  get limited(): number {
    return this.counts.pass + this.counts.cut;
  }

  /** The part of these results that would have been cut, from 0 to 1. */
  get cutRate(): number {
    return this.limited === 0 ? 0 : this.counts.cut / this.limited;
  }
}

/** The effect of limits on a result. */
export type Prospect =
  | 'pass'
  | 'cut'
  /** It is read as a stream, and has other limits. */
  | 'streamed'
  /** The same, and it has passed a limit for buffered results. */
  | 'admitted'
  /** A rule lets it have any size. */
  | 'exempt'
  /** It changes data and returns rows: that is never cut. */
  | 'changes-data';

/** The effect of limits on a recorded result. */
export function prospectOf(record: ResultRecord, limits: Limits, exemptions: Exemptions): Prospect {
  if (record.responseClass === 'streaming') return record.fate === 'admitted' ? 'admitted' : 'streamed';
  if (exemptions.exempts(record)) return 'exempt';
  if (record.rows <= limits.rows && record.bytes <= limits.bytes) return 'pass';
  const { returning } = resultsOf(record.sql ?? record.digestText ?? '');
  return returning.includes(0) ? 'changes-data' : 'cut';
}

/** The results of one digest, or of another group, that would have been cut. */
export class CutGroup {
  /** Their number, including those that were not recorded and for which samples stand. */
  cuts = 0;
  readonly profile: Profile;

  constructor(grouping: Grouping) {
    this.profile = new Profile(grouping !== 'digest');
  }
}
