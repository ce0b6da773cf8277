import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/**
 * Watches the sessions whose clients have stopped reading. One timer serves all of them; while all clients read there
 * is none. A client that reads slowly may leave the sockets' buffers full for long. Before a report, the kernel is
 * therefore asked whether the client has read anything in the meantime. To the server, a slow reader and a stalled one
 * look the same, so a near loss is reported in any case.
 */
export class StallWatch {
  private readonly stalls = new Map<Stallable, Stall>();
  private timer: Timer | null = null;

  /** The number of clients that are not reading now. */
  get count(): number {
    return this.stalls.size;
  }

  /** A client has stopped reading. */
  add(session: Stallable): void {
    this.stalls.set(session, { sinceMs: 0, mark: null, isReported: false });
    this.timer ??= world.every(LOOK_EVERY_MS, () => this.look()).unref();
  }

  /** A client reads again or has gone. */
  delete(session: Stallable): void {
    this.stalls.delete(session);
  }

  private look(): void {
    // The timer stops only here. Otherwise a client that reads a little now and then would delay the look again and
    // again.
    if (this.stalls.size === 0) this.stop();
    for (const [session, stall] of this.stalls) {
      if (session.isNearLoss) this.warn(session, stall);
      else if (!stall.isReported) this.lookAt(session, stall);
    }
  }

  private stop(): void {
    world.cancel(this.timer);
    this.timer = null;
  }

  private warn(session: Stallable, stall: Stall): void {
    session.nearLoss(stall.isReported);
    stall.isReported = true;
  }

  private lookAt(session: Stallable, stall: Stall): void {
    const quietMs = session.stalledMs - stall.sinceMs;
    if (quietMs >= session.stallWarningMs) void this.reportUnlessReading(session, stall);
    else if (quietMs >= session.stallWarningMs / 2) stall.mark ??= session.readMark();
  }

  private async reportUnlessReading(session: Stallable, stall: Stall): Promise<void> {
    const { mark } = stall;
    stall.sinceMs = session.stalledMs;
    stall.mark = null;
    const [before, now] = await Promise.all([mark, session.readMark()]);
    const hasRead = before !== null && now !== null && before !== now;
    if (hasRead || stall.isReported || this.stalls.get(session) !== stall) return;
    stall.isReported = true;
    session.stalledLong();
  }
}

/** A session whose client may stop reading. */
export interface Stallable {
  /** The time for which the client has left bytes unread, in ms; 0 if it has read all. */
  readonly stalledMs: number;
  /** The time, in ms, for which the client may read nothing before a record is written. */
  readonly stallWarningMs: number;
  /** The server may close the connection soon, and no warning has been given. */
  readonly isNearLoss: boolean;
  /** A mark that changes when the client reads; null if there is none. */
  readMark(): Promise<string | null>;
  /** The stall has reached that length. Called once for each stall. */
  stalledLong(): void;
  /**
   * Warns that the server may close the connection of the client.
   * @param isRecorded whether this stall has its record
   */
  nearLoss(isRecorded: boolean): void;
}

/** The known facts about a stall. */
interface Stall {
  /** The length of the stall when the client was last seen to read, in ms. */
  sinceMs: number;
  /** The mark taken half-way to a report; null before. */
  mark: Promise<string | null> | null;
  isReported: boolean;
}

/** The time between two looks at stalled sessions. A record is at most this much late. */
const LOOK_EVERY_MS = 250;
