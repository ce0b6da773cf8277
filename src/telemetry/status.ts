import type { Config, Place } from '../config/config.js';
import type { GroupMemory } from '../config/cgroup.js';
import type { Expiry } from '../config/expiry.js';
import type { History } from './history.js';
import type { StatisticsSource } from './statisticsSource.js';
import type { Family } from './familyList.js';
import type { SessionTotals } from './metrics.js';
import type { Asker, OrderResult, SessionOrder } from './sessionOrder.js';

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
  /** The server, such as `db.example.com:3306`; null before one has been reached. */
  readonly upstream: string | null;
  /** The TLS version of either connection, or `passthrough`; null for a connection in the clear. */
  readonly tls: { readonly client: string | null; readonly upstream: string | null };
  readonly state: SessionState;
  readonly ageMs: number;
  /** The age of its transaction, in ms; null if none is open. */
  readonly inTransactionMs: number | null;
  /** The command under way, with the rows and bytes of its response so far. */
  readonly command: CommandView | null;
  /** The time for which the client has not been reading, in ms; null if it reads. */
  readonly stalledMs: number | null;
}

/** The state of a session. */
export type SessionState =
  /** No server has greeted yet. */
  | 'connecting'
  /** The connection phase. */
  | 'greeting' | 'response' | 'authentication' | 'refused'
  /** No command is under way, and no transaction is open. */
  | 'idle'
  /** No command is under way, and a transaction is open: it may hold locks. */
  | 'in-transaction'
  | 'running'
  /** The client has not taken anything of its response for `STALLED_AFTER_MS`. */
  | 'stalled'
  /** The server waits for the client most of the time. */
  | 'reading-slowly'
  /** Its result is held back until it is known to fit. */
  | 'held-back'
  | 'waiting-for-budget'
  /** Its response was cut, and the rest is being drained. */
  | 'discarding'
  /** Bytes pass without being followed. */
  | 'stream' | 'tls' | 'unparsed';

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
  /** The bytes per second that were sent to the client, since the first row; null before that. */
  readonly rowsPerSecond: number | null;
  readonly bytesPerSecond: number | null;
  /** The tags that `audit.tags` names. */
  readonly tags: Readonly<Record<string, string>>;
  readonly traceId: string | null;
}

/** All that may be shown of one session. */
export interface SessionDetail extends SessionView {
  /** The statement under way, as `audit.sql` permits; null if none is, or it may not be shown. */
  readonly statement: Readonly<Record<string, unknown>> | null;
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
  /** When it was read, and when the program began, in ms since 1970. */
  readonly configuredAtMs: number;
  readonly startedAtMs: number;
  /** The addresses on which it listens for clients. */
  readonly listeners: readonly Place[];
  /** The last events of all processes. */
  readonly history: History;
  /** Null if no statistics are kept. */
  readonly statistics: StatisticsSource | null;
  /** The ends of the configuration's rules and certificates; empty if another process reports them. */
  readonly expiries: readonly Expiry[];
  /** The memory of the container; null if it has no limit, or another process reports it. */
  readonly containerMemory: GroupMemory | null;
  /** Whether new clients are turned away now, because the container's memory limit is near. */
  readonly isMemoryShort: boolean;
  /** The current configuration as JSON, without secrets. */
  configText(): string;
  readonly droppedAuditRecords: number;
  readonly droppedLogLines: number;
  /** Whether the upstream server accepts logins. */
  reachesUpstream(): Promise<boolean>;
  /** All that may be shown of one session of any process; null if there is no such session. */
  session(session: number): SessionDetail | null | Promise<SessionDetail | null>;
  /** Carries out an order for one session of any process, and logs it with who has asked for it. */
  order(session: number, order: SessionOrder, asker: Asker): Promise<OrderResult>;
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
