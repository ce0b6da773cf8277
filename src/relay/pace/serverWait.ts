/**
 * For how long a server was kept from writing, because its client did not take what it was sent. Not the time of one
 * pause: a client that reads a little now and then lets Sluice read on, and the server still cannot write.
 *
 *     read from the server   |-- less than PROGRESS_BYTES --|-- less than PROGRESS_BYTES --| ...
 *     wait                     the stalls in here, together    the stalls in here
 *
 * What its methods are given only grows: the bytes that were read from the server, and how long the session's client
 * has not been taking what it was sent, all in all, in ms.
 */
export class ServerWait {
  /** Null until Sluice stops reading for the first time. */
  private fromBytes: number | null = null;
  private fromStallMs = 0;
  private longestBeforeMs = 0;

  /** A response begins. */
  begin(stallMs: number): void {
    this.fromBytes = null;
    this.fromStallMs = stallMs;
    this.longestBeforeMs = 0;
  }

  /** Sluice stops reading the server, because the client does not take what it is sent. */
  stalled(readBytes: number, stallMs: number): void {
    this.fromBytes ??= readBytes;
    if (readBytes - this.fromBytes < PROGRESS_BYTES) return;
    this.longestBeforeMs = this.longestMs(stallMs);
    this.fromBytes = readBytes;
    this.fromStallMs = stallMs;
  }

  /** How long the server has been kept from writing now, in ms. */
  currentMs(stallMs: number): number {
    return stallMs - this.fromStallMs;
  }

  /** The longest that it was since the response began, in ms. */
  longestMs(stallMs: number): number {
    return Math.max(this.longestBeforeMs, this.currentMs(stallMs));
  }

  /** Whether a server that gives up after `timeoutMs` without progress may have done so. */
  mayHavePassed(timeoutMs: number, stallMs: number): boolean {
    return WHOLE_BUFFER * this.longestMs(stallMs) >= timeoutMs;
  }
}

/**
 * A server that writes to a full socket goes on when the kernel has a third of its send buffer free again (Linux,
 * `sk_stream_write_space`), and that buffer has up to 4 MiB (`tcp_wmem`). As long as less than this was read, the
 * server may have written nothing.
 */
const PROGRESS_BYTES = Math.ceil((4 * 1024 * 1024) / 3);
/**
 * A whole send buffer, in the same measure: a server whose buffer is larger, or freed in larger steps, waits for that.
 */
const WHOLE_BUFFER = 3;
