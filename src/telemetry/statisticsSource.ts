import type { Order } from '../statistics/execution.js';
import type { Grouping } from '../statistics/grouping.js';
import type { GroupIndex } from '../statistics/groupTable.js';
import { LogHistogram, type HistogramData } from '../statistics/logHistogram.js';
import type { ProfileData } from '../statistics/profile.js';
import { mergeSlots, type Slot } from '../statistics/timeline.js';
import type { Totals } from '../statistics/totals.js';
import type { CutReason } from './cutReasons.js';

/** The live statistics of all processes of the program. One process answers for each of its own. */
export interface StatisticsSource {
  /** The counts of each process; a process that does not answer is left out. */
  overviews(question: StatisticsQuestion): Promise<readonly StatisticsOverview[]>;
  /** The profiles of these groups in each process; null for a group that a process does not keep. */
  profiles(grouping: Grouping, keys: readonly string[]): Promise<readonly (readonly (ProfileData | null)[])[]>;
}

/** The ranking that is asked for. */
export interface StatisticsQuestion {
  readonly order: Order;
  readonly grouping: Grouping;
}

/** The counts of one process, as plain data. */
export interface StatisticsOverview {
  readonly totals: Readonly<Record<TotalName, number>>;
  /** The rows and the bytes of buffered results. */
  readonly rows: HistogramData;
  readonly bytes: HistogramData;
  readonly slots: readonly Slot[];
  readonly cutReasons: readonly CutReason[];
  readonly digests: GroupIndex;
  readonly groupings: readonly Grouping[];
  /** By the property that is asked for, if it is not the digest; null if there are no such statistics. */
  readonly group: { readonly sinceMs: number; readonly index: GroupIndex } | null;
}

type TotalName = keyof Omit<Totals, 'add'>;

/** The counts of all processes, except for the groups. */
export interface MergedOverview {
  readonly totals: StatisticsOverview['totals'];
  readonly rows: LogHistogram;
  readonly bytes: LogHistogram;
  readonly slots: readonly Slot[];
  readonly cutReasons: readonly CutReason[];
}

/** Adds up the counts of several processes, at least one. */
export function mergeOverviews(parts: readonly StatisticsOverview[]): MergedOverview {
  const [rows, bytes] = [new LogHistogram(), new LogHistogram()];
  const reasons = new Map<string, CutReason>();
  for (const part of parts) {
    rows.absorb(part.rows);
    bytes.absorb(part.bytes);
    for (const one of part.cutReasons) {
      const key = JSON.stringify([one.rule, one.reason]);
      const { cuts = 0, wouldCuts = 0 } = reasons.get(key) ?? {};
      reasons.set(key, { ...one, cuts: one.cuts + cuts, wouldCuts: one.wouldCuts + wouldCuts });
    }
  }
  const sum = (name: TotalName): number => parts.reduce((total, part) => total + part.totals[name], 0);
  const names = Object.keys(parts[0]?.totals ?? {}) as TotalName[];
  const totals = Object.fromEntries(names.map((name) => [name, sum(name)])) as Record<TotalName, number>;
  return { totals, rows, bytes, slots: mergeSlots(parts.map(({ slots }) => slots)), cutReasons: [...reasons.values()] };
}
