import type { Containment } from './containment.js';
import type { Timer } from '../world/time.js';
import { world } from '../world/world.js';

/**
 * Finds clients that have gone while they are not read: if the server does not take their bytes, the client's FIN stays
 * unread after those bytes. One timer serves all sessions.
 */
export class UnreadClients {
  /** The marks of the sessions whose clients were not read at the last look. */
  private marks = new Map<UnreadSession, string>();
  private timer: Timer;

  /**
   * @param sessions the present sessions (live)
   * @param everyMs the interval between looks, in ms; a session looks for its client if no byte has moved in between
   */
  constructor(private readonly sessions: Iterable<UnreadSession>, private readonly everyMs: () => number) {
    this.timer = this.lookLater();
  }

  /** Stops looking. */
  close(): void {
    world.cancel(this.timer);
  }

  private lookLater(): Timer {
    return world.after(this.everyMs(), () => this.look()).unref();
  }

  private look(): void {
    const before = this.marks;
    this.marks = new Map();
    for (const session of this.sessions) {
      const mark = session.unreadMark;
      if (mark === null) continue;
      this.marks.set(session, mark);
      if (before.get(session) === mark) session.contain(() => session.lookForClient());
    }
    this.timer = this.lookLater();
  }
}

/** A session whose client may leave unnoticed, because it is not read. */
export interface UnreadSession extends Containment {
  /** While its client is not read, a mark that changes with each byte that goes to either peer; otherwise null. */
  readonly unreadMark: string | null;
  /** Ends the session if its client has gone. */
  lookForClient(): void;
}
