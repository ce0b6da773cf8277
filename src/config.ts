// What Sluice is told to do. These types are what the rest of the program sees; which keys the JSON has for
// them, with their defaults, stands in one table: config/settings.ts.

export { adviceOn } from './config/advice.js';
export { ConfigError, loadConfig, printConfig, type Flags } from './config/load.js';

/** Where to listen or to connect. An IPv6 host stands without brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The largest usage that passes; Infinity where unlimited. */
export interface Limits {
  readonly rows: number;
  readonly bytes: number;
}

/** What takes the place of the row that would break a limit. */
export interface OnExceed {
  readonly action: 'error';
  readonly error: ErrorNumber;
}

/** The two ways in which an ERR packet says what it is about. */
export interface ErrorNumber {
  readonly code: number;
  readonly sqlState: string;
}

/** How much of a cut response is read and thrown away, before the connections are closed instead. */
export interface DrainBounds {
  readonly bytes: number;
  readonly timeMs: number;
}

export interface ConnectionSettings {
  readonly max: number;
  readonly connectTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly keepAliveMs: number;
}

export interface AuditSettings {
  /** 'stdout' or the path of a file. */
  readonly to: string;
  /** The longest statement that a record holds whole. */
  readonly sqlBytes: number;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface Config {
  readonly listen: Address;
  readonly upstream: Address;
  readonly mode: 'enforce' | 'audit';
  readonly limits: Limits;
  readonly warn: Limits;
  readonly onExceed: OnExceed;
  readonly drain: DrainBounds;
  readonly onUnparsed: 'relay' | 'close';
  readonly connections: ConnectionSettings;
  readonly audit: AuditSettings;
  readonly log: { readonly level: LogLevel };
}
