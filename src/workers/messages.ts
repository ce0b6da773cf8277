// The messages between the primary and its workers, over the channel that Node opens between a process and its child.
// In each direction, messages arrive in the order in which they were sent.

import type { SessionPage } from '../admin/sessionPage.js';
import type { Config, Listen } from '../config/config.js';
import type { HintCounts } from '../policy/guard.js';
import type { OwnCertificates } from '../relay/tls/ownCertificates.js';
import type { Family } from '../telemetry/familyList.js';
import type { ProxyStatus } from '../telemetry/status.js';

/** A question to a worker. */
export type Question =
  /** Answered with `Family[]`. */
  | 'metrics'
  /** Answered with `ProxyStatus`. */
  | 'status'
  /** A page of the sessions behind the one with this number: `SessionPage`. */
  | { readonly sessionsAfter: number };

export type Answer = readonly Family[] | ProxyStatus | SessionPage;

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
  /** Another configuration holds from here on. */
  | { readonly kind: 'configure'; readonly config: Config; readonly certificates: OwnCertificates }
  /** A client, whose connection comes with the message, the number of its session, and where it has connected. */
  | { readonly kind: 'client'; readonly session: number; readonly listen: Listen }
  /** The answer to `ask`: so much of the budget, and no more. */
  | { readonly kind: 'lent'; readonly bytes: number }
  | { readonly kind: 'tell'; readonly question: Question; readonly id: number }
  /** Is answered at once by a worker whose event loop goes round. */
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
  /** So many sessions have ended. */
  | { readonly kind: 'ended'; readonly sessions: number }
  /** Audit records, as JSON, and lines of its log. */
  | { readonly kind: 'written'; readonly records: readonly string[]; readonly lines: readonly string[] }
  /** It needs so much more of the budget. */
  | { readonly kind: 'ask'; readonly bytes: number }
  | { readonly kind: 'giveBack'; readonly bytes: number }
  /** null where it cannot tell. */
  | { readonly kind: 'told'; readonly id: number; readonly answer: Answer | null }
  /** Its last session has ended, and nothing follows. */
  | { readonly kind: 'closed'; readonly hints: Readonly<HintCounts>; readonly metrics: readonly Family[] };
