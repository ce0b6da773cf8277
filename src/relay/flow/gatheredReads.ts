/**
 * Pauses between the reads of a large response, in which the kernel gathers what the server writes.
 *
 *     read | pause | read | pause | ...     each read brings what has come during the pause
 *
 * A server writes 16 KiB at a time, and a read for each such piece costs a relay, the server and the client a turn
 * each. A pause is short in proportion to the time that the response has taken, so it can hardly delay its end; no
 * small response has any.
 */
export class GatheredReads {
  private timer: NodeJS.Timeout | null = null;

  /** @param over is called when a pause ends by itself */
  constructor(private readonly over: () => void) {}

  /** A pause is under way: nothing is to be read. */
  get isPausing(): boolean {
    return this.timer !== null;
  }

  /**
   * Begins a pause after a read, where one is worth it.
   * @param readBytes what the read brought
   * @param responseBytes what the response has brought so far, with this read
   * @param elapsedMs how long that has taken
   * @returns whether a pause has begun
   */
  begin(readBytes: number, responseBytes: number, elapsedMs: number): boolean {
    if (readBytes >= ENOUGH_BYTES || responseBytes < LARGE_RESPONSE_BYTES || this.timer !== null) return false;
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.floor(elapsedMs * MAX_PART_OF_RESPONSE));
    if (pauseMs < 1) return false;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.over();
    }, pauseMs);
    return true;
  }

  /** Ends a pause before its time, if one is under way. */
  end(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** A read of so much costs little for each byte: the next one is not put off. */
const ENOUGH_BYTES = 512 * 1024;
/** The reads of a smaller response are never put off. */
const LARGE_RESPONSE_BYTES = 256 * 1024;
const MAX_PAUSE_MS = 4;
/** No pause is longer than this part of the time that the response has taken. */
const MAX_PART_OF_RESPONSE = 1 / 8;
