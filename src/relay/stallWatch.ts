/** A session whose client may stop reading. */
export interface Stallable {
  /** How long its client has not been reading now, in ms; 0 where it reads. */
  readonly stalledMs: number;
  /** How long that may be before it is worth a record, in ms. */
  readonly stallWarningMs: number;
  /** It has been so long. Called once for each stall. */
  stalledLong(): void;
}

/** How often stalled sessions are looked at; a record comes at most this much late. */
const LOOK_EVERY_MS = 250;

/** Watches the sessions whose clients have stopped reading: one timer for all of them, and none while all read. */
export class StallWatch {
  private readonly unreported = new Set<Stallable>();
  private readonly reported = new Set<Stallable>();
  private timer: NodeJS.Timeout | null = null;

  /** How many clients are not reading at this moment. */
  get count(): number {
    return this.unreported.size + this.reported.size;
  }

  /** A client has stopped reading. */
  add(session: Stallable): void {
    this.unreported.add(session);
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
    for (const session of this.unreported) {
      if (session.stalledMs < session.stallWarningMs) continue;
      this.unreported.delete(session);
      this.reported.add(session);
      session.stalledLong();
    }
  }
}
