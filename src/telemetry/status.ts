import type { Config } from '../config/config.js';
import type { Expiry } from '../config/expiry.js';
import type { LiveStatistics } from './liveStatistics.js';
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
  /** `connecting`, then the connection phase's part, `idle`, `running`, `discarding`, `stream`, `unparsed`. */
  readonly state: string;
  readonly ageMs: number;
  /** The command under way, with what its response has brought so far. */
  readonly command: CommandView | null;
  /** For how long the client has not been reading, in ms; null where it reads. */
  readonly stalledMs: number | null;
}

export interface CommandView {
  readonly command: string;
  readonly digest: string | null;
  /** The statement's normal form; null where it is not known, or may not be shown. */
  readonly digestText: string | null;
  readonly runningMs: number;
  readonly rows: number;
  readonly bytes: number;
  readonly rule: string | null;
  readonly class: string | null;
  /** What told that it is read as a stream; null where nothing did. */
  readonly signal: string | null;
  /** It has passed the limit for buffered results because of that. */
  readonly isAdmitted: boolean;
}

/** How the proxy stands at the moment of being asked. */
export interface ProxyStatus {
  readonly openSessions: number;
  readonly stalledSessions: number;
  /** Sessions whose clients have gone while a cut response runs to its end; they do not count as open. */
  readonly clientlessDrains: number;
  readonly budgetUsedBytes: number;
  /** Infinity for none. */
  readonly budgetMaxBytes: number;
  readonly hints: { readonly followed: number; readonly forbidden: number; readonly malformed: number };
  /** Audit samples that were left out. */
  readonly droppedSamples: number;
  /** Of the sessions that live. */
  readonly live: SessionTotals;
}

/** What the admin endpoint asks of the program, and tells it to do. */
export interface Administered {
  /** It listens, and is not about to stop. */
  readonly isReady: boolean;
  /** How this process stands, of which there may be more. */
  status(): ProxyStatus;
  /** How all of them stand together. */
  statusOfAll(): ProxyStatus | Promise<ProxyStatus>;
  /** The live sessions of all behind the one with this number, in their order, each looked at when its turn comes. */
  sessions(after: number): Iterable<SessionView> | AsyncIterable<SessionView>;
  /**
   * The metrics of all processes that the program is made of.
   * @param own this process's, in Prometheus' text format
   */
  allMetrics(own: string): string | Promise<string>;
  /** The configuration as it is used. */
  readonly config: Config;
  /** Null where none are kept. */
  readonly statistics: LiveStatistics | null;
  /** When rules and certificates of the configuration end; none where another process tells that. */
  readonly expiries: readonly Expiry[];
  /** The configuration as it is used, as JSON, without secrets. */
  configText(): string;
  readonly droppedAuditRecords: number;
  readonly droppedLogLines: number;
  /** Whether the upstream server takes connections. */
  reachesUpstream(): Promise<boolean>;
  /** Reads the configuration again. Tells what changed; what is wrong, where it is refused. */
  reload(): Promise<ReloadResult>;
  /** Ends the program as SIGTERM does; `isQuick` without waiting for further connections. */
  stop(request: 'POST /drain' | 'POST /quit'): void;
}

export interface ReloadResult {
  readonly isApplied: boolean;
  /** The keys whose values changed; or what is wrong, one line each. */
  readonly lines: readonly string[];
}
