import type { Config } from '../config/config.js';
import type { Expiry } from '../config/expiry.js';
import type { LiveStatistics } from './liveStatistics.js';
import type { Family } from './familyList.js';
import type { SessionTotals } from './metrics.js';

/** One live session, as `/sessions` shows it. */
export interface SessionView {
  readonly session: number;
  readonly user: string;
  readonly schema: string;
  /** The client's address and port. */
  readonly client: string;
  readonly program: string | null;
  /** The server's number for the connection. */
  readonly connectionId: number | null;
  /** `connecting`, then the part of the connection phase, `idle`, `running`, `discarding`, `stream`, `unparsed`. */
  readonly state: string;
  readonly ageMs: number;
  /** The command under way, with the rows and bytes of its response so far. */
  readonly command: CommandView | null;
  /** The time for which the client has not been reading, in ms; null if it reads. */
  readonly stalledMs: number | null;
}

export interface CommandView {
  readonly command: string;
  readonly digest: string | null;
  /** The statement's normal form; null if it is not known or may not be shown. */
  readonly digestText: string | null;
  readonly runningMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly rule: string | null;
  readonly class: string | null;
  /** The signal that classified it as a stream; null if there was none. */
  readonly signal: string | null;
  /** Whether it has passed the limit for buffered results for that reason. */
  readonly isAdmitted: boolean;
}

/** The status of the proxy at the time of the request. */
export interface ProxyStatus {
  readonly openSessions: number;
  readonly stalledSessions: number;
  /** Sessions whose clients have gone while a cut response runs to its end. They do not count as open. */
  readonly clientlessDrains: number;
  readonly budgetUsedBytes: number;
  /** Infinity for no budget. */
  readonly budgetMaxBytes: number;
  readonly hints: { readonly followed: number; readonly forbidden: number; readonly malformed: number };
  /** The number of audit samples that were left out. */
  readonly droppedSamples: number;
  /** The sums over open sessions. */
  readonly live: SessionTotals;
}

/** The program as the admin endpoint sees and controls it. */
export interface Administered {
  /** Whether it listens and is not stopping. */
  readonly isReady: boolean;
  /** The status of this process. There may be several. */
  status(): ProxyStatus;
  /** The status of all processes together. */
  statusOfAll(): ProxyStatus | Promise<ProxyStatus>;
  /** The open sessions of all processes with a number above `after`, in order. Each is read when its turn comes. */
  sessions(after: number): Iterable<SessionView> | AsyncIterable<SessionView>;
  /** The metrics of all processes of the program. @param own the metrics of this process */
  allMetrics(own: readonly Family[]): readonly Family[] | Promise<readonly Family[]>;
  /** The current configuration. */
  readonly config: Config;
  /** Null if no statistics are kept. */
  readonly statistics: LiveStatistics | null;
  /** The ends of the configuration's rules and certificates; empty if another process reports them. */
  readonly expiries: readonly Expiry[];
  /** The current configuration as JSON, without secrets. */
  configText(): string;
  readonly droppedAuditRecords: number;
  readonly droppedLogLines: number;
  /** Whether the upstream server accepts logins. */
  reachesUpstream(): Promise<boolean>;
  /** Reads the configuration again. Returns the changes, or the mistakes if it is refused. */
  reload(): Promise<ReloadResult>;
  /** Ends the program: `POST /drain` as SIGTERM does, `POST /quit` without waiting for further connections. */
  stop(request: 'POST /drain' | 'POST /quit'): void;
}

export interface ReloadResult {
  readonly isApplied: boolean;
  /** The keys whose values changed, or the mistakes, one line each. */
  readonly lines: readonly string[];
}
