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

/** What each statement has cost since the start: what the live page shows. Kept only where there is one to show it. */
export class LiveStatistics {
  readonly table = new DigestTable('bytes', DIGESTS_KEPT);
  /** Sizes of the buffered results: those that limits are for. */
  readonly bufferedRows = new LogHistogram();
  readonly bufferedBytes = new LogHistogram();
  readonly timeline = new Timeline(SLOT_MS, SLOTS);
  private readonly digests = new DigestCache();

  /** @param settings how much of statements may be shown */
  constructor(private readonly settings: () => AuditSettings) {}

  /** A response is over, or nothing more is seen of it. */
  add(usage: GovernedUsage, origin: Origin, ending: Ending): void {
    if (statementBytes(usage.command) === null && usage.resultSets === 0) return;
    const fate = usage.judgement === null ? 'passed' : FATES[usage.judgement.action];
    const execution = new LiveExecution(usage, origin, ending, fate, this.digests.digestOf(usage), this.settings());
    this.table.add(execution);
    if (fate !== 'passed') this.timeline.add(fate, execution.atMs);
    if (usage.resultSets === 0 || usage.terms.responseClass === 'streaming') return;
    this.bufferedRows.add(usage.rows);
    this.bufferedBytes.add(usage.bytes);
  }
}

/** An execution as it ended. What most of them are never asked is worked out when it is. */
class LiveExecution implements Execution {
  readonly atMs = Date.now();
  readonly digest: string;
  readonly rows: number;
  readonly bytes: number;
  readonly largestRowBytes: number;
  readonly durationMs: number;
  readonly firstRowMs: number | null;
  readonly stallMs: number;
  readonly isLowerBound: boolean;
  readonly user: string;
  readonly schema: string;
  readonly program: string;

  constructor(
    private readonly usage: GovernedUsage,
    private readonly origin: Origin,
    { atMs, stallMs, isWhole }: Ending,
    readonly fate: Fate,
    private readonly found: Digest | null,
    private readonly settings: AuditSettings,
  ) {
    const { startedAtMs } = usage.command;
    this.digest = found?.hash ?? '';
    this.rows = usage.rows;
    this.bytes = usage.bytes;
    this.largestRowBytes = usage.largestRowBytes;
    this.durationMs = Math.max(0, atMs - startedAtMs);
    this.firstRowMs = usage.firstRowAtMs === 0 ? null : Math.max(0, usage.firstRowAtMs - startedAtMs);
    this.stallMs = stallMs;
    this.isLowerBound = !isWhole;
    this.user = origin.user;
    this.schema = origin.schema;
    this.program = origin.program ?? '';
  }

  get client(): string {
    return hostOf(this.origin.client);
  }

  get digestText(): string | null {
    return this.settings.sql === 'none' ? null : this.found?.text ?? null;
  }

  get sql(): string | null {
    return this.settings.sql === 'full' ? this.usage.statement.text?.slice(0, LONGEST_EXAMPLE) ?? null : null;
  }
}
