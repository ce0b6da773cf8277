import { ownCopy } from '../text/ownCopy.js';
import { type Baseline, type BaselineEntry, LONGEST_TEXT, MOST_ENTRIES } from './baseline.js';
import { LONGEST_DIGEST, shortened } from './finding.js';
import type { RefusalRecord, ResultRecord } from './reading.js';
import { Repetitions } from './repetitions.js';

/** Makes a new baseline from an old one and from records that come one by one. */
export class BaselineUpdate {
  /** Records whose statement is not known, and digests beyond those that a baseline can have. */
  readonly leftOut = { unknown: 0, digests: new Set<string>() };
  private readonly seen = new Map<string, Sizes>();
  private readonly repetitions = new Repetitions();

  addResult(record: ResultRecord): void {
    const executions = this.repetitions.add(record)?.executions ?? 1;
    this.add(record, { rows: record.rows, bytes: record.bytes, executions }, false);
  }

  addRefusal(record: RefusalRecord): void {
    this.add(record, { rows: 0, bytes: 0, executions: 1 }, true);
  }

  /**
   * The new baseline. An entry keeps its `until`.
   * @param prunes whether the records are all that there is: entries that are not in them leave, and sizes may shrink;
   * else entries stay, and sizes only grow
   */
  baseline(before: Baseline, prunes: boolean): Baseline {
    const entries = new Map(prunes ? [] : before);
    for (const [digest, sizes] of this.seen) entries.set(digest, entryOf(digest, sizes, before.get(digest), prunes));
    return entries;
  }

  /** Whether no record was added whose statement is known: there is nothing to write a baseline from. */
  get isEmpty(): boolean {
    return this.seen.size === 0;
  }

  private add(
    { digest, digestText }: RefusalRecord, { rows, bytes, executions }: Amounts, isRefused: boolean,
  ): void {
    if (!DIGEST.test(digest)) {
      this.leftOut.unknown += 1;
      return;
    }
    const sizes = this.seen.get(digest);
    if (sizes === undefined) {
      const { leftOut: { digests } } = this;
      const first = { rows, bytes, executions, isRefused, digestText: shortened(digestText, LONGEST_TEXT) };
      if (this.seen.size < MOST_ENTRIES) this.seen.set(ownCopy(digest), first);
      else if (digests.size < MOST_ENTRIES) digests.add(ownCopy(digest));
      return;
    }
    sizes.digestText ??= shortened(digestText, LONGEST_TEXT);
    sizes.isRefused ||= isRefused;
    sizes.rows = Math.max(sizes.rows, rows);
    sizes.bytes = Math.max(sizes.bytes, bytes);
    sizes.executions = Math.max(sizes.executions, executions);
  }
}

/** The largest amounts of a digest: of one result, and its executions in one trace or transaction. */
interface Amounts {
  rows: number;
  bytes: number;
  executions: number;
}

interface Sizes extends Amounts {
  digestText: string | null;
  isRefused: boolean;
}

const DIGEST = new RegExp(`^[\\x21-\\x7e]{1,${LONGEST_DIGEST}}$`);

function entryOf(digest: string, sizes: Sizes, before: BaselineEntry | undefined, prunes: boolean): BaselineEntry {
  const least = prunes ? undefined : before;
  const executions = Math.max(sizes.executions, least?.executions ?? 1);
  return {
    digest,
    digestText: sizes.digestText ?? before?.digestText ?? null,
    rows: Math.max(sizes.rows, least?.rows ?? 0),
    bytes: Math.max(sizes.bytes, least?.bytes ?? 0),
    ...(executions > 1 ? { executions } : {}),
    ...(sizes.isRefused || least?.refused === true ? { refused: true } : {}),
    ...(before?.until === undefined ? {} : { until: before.until }),
  };
}
