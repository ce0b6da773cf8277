/** A session whose client may stop reading. */
export interface Stallable {
  /** For how long its client has not taken all that it was sent, in ms; 0 where it has. */
  readonly stalledMs: number;
  /** How long that may be, with nothing read, before it is worth a record, in ms. */
  readonly stallWarningMs: number;
  /** How long it may be in any case: for the server sees no more of a client that reads a little than of one that does not. */
  readonly stallDangerMs: number;
  /** Something that changes when the client reads; null where that cannot be told. */
  readMark(): Promise<string | null>;
  /** It has been so long. Called once for each stall. */
  stalledLong(): void;
}

/** What is known of a stall that has not been reported. */
interface Stall {
  /** How long it had lasted when the client was last seen to read, in ms. */
  sinceMs: number;
  /** The mark half-way to a report; null before. */
  mark: Promise<string | null> | null;
}

/** How often stalled sessions are looked at; a record comes at most this much late. */
const LOOK_EVERY_MS = 250;

/**
 * Watches the sessions whose clients have stopped reading: one timer for all of them, and none while all read. A client that
 * reads slowly may leave the sockets' buffers full for long: so before a report comes, the kernel is asked whether the client
 * has read anything meanwhile.
 */
export class StallWatch {
  private readonly unreported = new Map<Stallable, Stall>();
  private readonly reported = new Set<Stallable>();
  private timer: NodeJS.Timeout | null = null;

  /** How many clients are not reading at this moment. */
  get count(): number {
    return this.unreported.size + this.reported.size;
  }

  /** A client has stopped reading. */
  add(session: Stallable): void {
    this.unreported.set(session, { sinceMs: 0, mark: null });
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** A client reads again, or is gone. */
  delete(session: Stallable): void {
    this.unreported.delete(session);
    this.reported.delete(session);
    if (this.unreported.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  private look(): void {
    for (const [session, stall] of this.unreported) {
      const { stalledMs, stallWarningMs, stallDangerMs } = session;
      const quietMs = stalledMs - stall.sinceMs;
      if (stalledMs >= stallDangerMs) this.report(session);
      else if (quietMs >= stallWarningMs) void this.reportUnlessReading(session, stall);
      else if (quietMs >= stallWarningMs / 2) stall.mark ??= session.readMark();
    }
  }

  private async reportUnlessReading(session: Stallable, stall: Stall): Promise<void> {
    const { mark } = stall;
    stall.sinceMs = session.stalledMs;
    stall.mark = null;
    const [before, now] = await Promise.all([mark, session.readMark()]);
    const hasRead = before !== null && now !== null && before !== now;
    if (!hasRead && this.unreported.get(session) === stall) this.report(session);
  }

  private report(session: Stallable): void {
    this.unreported.delete(session);
    this.reported.add(session);
    session.stalledLong();
  }
}
