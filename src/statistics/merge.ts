import type { Order } from './execution.js';
import type { GroupIndex, RankedGroup } from './groupTable.js';
import { Profile, type ProfileData } from './profile.js';

// Several processes count, each on its own. To rank all of them together takes two steps:
//
//     1. each tells all of its groups with their amounts (small), and how much a group may have that it does not keep;
//     2. each tells the profiles of the groups that are the largest of all.
//
// A group that a process does not keep is counted there as 0. What it may have had is added to `missed`.

/** The keys of the groups with the largest amounts over all processes, with what may be missing from their totals. */
export function largestGroups(parts: readonly GroupIndex[], order: Order, count: number): LargestGroups {
  const all = new Map<string, { amount: number; missed: number }>();
  for (const { groups, mostMissed } of parts) {
    for (const { key, amount, missed } of groups) {
      const known = all.get(key) ?? { amount: 0, missed: 0 };
      known.amount = order === 'max-bytes' ? Math.max(known.amount, amount) : known.amount + amount;
      known.missed += missed - mostMissed;
      all.set(key, known);
    }
  }
  const missedByAll = parts.reduce((sum, { mostMissed }) => sum + mostMissed, 0);
  const groups = [...all]
    .sort(([one, { amount }], [other, { amount: more }]) => more - amount || (one < other ? -1 : 1))
    .slice(0, count)
    .map(([key, { amount, missed }]) => ({ key, amount, missed: missed + missedByAll }));
  return { groups, hasForgotten: parts.some(({ hasForgotten }) => hasForgotten) };
}

/** The largest groups of all processes, without their profiles. */
export interface LargestGroups {
  readonly groups: GroupIndex['groups'];
  readonly hasForgotten: boolean;
}

/**
 * Puts the profiles of all processes to the largest groups.
 * @param parts for each process the profiles of these groups, in their order; null for a group that it does not keep
 * @param hasDigests whether a group has executions of several digests
 */
export function withProfiles(
  { groups }: LargestGroups, parts: readonly (readonly (ProfileData | null)[])[], hasDigests: boolean,
): RankedGroup[] {
  return groups.map(({ key, amount, missed }, index) => {
    const profile = new Profile(hasDigests);
    for (const part of parts) {
      const data = part[index] ?? null;
      if (data !== null) profile.absorb(data);
    }
    return { key, profile, amount, missed };
  });
}
