/**
 * Measures how long a server was unable to write because its client did not take its bytes. This is not the length of
 * one pause: a client that reads a little now and then lets Sluice read on, and the server still cannot write.
 *
 *     read from the server   |-- less than PROGRESS_BYTES --|-- less than PROGRESS_BYTES --| ...
 *     wait                     the stalls in here, together    the stalls in here
 *
 * The arguments of its methods only grow: the bytes read from the server, and the total time for which the session's
 * client has not taken its bytes, in ms.
 */
export class ServerWait {
  /** Null until Sluice first stops reading. */
  private fromBytes: number | null = null;
  private fromStallMs = 0;
  private longestBeforeMs = 0;

  /** A response begins. */
  begin(stallMs: number): void {
    this.fromBytes = null;
    this.fromStallMs = stallMs;
    this.longestBeforeMs = 0;
  }

  /** Sluice stops reading from the server, because the client does not take its bytes. */
  stalled(readBytes: number, stallMs: number): void {
    this.fromBytes ??= readBytes;
    if (readBytes - this.fromBytes < PROGRESS_BYTES) return;
    this.longestBeforeMs = this.longestMs(stallMs);
    this.fromBytes = readBytes;
    this.fromStallMs = stallMs;
  }

  /** The time for which the server has been unable to write until now, in ms. */
  currentMs(stallMs: number): number {
    return stallMs - this.fromStallMs;
  }

  /** The longest such time since the response began, in ms. */
  longestMs(stallMs: number): number {
    return Math.max(this.longestBeforeMs, this.currentMs(stallMs));
  }

  /** Whether a server that closes after `timeoutMs` without progress may have done so. */
  mayHavePassed(timeoutMs: number, stallMs: number): boolean {
    return WHOLE_BUFFER * this.longestMs(stallMs) >= timeoutMs;
  }
}

/**
 * A server that writes to a full socket continues when a third of the kernel's send buffer is free again (Linux,
 * `sk_stream_write_space`). The buffer has up to 4 MiB (`tcp_wmem`). As long as less than this was read, the server may
 * have written nothing.
 */
const PROGRESS_BYTES = Math.ceil((4 * 1024 * 1024) / 3);
/** A whole send buffer, in the same unit. A server with a larger buffer, or with larger steps, waits for that much. */
const WHOLE_BUFFER = 3;
