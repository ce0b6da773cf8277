import type { Containment } from './containment.js';

/**
 * Finds clients that have gone while nothing is read of them: as long as the server takes no more of what they sent,
 * their end lies unread behind it. One timer serves all sessions.
 */
export class UnreadClients {
  /** Of the sessions whose clients were not being read at the last look. */
  private marks = new Map<UnreadSession, string>();
  private timer: NodeJS.Timeout;

  /**
   * @param sessions those that there are when they are looked at
   * @param everyMs so often, in ms; a session is asked for its client once nothing has moved for so long
   */
  constructor(private readonly sessions: Iterable<UnreadSession>, private readonly everyMs: () => number) {
    this.timer = this.lookLater();
  }

  /** Looks no more. */
  close(): void {
    clearTimeout(this.timer);
  }

  private lookLater(): NodeJS.Timeout {
    return setTimeout(() => this.look(), this.everyMs()).unref();
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

/** A session whose client may leave without being noticed, because it is not being read. */
export interface UnreadSession extends Containment {
  /** While its client is not read: something that changes with what goes to either end. Null while it is read. */
  readonly unreadMark: string | null;
  /** Ends it where its client has gone. */
  lookForClient(): void;
}
