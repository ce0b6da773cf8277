/**
 * Watches the sessions whose clients have stopped reading: one timer for all of them, and none while all read. A client
 * that reads slowly may leave the sockets' buffers full for long: so before a report comes, the kernel is asked whether
 * the client has read anything meanwhile. The server sees no more of such a client than of one that does not read, so
 * that a loss that is near is told in any case.
 */
export class StallWatch {
  private readonly stalls = new Map<Stallable, Stall>();
  private timer: NodeJS.Timeout | null = null;

  /** How many clients are not reading at this moment. */
  get count(): number {
    return this.stalls.size;
  }

  /** A client has stopped reading. */
  add(session: Stallable): void {
    this.stalls.set(session, { sinceMs: 0, mark: null, isReported: false });
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** A client reads again, or is gone. */
  delete(session: Stallable): void {
    this.stalls.delete(session);
  }

  private look(): void {
    // Only here: a client that reads a little now and then would else put the look off again and again.
    if (this.stalls.size === 0) this.stop();
    for (const [session, stall] of this.stalls) {
      if (session.isNearLoss) this.warn(session, stall);
      else if (!stall.isReported) this.lookAt(session, stall);
    }
  }

  private stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
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
  /** For how long its client has not taken all that it was sent, in ms; 0 where it has. */
  readonly stalledMs: number;
  /** How long that may be, with nothing read, before it is worth a record, in ms. */
  readonly stallWarningMs: number;
  /** The server may give the client up soon, and nobody was warned of that. */
  readonly isNearLoss: boolean;
  /** Something that changes when the client reads; null where that cannot be told. */
  readMark(): Promise<string | null>;
  /** It has been so long. Called once for each stall. */
  stalledLong(): void;
  /**
   * Warns that the server may give the client up.
   * @param isRecorded this stall has its record
   */
  nearLoss(isRecorded: boolean): void;
}

/** What is known of a stall. */
interface Stall {
  /** How long it had lasted when the client was last seen to read, in ms. */
  sinceMs: number;
  /** The mark half-way to a report; null before. */
  mark: Promise<string | null> | null;
  isReported: boolean;
}

/** How often stalled sessions are looked at; a record comes at most this much late. */
const LOOK_EVERY_MS = 250;
