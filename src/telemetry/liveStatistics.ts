import type { Origin } from '../audit/record.js';
import type { AuditSettings } from '../config/config.js';
import { digests } from '../policy/digestCache.js';
import { allTags, type GovernedUsage } from '../policy/governedUsage.js';
import type { Refusal } from '../policy/refusal.js';
import { sqlModeOf, statementBytes } from '../policy/statement.js';
import type { Grouping } from '../statistics/grouping.js';
import { NO_TAGS, type Tags } from '../sql/tags.js';
import { CutReasons } from './cutReasons.js';
import { LiveGroups } from './liveGroups.js';
import { GroupTable } from '../statistics/groupTable.js';
import { isCutFate } from '../statistics/execution.js';
import { LogHistogram } from '../statistics/logHistogram.js';
import type { ProfileData } from '../statistics/profile.js';
import { Timeline } from '../statistics/timeline.js';
import { Totals } from '../statistics/totals.js';
import { LiveExecution, type EndTimes } from './liveExecution.js';
import type { StatisticsOverview, StatisticsQuestion } from './statisticsSource.js';
import { world } from '../world/world.js';

/** The cost of each statement since the start, for the live page. Kept only if there is a live page. */
export class LiveStatistics {
  private readonly ofAll = new Totals();
  private readonly byDigest = new GroupTable('bytes', DIGESTS_KEPT);
  private readonly groups = new LiveGroups();
  private readonly rows = new LogHistogram();
  private readonly bytes = new LogHistogram();
  private readonly cuts = new Timeline(SLOT_MS, SLOTS);
  private readonly reasons = new CutReasons();
  /**
   * Responses that have ended and are not counted yet: the first `waitingCount`. Counting touches much memory. Done for
   * many responses at once, it finds that memory in the processor's caches and costs a fraction per query.
   */
  private readonly waiting = Array.from({ length: COUNTED_AT_ONCE }, () => new LiveExecution());
  private waitingCount = 0;
  private waitingStatementBytes = 0;

  /** @param settings the parts of statements that may be shown */
  constructor(private readonly settings: () => AuditSettings) {}

  /** All that is counted, but for the profiles of groups, in a form that goes from process to process. */
  overview({ order, grouping }: StatisticsQuestion, nowMs: number): StatisticsOverview {
    this.countWaiting();
    const group = grouping === 'digest' ? null : this.groups.by(grouping, nowMs);
    return {
      totals: { ...this.ofAll }, rows: this.rows.data, bytes: this.bytes.data, slots: this.cuts.slots(nowMs),
      cutReasons: this.reasons.all, digests: this.byDigest.index(order), groupings: this.groups.groupings,
      group: group === null ? null : { sinceMs: group.sinceMs, index: group.table.index(order) },
    };
  }

  /** The profiles of these groups; null for a group that is not kept. */
  profiles(grouping: Grouping, keys: readonly string[], nowMs: number): (ProfileData | null)[] {
    this.countWaiting();
    const table = grouping === 'digest' ? this.byDigest : this.groups.by(grouping, nowMs)?.table;
    return keys.map((key) => table?.profile(key)?.data ?? null);
  }

  /**
   * Adds a response that has ended or is no longer followed.
   * @param isWhole whether its end was seen, so that its rows and bytes are complete
   */
  add(usage: GovernedUsage, origin: Origin, times: EndTimes, isWhole: boolean): void {
    const statement = statementBytes(usage.command);
    if (usage.resultSets === 0 && statement === null) return;
    this.waiting[this.waitingCount]!.note(usage, origin, times, isWhole);
    this.noted(statement);
  }

  /** Adds a statement that was refused, or would have been. */
  refused(usage: GovernedUsage, origin: Origin, times: EndTimes, action: Refusal['action']): void {
    this.waiting[this.waitingCount]!.noteRefusal(usage, origin, times, action);
    this.noted(statementBytes(usage.command));
  }

  private noted(statement: Buffer | null): void {
    this.waitingCount += 1;
    this.waitingStatementBytes += statement?.length ?? 0;
    const isEnough = this.waitingCount === COUNTED_AT_ONCE || this.waitingStatementBytes >= STATEMENTS_AT_ONCE_BYTES;
    if (isEnough) this.countWaiting();
  }

  /** Each table in turn counts all executions: so it stays in the processor's caches. */
  private countWaiting(): void {
    const { sql, liveTags } = this.settings();
    this.groups.keepTags(liveTags, world.dateMs());
    for (let i = 0; i < this.waitingCount; i += 1) this.identify(this.waiting[i]!, sql, liveTags);
    for (let i = 0; i < this.waitingCount; i += 1) this.count(this.waiting[i]!);
    for (let i = 0; i < this.waitingCount; i += 1) this.groups.add(this.waiting[i]!);
    for (let i = 0; i < this.waitingCount; i += 1) this.waiting[i]!.clear();
    this.waitingCount = 0;
    this.waitingStatementBytes = 0;
  }

  private identify(execution: LiveExecution, shown: AuditSettings['sql'], liveTags: readonly string[]): void {
    const { statement, readingFlags, server, isTruncated, attributes } = execution;
    const mode = sqlModeOf(readingFlags, server);
    const found = statement === null ? null : digests.identify(statement, isTruncated, mode, liveTags);
    const fromText = found?.tags ?? NO_TAGS;
    const tags = attributes === null ? fromText : chosenOf(allTags(fromText, attributes), liveTags);
    execution.identify(found?.digest ?? null, tags, shown);
  }

  private count(execution: LiveExecution): void {
    const { fate, rows, bytes } = execution;
    this.ofAll.add(execution);
    this.byDigest.add(execution);
    if (isCutFate(fate)) {
      this.cuts.add(fate, execution.atMs);
      this.reasons.add(fate, execution.rule, execution.reason);
    }
    if (execution.isLimited) {
      this.rows.add(rows);
      this.bytes.add(bytes);
    }
  }
}

/** The tags with these names. */
function chosenOf(tags: Tags, names: readonly string[]): Tags {
  return new Map([...tags].filter(([name]) => names.includes(name)));
}

/** The number of statements for the ranking; each takes a few KiB. */
const DIGESTS_KEPT = 500;
/** The number of executions that are counted at once; fewer if their statements are long. */
const COUNTED_AT_ONCE = 64;
const STATEMENTS_AT_ONCE_BYTES = 256 * 1024;
const SLOT_MS = 30_000;
/** An hour. */
const SLOTS = 120;
