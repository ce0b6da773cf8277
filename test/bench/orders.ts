// What a driver, a process that makes load, is told to do, and what it answers.
import type { Attack } from './attacks.js';
import type { Times } from './times.js';

/** Of a result of many rows the length is worked out from that of a result of one. */
export interface ManyRows {
  readonly count: number;
  /** A row's packet, its header included. */
  readonly packetBytes: number;
  readonly oneRowSql: string;
}

export type Order =
  /** Sessions ask one after the other's answer, until the time is over or so often. */
  | {
    readonly kind: 'ask';
    readonly port: number;
    readonly sessions: number;
    readonly sql: string;
    readonly until: { readonly seconds: number } | { readonly times: number };
    /** Known only of responses that are too long to be looked at packet by packet. */
    readonly rows?: ManyRows;
    /** As a prepared statement with one parameter. */
    readonly prepared?: boolean;
  }
  /** Connect, log in, ask once, quit: over and over, `sessions` at a time. */
  | {
    readonly kind: 'churn';
    readonly port: number;
    readonly sessions: number;
    readonly sql: string;
    readonly seconds: number;
  }
  /** One session asks one answer after the other, and each is timed. */
  | { readonly kind: 'time'; readonly port: number; readonly sql: string; readonly seconds: number }
  /** One client after the other connects, encrypts where that is offered, and logs in, which is timed. */
  | { readonly kind: 'timeLogins'; readonly port: number; readonly seconds: number }
  /** Clients that mean harm do what costs a relay much. */
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
  /** Answers that came, sessions that came and went, sessions that stay, or attacks. */
  readonly count: number;
  /** Bytes of the answers. */
  readonly bytes: number;
  readonly elapsedSeconds: number;
  /** Where each answer or login was timed. */
  readonly times?: Times;
}

/** What the two processes say to each other. */
export interface Envelope {
  readonly id: number;
  readonly order: Order;
}
export interface Answer {
  readonly id: number;
  readonly outcome?: Outcome;
  readonly error?: string;
}
