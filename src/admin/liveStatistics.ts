import type { Origin } from '../audit/record.js';
import type { AuditSettings } from '../config.js';
import { hostOf } from '../config/address.js';
import { DigestCache } from '../policy/digestCache.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import type { Action } from '../policy/judgement.js';
import { statementBytes, type Digest } from '../policy/statement.js';
import { DigestTable } from '../statistics/digestTable.js';
import type { Execution, Fate } from '../statistics/execution.js';
import { LogHistogram } from '../statistics/logHistogram.js';
import { Timeline } from '../statistics/timeline.js';

/** As many statements as a ranking needs; some KiB each. */
const DIGESTS_KEPT = 500;
/** How many are counted at once; fewer where their statements are long. */
const COUNTED_AT_ONCE = 128;
const STATEMENTS_AT_ONCE_BYTES = 256 * 1024;
/** Of a statement that stands as an example. */
const LONGEST_EXAMPLE = 1000;
const SLOT_MS = 30_000;
/** An hour. */
const SLOTS = 120;

const FATES: Readonly<Record<Action, Fate>> = {
  'cut': 'cut', 'truncate': 'cut', 'close': 'cut', 'would-cut': 'would-cut', 'warn': 'passed',
};

/** How a response ended, for the statistics. Times are on the session's clock, in ms. */
export interface Ending {
  readonly atMs: number;
  readonly stallMs: number;
  /** Its end was seen, so that its rows and bytes are all there were. */
  readonly isWhole: boolean;
}

/**
 * What each statement has cost since the start: what the live page shows. Kept only where there is one to
 * show it.
 */
export class LiveStatistics {
  private readonly byDigest = new DigestTable('bytes', DIGESTS_KEPT);
  private readonly rows = new LogHistogram();
  private readonly bytes = new LogHistogram();
  private readonly cuts = new Timeline(SLOT_MS, SLOTS);
  private readonly digests = new DigestCache();
  /**
   * Responses that have ended and are not counted yet. Counting touches much memory; done for many at once it
   * finds that in the processor's caches, and costs a query a fraction of what it costs after each.
   */
  private waiting: LiveExecution[] = [];
  private waitingStatementBytes = 0;

  /** @param settings how much of statements may be shown */
  constructor(private readonly settings: () => AuditSettings) {}

  /** By digest, and all together. */
  get table(): DigestTable {
    this.countWaiting();
    return this.byDigest;
  }

  /** How many rows the buffered results had: those that limits are for. */
  get bufferedRows(): LogHistogram {
    this.countWaiting();
    return this.rows;
  }

  /** How many bytes they had. */
  get bufferedBytes(): LogHistogram {
    this.countWaiting();
    return this.bytes;
  }

  get timeline(): Timeline {
    this.countWaiting();
    return this.cuts;
  }

  /** A response is over, or nothing more is seen of it. */
  add(usage: GovernedUsage, origin: Origin, ending: Ending): void {
    const statement = statementBytes(usage.command);
    if (usage.resultSets === 0 && statement === null) return;
    this.waiting.push(new LiveExecution(usage, origin, ending));
    this.waitingStatementBytes += statement?.length ?? 0;
    const isEnough = this.waiting.length >= COUNTED_AT_ONCE || this.waitingStatementBytes >= STATEMENTS_AT_ONCE_BYTES;
    if (isEnough) this.countWaiting();
  }

  private countWaiting(): void {
    const settings = this.settings();
    for (const execution of this.waiting) this.count(execution, settings);
    this.waiting = [];
    this.waitingStatementBytes = 0;
  }

  private count(execution: LiveExecution, settings: AuditSettings): void {
    const { usage, fate, atMs } = execution;
    execution.identify(this.digests.digestOf(usage), settings);
    this.byDigest.add(execution);
    if (fate !== 'passed') this.cuts.add(fate, atMs);
    if (usage.resultSets === 0 || usage.terms.responseClass === 'streaming') return;
    this.rows.add(usage.rows);
    this.bytes.add(usage.bytes);
  }
}

/** An execution as it ended. What most of them are never asked is worked out when it is. */
class LiveExecution implements Execution {
  readonly atMs = Date.now();
  private found: Digest | null = null;
  private settings: AuditSettings | null = null;

  constructor(
    readonly usage: GovernedUsage, private readonly origin: Origin, private readonly ending: Ending,
  ) {}

  /** What it executed is known now, and how much of that may be shown. */
  identify(digest: Digest | null, settings: AuditSettings): void {
    this.found = digest;
    this.settings = settings;
  }

  get digest(): string {
    return this.found?.hash ?? '';
  }

  get digestText(): string | null {
    return this.settings?.sql === 'none' ? null : this.found?.text ?? null;
  }

  get sql(): string | null {
    if (this.settings?.sql !== 'full') return null;
    return this.usage.statement.text?.slice(0, LONGEST_EXAMPLE) ?? null;
  }

  get rows(): number {
    return this.usage.rows;
  }

  get bytes(): number {
    return this.usage.bytes;
  }

  get largestRowBytes(): number {
    return this.usage.largestRowBytes;
  }

  get firstRowMs(): number | null {
    const { firstRowAtMs, command } = this.usage;
    return firstRowAtMs === 0 ? null : Math.max(0, firstRowAtMs - command.startedAtMs);
  }

  get durationMs(): number {
    return Math.max(0, this.ending.atMs - this.usage.command.startedAtMs);
  }

  get stallMs(): number {
    return this.ending.stallMs;
  }

  get isLowerBound(): boolean {
    return !this.ending.isWhole;
  }

  get fate(): Fate {
    return this.usage.judgement === null ? 'passed' : FATES[this.usage.judgement.action];
  }

  get user(): string {
    return this.origin.user;
  }

  get schema(): string {
    return this.origin.schema;
  }

  get program(): string {
    return this.origin.program ?? '';
  }

  get client(): string {
    return hostOf(this.origin.client);
  }
}
