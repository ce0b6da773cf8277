/** How far a client has come with what it was sent, and how fast it goes on. */
export class ClientProgress {
  /** Bytes that the client's kernel had taken at the look that its rate counts from. */
  takenBytes = 0;
  private atMs = 0;

  /** @param now a clock in ms */
  constructor(private readonly now: () => number) {}

  /** How long ago that look was, in ms. */
  get elapsedMs(): number {
    return this.now() - this.atMs;
  }

  /** Its rate counts from here on. */
  countFrom(takenBytes: number): void {
    this.takenBytes = Math.max(this.takenBytes, takenBytes);
    this.atMs = this.now();
  }

  /**
   * @param takenBytes what the client's kernel has taken now
   * @param isRead its buffer was full when the count began, or has nothing in it now: so the client has read as much
   */
  took(takenBytes: number, isRead: boolean): Took {
    const bytes = Math.max(0, takenBytes - this.takenBytes);
    const readBytes = isRead ? bytes : Math.max(0, bytes - WINDOW_UPDATE_BYTES);
    return { bytes, bytesPerMs: readBytes / Math.max(1, this.elapsedMs) };
  }
}

/** A client's kernel takes so much in one step, however slowly the client reads: that is no rate. */
export const WINDOW_UPDATE_BYTES = 64 * 1024;

/** What a client took between two looks. */
export interface Took {
  readonly bytes: number;
  /** What of it the client must have read, at least, for each ms. */
  readonly bytesPerMs: number;
}
