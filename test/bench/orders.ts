// The orders for a driver (a process that makes load), and its answers.
import type { Attack } from './attacks.js';
import type { Times } from './times.js';

/** A result of many rows. Its length is computed from that of a result of one row. */
export interface ManyRows {
  readonly count: number;
  /** A row's packet, its header included. */
  readonly packetBytes: number;
  readonly oneRowSql: string;
}

export type Order =
  /** Each session sends a query after the answer to the last one, until the time is over or the count is reached. */
  | {
    readonly kind: 'ask';
    readonly port: number;
    readonly sessions: number;
    readonly sql: string;
    readonly until: { readonly seconds: number } | { readonly times: number };
    /** Known only for responses that are too long to be read packet by packet. */
    readonly rows?: ManyRows;
    /** As a prepared statement with one parameter. */
    readonly prepared?: boolean;
    /** Each time with another comment after it, as sqlcommenter's packages write it. */
    readonly isCommented?: boolean;
  }
  /** Connect, log in, ask once, quit: over and over, `sessions` at a time. */
  | {
    readonly kind: 'churn';
    readonly port: number;
    readonly sessions: number;
    readonly sql: string;
    readonly until: { readonly seconds: number } | { readonly times: number };
  }
  /** One session sends one query after the other, and the time of each answer is measured. */
  | { readonly kind: 'time'; readonly port: number; readonly sql: string; readonly seconds: number }
  /**
   * One client after the other connects, encrypts if TLS is offered, and logs in. The time of each login is measured.
   */
  | { readonly kind: 'timeLogins'; readonly port: number; readonly seconds: number }
  /** Hostile clients do what costs a relay much work. */
  | { readonly kind: 'attack'; readonly port: number; readonly attack: Attack; readonly seconds: number }
  /** Opens sessions that ask once and then stay, idle. */
  | { readonly kind: 'hold'; readonly port: number; readonly sessions: number; readonly sql: string }
  /** Opens sessions that stop reading in the middle of a result, and stay. */
  | {
    readonly kind: 'stall';
    readonly port: number;
    readonly sessions: number;
    readonly sql: string;
    readonly afterBytes: number;
  }
  /** Ends the sessions that stay. */
  | { readonly kind: 'release' };

/** An order whose sessions all processes can share. */
export type SharedOrder = Extract<Order, { readonly sessions: number }>;

export interface Outcome {
  /** The number of answers, of ended sessions, of open sessions or of attacks. */
  readonly count: number;
  /** Bytes of the answers. */
  readonly bytes: number;
  readonly elapsedSeconds: number;
  /** The time of each answer or login. */
  readonly times?: Times;
}

/** The messages between the two processes. */
export interface Envelope {
  readonly id: number;
  readonly order: Order;
}
export interface Answer {
  readonly id: number;
  readonly outcome?: Outcome;
  readonly error?: string;
}
