import { world } from '../../world/world.js';

/** The progress of a client through the bytes that it was sent, and its rate. */
export class ClientProgress {
  /** The bytes that the client's kernel had taken at the look from which the rate counts. */
  takenBytes = 0;
  private atMs = 0;
  private tookAtMs = 0;

  /** The time since that look, in ms. */
  get elapsedMs(): number {
    return world.nowMs() - this.atMs;
  }

  /** The time for which looks have found that it takes nothing, in ms; 0 if it had taken something at the last look. */
  get idleMs(): number {
    return this.atMs - this.tookAtMs;
  }

  /** Counts the rate from here on. */
  countFrom(takenBytes: number): void {
    this.atMs = world.nowMs();
    if (takenBytes > this.takenBytes) this.tookAtMs = this.atMs;
    this.takenBytes = Math.max(this.takenBytes, takenBytes);
  }

  /**
   * @param takenBytes the bytes that the client's kernel has taken by now
   * @param isRead whether its buffer was full when the count began, or is empty now: only then it has certainly read as
   *   many bytes as its kernel took
   */
  took(takenBytes: number, isRead: boolean): Took {
    const bytes = Math.max(0, takenBytes - this.takenBytes);
    const readBytes = isRead ? bytes : Math.max(0, bytes - WINDOW_UPDATE_BYTES);
    return { bytes, bytesPerMs: readBytes / Math.max(1, this.elapsedMs) };
  }
}

/** The step in which a client's kernel takes bytes, however slowly the client reads. One step does not tell a rate. */
export const WINDOW_UPDATE_BYTES = 64 * 1024;

/** The bytes that a client took between two looks. */
export interface Took {
  readonly bytes: number;
  /** The rate at which the client must have read, at least. */
  readonly bytesPerMs: number;
}
