// The messages between the primary and its workers, over the channel that Node opens between a process and its child.
// In each direction, messages arrive in the order in which they were sent.

import type { SessionPage } from '../admin/sessionPage.js';
import type { Config, Listen } from '../config/config.js';
import type { HintCounts } from '../policy/guard.js';
import type { OwnCertificates } from '../relay/tls/ownCertificates.js';
import type { EventFacts, EventKind } from '../telemetry/history.js';
import type { Grouping } from '../statistics/grouping.js';
import type { ProfileData } from '../statistics/profile.js';
import type { Family } from '../telemetry/familyList.js';
import type { StatisticsOverview, StatisticsQuestion } from '../telemetry/statisticsSource.js';
import type { OrderResult, SessionOrder } from '../telemetry/sessionOrder.js';
import type { ProxyStatus, SessionDetail } from '../telemetry/status.js';

/** A question to a worker. */
export type Question =
  /** Answered with `Family[]`. */
  | 'metrics'
  /** Answered with `ProxyStatus`. */
  | 'status'
  /** A page of the sessions after the one with this number: `SessionPage`. */
  | { readonly sessionsAfter: number }
  /** The counts of the worker: `StatisticsOverview`, or null. */
  | { readonly statistics: StatisticsQuestion }
  /** The profiles of these groups: a list of `ProfileData`, or null. */
  | { readonly profiles: readonly string[]; readonly grouping: Grouping }
  /** All of one session, which may be another worker's: `SessionDetail`, or null. */
  | { readonly detailOf: number }
  /** An order for a session, which may be another worker's: `OrderResult`. */
  | { readonly order: SessionOrder; readonly session: number };

export type Answer = readonly Family[] | ProxyStatus | SessionPage | SessionDetail | OrderResult |
  StatisticsOverview | readonly (ProfileData | null)[];

export type ToWorker =
  /** The first message. `number` is the worker's own, of `workers`. */
  | {
    readonly kind: 'start';
    readonly number: number;
    readonly workers: number;
    readonly version: string;
    readonly config: Config;
    /** The certificates of listeners for which none is configured. */
    readonly certificates: OwnCertificates;
  }
  /** A new configuration applies from now on. */
  | { readonly kind: 'configure'; readonly config: Config; readonly certificates: OwnCertificates }
  /** A client: the number of its session, and the address where it connected. The message carries its connection. */
  | { readonly kind: 'client'; readonly session: number; readonly listen: Listen }
  /** The answer to `ask`: the part of the budget that the worker gets. */
  | { readonly kind: 'lent'; readonly bytes: number }
  | { readonly kind: 'tell'; readonly question: Question; readonly id: number }
  /** A worker whose event loop runs answers at once. */
  | { readonly kind: 'ping' }
  /** Each session is to end as soon as nothing is under way in it. */
  | { readonly kind: 'endIdle' }
  /** All sessions are to end at once. */
  | { readonly kind: 'destroy' }
  /** No more clients come: the worker ends with its last session. */
  | { readonly kind: 'close' };

export type FromWorker =
  /** The worker takes clients. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'pong' }
  /** This number of sessions has ended. */
  | { readonly kind: 'ended'; readonly sessions: number }
  /** Audit records, as JSON, and lines of its log. */
  | { readonly kind: 'written'; readonly records: readonly string[]; readonly lines: readonly string[] }
  /** Something has happened that the primary's history remembers. */
  | { readonly kind: 'noted'; readonly event: EventKind; readonly facts: EventFacts }
  /** The worker needs this many more bytes of the budget. */
  | { readonly kind: 'ask'; readonly bytes: number }
  | { readonly kind: 'giveBack'; readonly bytes: number }
  /** The answer to a question; null if the worker cannot answer. */
  | { readonly kind: 'told'; readonly id: number; readonly answer: Answer | null }
  /** The worker's last session has ended. This is its last message. */
  | { readonly kind: 'closed'; readonly hints: Readonly<HintCounts>; readonly metrics: readonly Family[] };
