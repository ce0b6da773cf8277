import { NO_SUCH_SESSION, type OrderResult, type SessionOrder } from '../telemetry/sessionOrder.js';
import type { SessionDetail, SessionView } from '../telemetry/status.js';
import type { Arrival } from './connection/arrival.js';
import type { Session } from './session/session.js';

/** The open sessions of a process, and the clients without a greeting. */
export class OpenSessions {
  readonly sessions = new Set<Session>();
  /** Clients without a greeting. */
  readonly arrivals = new Set<Arrival>();

  get size(): number {
    return this.sessions.size + this.arrivals.size;
  }

  /** The sessions with a number above this one, in order. */
  *views(after: number): Generator<SessionView> {
    const later = [...this.arrivals, ...this.sessions].filter(({ id }) => id > after);
    later.sort((one, other) => one.id - other.id);
    // The reader may take long, and sessions may end in the meantime.
    for (const one of later) if (this.isThere(one)) yield one.view();
  }

  /** The view of the session with this number; null if there is none. */
  detail(id: number): SessionDetail | null {
    return this.find(id)?.detail() ?? null;
  }

  /** Carries out an order for the session with this number. */
  async order(id: number, order: SessionOrder): Promise<OrderResult> {
    return this.find(id)?.order(order) ?? NO_SUCH_SESSION;
  }

  private find(id: number): Arrival | Session | null {
    for (const session of this.sessions) if (session.id === id) return session;
    for (const arrival of this.arrivals) if (arrival.id === id) return arrival;
    return null;
  }

  private isThere(one: Arrival | Session): boolean {
    return this.arrivals.has(one as Arrival) || this.sessions.has(one as Session);
  }
}
