// What Sluice is told to do. These types are what the rest of the program sees; which keys the JSON has for
// them, with their defaults, stands in one table: config/settings.ts.

import type { TlsFiles } from './tlsFiles.js';
import type { StatementKind } from '../sql/statement.js';

export interface Config extends Treatment {
  readonly listen: readonly Listen[];
  /** In the order in which they are tried. */
  readonly upstream: readonly Upstream[];
  /** The first that matches holds. */
  readonly rules: readonly Rule[];
  readonly streaming: StreamingSettings;
  readonly drain: DrainSettings;
  /** null where nothing is killed. */
  readonly kill: KillSettings | null;
  /** What the buffered results under way may have together; Infinity where there is no such limit. */
  readonly budget: { readonly bytes: number };
  readonly stall: { readonly warnAfterMs: number };
  readonly onUnparsed: 'relay' | 'close';
  /** Whether compressed connections are followed, or both ends are kept from compressing. */
  readonly compression: 'inspect' | 'strip';
  readonly connections: ConnectionSettings;
  readonly audit: AuditSettings;
  readonly log: { readonly level: LogLevel };
  /** null where there is none. */
  readonly admin: AdminSettings | null;
  readonly shutdown: ShutdownSettings;
  /** How many processes relay; 1 is this one itself. */
  readonly workers: number;
}

/** A TCP address. An IPv6 host stands without brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How clients may encrypt. Paths are of PEM files. */
export interface ListenTls extends TlsFiles {
  /**
   * In `auto` clients may encrypt where the server offers it, too; with a certificate of the user's own it is
   * `optional`, and over a Unix socket `off`. In `passthrough` the client's TLS goes to the server as it is, and
   * nothing is counted.
   */
  readonly mode: 'auto' | 'off' | 'optional' | 'required' | 'passthrough';
  /** Where a certificate that Sluice makes for itself is kept; it is made anew at each start where this is left out. */
  readonly folder?: string;
  /** Whether a client has to show a certificate that `ca` has signed. */
  readonly requestCert: boolean;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** In OpenSSL's notation. */
  readonly ciphers?: string;
}

/** How the server is talked to. Paths are of PEM files. */
export interface UpstreamTls extends TlsFiles {
  readonly mode: 'off' | 'preferred' | 'required' | 'verify-ca' | 'verify-full';
  /** What the server's certificate is for, where that is not the upstream's host. */
  readonly serverName?: string;
  /** Whether passwords are brought over where only one end is encrypted. */
  readonly bridge: boolean;
}

/** A Unix socket in the file system. */
export interface SocketFile {
  readonly path: string;
}

/** Where to listen or to connect. */
export type Place = Address | SocketFile;

/** Where clients connect. */
export interface Listen {
  readonly at: Place;
  /** The permission bits of a Unix socket's file; 0660 where it is left out. */
  readonly permissions?: number;
  /** Connections from these networks begin with a PROXY header; "unix" stands for those over a Unix socket. */
  readonly proxyProtocol: readonly string[];
  readonly tls: ListenTls;
}

/** A MySQL or MariaDB server. */
export interface Upstream {
  readonly at: Place;
  /** The PROXY header that tells it of the client; off where it is told nothing. */
  readonly proxyProtocol: 'off' | 'v1' | 'v2';
  readonly tls: UpstreamTls;
}

/** The largest usage that passes; Infinity where unlimited. */
export interface Limits {
  readonly rows: number;
  readonly bytes: number;
}

/** What is done where a limit would be broken, and the error that says so. */
export interface OnExceed {
  readonly action: 'error' | 'truncate' | 'close' | 'hold';
  readonly error: ErrorNumber;
}

/** The two ways in which an ERR packet says what it is about. */
export interface ErrorNumber {
  readonly code: number;
  readonly sqlState: string;
}

/** How a response is read: into the client's memory, or row by row. */
export type ResponseClass = 'buffered' | 'streaming';

/** What may tell that a response is read row by row. */
export type StreamingSignal = 'cursor' | 'dump' | 'jdbc' | 'hint' | 'pace';

/** How far a statement's hint may change its own limits. */
export type HintPolicy = 'none' | 'lower' | 'any';

/** How responses are treated: the global settings, or a rule's. */
export interface Treatment {
  readonly mode: 'enforce' | 'audit';
  /** For buffered responses. */
  readonly limits: Limits;
  readonly warn: Limits;
  readonly onExceed: OnExceed;
  readonly hints: HintPolicy;
  readonly streaming: { readonly limits: Limits };
}

/** A rule's conditions: all that are there must hold, and of each one of its patterns. */
export interface Match {
  readonly user?: readonly string[];
  readonly schema?: readonly string[];
  /** IP addresses and networks. */
  readonly client?: readonly string[];
  readonly program?: readonly string[];
  /** By the connection attribute's name. */
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly digest?: readonly string[];
  readonly statement?: readonly StatementKind[];
}

/** A treatment for what it matches; the settings that it leaves out are the global ones. */
export interface Rule extends Treatment {
  readonly name: string;
  readonly match: Match;
  /** null where the rule leaves it to hints and signals. */
  readonly class: ResponseClass | null;
  /** When it ends, in ms since 1970; Infinity where it does not. */
  readonly untilMs: number;
}

export interface StreamingSettings {
  readonly limits: Limits;
  /** Those that are believed. */
  readonly signals: readonly StreamingSignal[];
  readonly pace: PaceSettings;
  /**
   * What each session's `net_write_timeout` is set to on the server, in ms, whole seconds; null where it is left alone.
   */
  readonly netWriteTimeoutMs: number | null;
}

/** How it is told from a client's pace whether it works row by row. */
export interface PaceSettings {
  /** The longest that its pace is watched, in ms. */
  readonly waitMs: number;
  /** Who takes more is taken for one that reads into memory. */
  readonly maxRowsPerSecond: number;
  readonly maxBytesPerSecond: number;
}

/** How much of a cut response is read and thrown away, before the connections are closed instead. */
export interface DrainBounds {
  readonly bytes: number;
  readonly timeMs: number;
}

export interface DrainSettings extends DrainBounds {
  /** How long a client's command waits for that, before its connection is closed instead. */
  readonly waitingMs: number;
}

/** The account that ends a cut query on the server, over a connection of its own. */
export interface KillSettings {
  readonly user: string;
  readonly password: string;
  /** Where the password was read from, if not from the configuration itself. */
  readonly passwordFile?: string;
  /** Once so much was drained, or so long after the cut; 0 leaves that one out, 0 and 0 mean at once. */
  readonly when: { readonly bytes: number; readonly timeMs: number };
}

export interface ConnectionSettings {
  readonly max: number;
  readonly connectTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly keepAliveMs: number;
}

/** Which results are recorded besides those that something is done about; Infinity where there is no such sample. */
export interface SampleSettings {
  /** Results with more rows than these are. */
  readonly rows: number;
  /** Results with more bytes than these are. */
  readonly bytes: number;
  /** Of the others, one in so many is. */
  readonly oneIn: number;
  /** The most samples that are written in a second. */
  readonly perSecond: number;
}

export interface AuditSettings {
  /** 'stdout' or the path of a file. */
  readonly to: string;
  readonly format: 'json' | 'slowlog';
  /** How much of a statement is written down. */
  readonly sql: 'full' | 'digest' | 'none';
  /** The longest statement that a record holds whole. */
  readonly sqlBytes: number;
  /** Whether the values bound to a prepared statement are written down. */
  readonly params: boolean;
  readonly sample: SampleSettings;
  /** Whether results are recorded that passed their limit because they were taken for streams. */
  readonly admitted: boolean;
}

/** The HTTP endpoint that tells how the program stands. */
export interface AdminSettings {
  readonly listen: Address;
  /** The file that the token was read from; absent where there is none. */
  readonly tokenFile?: string;
  /** null where there is none. */
  readonly token: string | null;
}

/** How SIGTERM ends the program. Both times count from the signal. */
export interface ShutdownSettings {
  /** For how long new connections are still accepted, and nothing is ended. */
  readonly acceptForMs: number;
  /** What has not ended by then is ended. */
  readonly timeoutMs: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
