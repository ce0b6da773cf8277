// The configuration, as the rest of the program sees it. The keys in the JSON, with their defaults, stand in one table:
// config/settings.ts.

import type { TlsFiles } from './tlsFiles.js';
import type { StatementKind } from '../sql/statement.js';
import type { CutError, RefusalSettings } from './errorSettings.js';

export interface Config extends Treatment {
  readonly listen: readonly Listen[];
  /** The servers, in the order in which they are tried. */
  readonly upstream: readonly Upstream[];
  /** The first rule that matches applies. */
  readonly rules: readonly Rule[];
  readonly streaming: StreamingSettings;
  readonly drain: DrainSettings;
  /** Null if Sluice kills nothing. */
  readonly kill: KillSettings | null;
  /** The most bytes that all buffered results under way may have together; Infinity for no limit. */
  readonly budget: { readonly bytes: number };
  readonly stall: { readonly warnAfterMs: number };
  readonly onUnparsed: 'relay' | 'close';
  /** Whether Sluice follows compressed connections, or keeps both ends from compressing. */
  readonly compression: 'inspect' | 'strip';
  readonly connections: ConnectionSettings;
  readonly audit: AuditSettings;
  readonly telemetry: TelemetrySettings;
  readonly log: { readonly level: LogLevel };
  /** null if there is none. */
  readonly admin: AdminSettings | null;
  readonly shutdown: ShutdownSettings;
  /** The number of processes that relay; 1 means this process itself. */
  readonly workers: number;
}

/** A TCP address. An IPv6 host has no brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The encryption of the connections from clients. Paths are of PEM files. */
export interface ListenTls extends TlsFiles {
  /**
   * In `auto` clients may encrypt if the server offers it too. With a certificate of the user's own, `auto` means
   * `optional`; over a Unix socket it means `off`. In `passthrough` the client's TLS goes to the server unchanged, and
   * nothing is counted.
   */
  readonly mode: 'auto' | 'off' | 'optional' | 'required' | 'passthrough';
  /**
   * The folder that keeps a certificate that Sluice makes for itself. Without it Sluice makes a new one at each start.
   */
  readonly folder?: string;
  /** Whether a client must present a certificate that `ca` has signed. */
  readonly requestCert: boolean;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** In OpenSSL's notation. */
  readonly ciphers?: string;
}

/** The encryption of the connections to the server. Paths are of PEM files. */
export interface UpstreamTls extends TlsFiles {
  readonly mode: 'off' | 'preferred' | 'required' | 'verify-ca' | 'verify-full';
  /** The name in the server's certificate, if that is not the upstream's host. */
  readonly serverName?: string;
  /** Whether Sluice passes passwords on if only one of the two connections is encrypted. */
  readonly bridge: boolean;
}

/** A Unix socket in the file system. */
export interface SocketFile {
  readonly path: string;
}

/** An address to listen on or to connect to. */
export type Place = Address | SocketFile;

/** An address where clients connect, and its settings. */
export interface Listen {
  readonly at: Place;
  /** The permission bits of a Unix socket's file; 0660 if absent. */
  readonly permissions?: number;
  /** Networks whose connections begin with a PROXY header. "unix" stands for connections over a Unix socket. */
  readonly proxyProtocol: readonly string[];
  readonly tls: ListenTls;
}

/** A MySQL or MariaDB server. */
export interface Upstream {
  readonly at: Place;
  /** The version of the PROXY header that tells the server the client's address; off if Sluice sends none. */
  readonly proxyProtocol: 'off' | 'v1' | 'v2';
  readonly tls: UpstreamTls;
}

/** The largest usage that passes; Infinity for unlimited. */
export interface Limits {
  readonly rows: number;
  readonly bytes: number;
}

/** The reaction to a result that would exceed a limit, and the error that reports it. */
export interface OnExceed {
  readonly action: 'error' | 'truncate' | 'close' | 'hold';
  readonly error: CutError;
}

/** How the client reads a response: into its memory, or row by row. */
export type ResponseClass = 'buffered' | 'streaming';

/** A sign that a client reads a response row by row. */
export type StreamingSignal = 'cursor' | 'dump' | 'jdbc' | 'hint' | 'pace';

/** How far a hint may change the limits of its own statement. */
export type HintPolicy = 'none' | 'lower' | 'any';

/** The treatment of responses: the global settings, or those of a rule. */
export interface Treatment {
  readonly mode: 'enforce' | 'audit';
  /** For buffered responses. */
  readonly limits: Limits;
  readonly warn: Limits;
  readonly onExceed: OnExceed;
  readonly hints: HintPolicy;
  readonly streaming: { readonly limits: Limits };
}

/** The conditions of a rule. All that are present must hold. A condition holds if one of its patterns matches. */
export interface Match {
  readonly user?: readonly string[];
  readonly schema?: readonly string[];
  /** IP addresses and networks. */
  readonly client?: readonly string[];
  readonly program?: readonly string[];
  /** By the connection attribute's name. */
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly digest?: readonly string[];
  /** By the tag's name. */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  readonly statement?: readonly StatementKind[];
}

/**
 * A rule: conditions, and the treatment of the responses that meet them. Settings that it leaves out are the global
 * ones.
 */
export interface Rule extends Treatment {
  readonly name: string;
  readonly match: Match;
  /** Null if the rule leaves the class to hints and signals. */
  readonly class: ResponseClass | null;
  /** Null if statements that match go to the server. */
  readonly action: 'refuse' | null;
  /** For a rule that refuses. */
  readonly refusal: RefusalSettings;
  /** The end of the rule, in ms since 1970; Infinity if it has none. */
  readonly untilMs: number;
}

export interface StreamingSettings {
  readonly limits: Limits;
  /** The signals that Sluice trusts. */
  readonly signals: readonly StreamingSignal[];
  readonly pace: PaceSettings;
  /**
   * The `net_write_timeout` that Sluice sets for each session on the server, in ms (whole seconds); null if it sets
   * none.
   */
  readonly netWriteTimeoutMs: number | null;
}

/** How Sluice tells from a client's pace whether it reads row by row. */
export interface PaceSettings {
  /** The longest time for which Sluice watches the pace, in ms. */
  readonly waitMs: number;
  /** A client that takes more counts as one that reads into memory. */
  readonly maxRowsPerSecond: number;
  readonly maxBytesPerSecond: number;
}

/** How much of a cut response Sluice reads and discards before it closes the connections instead. */
export interface DrainBounds {
  readonly bytes: number;
  readonly timeMs: number;
}

export interface DrainSettings extends DrainBounds {
  /** How long a client's next command waits for the discarding, before its connection is closed instead. */
  readonly waitingMs: number;
}

/** The account that kills a cut query on the server, over a connection of its own. */
export interface KillSettings {
  readonly user: string;
  readonly password: string;
  /** The file of the password; absent if the password stands in the configuration itself. */
  readonly passwordFile?: string;
  /**
   * Kill after this many discarded bytes, or this long after the cut. A 0 switches one of them off; 0 and 0 mean at
   * once.
   */
  readonly when: { readonly bytes: number; readonly timeMs: number };
}

export interface ConnectionSettings {
  readonly max: number;
  readonly connectTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly keepAliveMs: number;
}

/** The sample of results that are recorded although nothing was done about them. Infinity means no such sample. */
export interface SampleSettings {
  /** Results with more rows are recorded. */
  readonly rows: number;
  /** Results with more bytes are recorded. */
  readonly bytes: number;
  /** One in this many of the other results is recorded. */
  readonly oneIn: number;
  /** The most samples that are written per second. */
  readonly perSecond: number;
}

export interface AuditSettings {
  /** 'stdout' or the path of a file. */
  readonly to: string;
  readonly format: 'json' | 'slowlog';
  /** The part of a statement that a record holds. */
  readonly sql: 'full' | 'digest' | 'none';
  /** The longest statement that a record holds whole, in bytes. */
  readonly sqlBytes: number;
  /** Whether records hold the values of a prepared statement's parameters. */
  readonly params: boolean;
  readonly sample: SampleSettings;
  /** Whether results are recorded that passed their limit because they were classified as streams. */
  readonly admitted: boolean;
  /** The tags of statements that are written down. */
  readonly tags: readonly string[];
  /** The tags by which live statistics are kept. */
  readonly liveTags: readonly string[];
}

/** The export to OpenTelemetry. */
export interface TelemetrySettings {
  /** null if nothing is exported. */
  readonly otlp: OtlpSettings | null;
  /** Attributes of this program, besides Sluice's own. */
  readonly resource: Readonly<Record<string, string>>;
}

/** Whether a signal is exported; or the exact URL for this signal alone. */
export type OtlpSignal = boolean | string;

/** A receiver of OTLP over HTTP. */
export interface OtlpSettings {
  /** The URL below which each signal has its path. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The file with further headers. */
  readonly headersFile?: string;
  /** The headers of both: `headers` and the file. */
  readonly sentHeaders: Readonly<Record<string, string>>;
  /** The interval between two exports of the metrics. */
  readonly intervalMs: number;
  /** The longest time for a request and its answer. */
  readonly timeoutMs: number;
  readonly metrics: OtlpSignal;
  readonly logs: OtlpSignal;
  readonly traces: OtlpSignal;
  /** Paths of PEM files. */
  readonly tls: TlsFiles;
}

/** The HTTP endpoint for health, metrics and the live page. */
export interface AdminSettings {
  readonly listen: Address;
  /** The file of the token; absent if there is none. */
  readonly tokenFile?: string;
  /** null if there is none. */
  readonly token: string | null;
}

/** The end of the program after SIGTERM. Both times count from the signal. */
export interface ShutdownSettings {
  /** The time during which new connections are still accepted and no session is ended. */
  readonly acceptForMs: number;
  /** The time after which the remaining sessions are ended. */
  readonly timeoutMs: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
