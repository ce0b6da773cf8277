import type { Execution } from '../statistics/execution.js';
import { isTagGrouping, PROPERTIES, tagGrouping, type Grouping } from '../statistics/grouping.js';
import { GroupTable } from '../statistics/groupTable.js';

/**
 * Live statistics by other properties than the digest. Those by the tags of `audit.liveTags` are kept from the start,
 * the others from when they are asked for first: each costs some time for each execution.
 */
export class LiveGroups {
  private readonly kept = new Map<Grouping, LiveGroup>();
  private tags: readonly string[] = [];

  /** Keeps statistics by these tags, and by no others. */
  keepTags(tags: readonly string[], nowMs: number): void {
    if (tags === this.tags) return;
    for (const tag of this.tags) if (!tags.includes(tag)) this.kept.delete(tagGrouping(tag));
    this.tags = tags;
    for (const tag of tags) this.keep(tagGrouping(tag), nowMs);
  }

  /** The statistics by a property other than the digest; null for a tag without statistics. */
  by(grouping: Grouping, nowMs: number): LiveGroup | null {
    return isTagGrouping(grouping) ? this.kept.get(grouping) ?? null : this.keep(grouping, nowMs);
  }

  /** The groupings that can be asked for. */
  get groupings(): readonly Grouping[] {
    return [...PROPERTIES, ...this.tags.map(tagGrouping)];
  }

  /** Counts an execution. One without a tag is in no group of that tag. */
  add(execution: Execution): void {
    for (const { table } of this.kept.values()) {
      if (isTagGrouping(table.grouping)) table.addKnown(execution);
      else table.add(execution);
    }
  }

  private keep(grouping: Grouping, nowMs: number): LiveGroup {
    let group = this.kept.get(grouping);
    if (group === undefined) this.kept.set(grouping, group = newGroup(grouping, nowMs));
    return group;
  }
}

/** The statistics by one property. */
export interface LiveGroup {
  readonly table: GroupTable;
  /** Since when they are kept, in ms since 1970. */
  readonly sinceMs: number;
}

function newGroup(grouping: Grouping, nowMs: number): LiveGroup {
  return { table: new GroupTable('bytes', GROUPS_KEPT, grouping), sinceMs: nowMs };
}

/** Each group takes a few KiB. */
const GROUPS_KEPT = 100;
