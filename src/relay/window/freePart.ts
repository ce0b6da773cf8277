import { isQuick } from '../pace/readerVerdict.js';

/**
 * How much of a response goes out before its client is looked at: what the client has shown to take at once, and as
 * much again.
 */
export class FreePart {
  private readonly leastBytes: number;
  private bytes: number;
  /** Where the response that is under way began, in bytes written, and when. */
  private startBytes = 0;
  private startMs: number;

  /**
   * @param now a clock in ms
   * @param isServerFar it is on another host
   */
  constructor(private readonly now: () => number, isServerFar: boolean) {
    this.leastBytes = this.bytes = isServerFar ? FAR_FREE_BYTES : FREE_BYTES;
    this.startMs = now();
  }

  /** The client has taken a large response at once, before this one. */
  get isProven(): boolean {
    return this.bytes >= PROVEN_FREE_BYTES;
  }

  /**
   * The client has taken all, and asks for something new.
   * @param writtenBytes what was written up to here
   * @param wasSlow it was found to read slowly
   * @returns up to where the next response goes out freely
   */
  begin(writtenBytes: number, wasSlow: boolean): number {
    const takenBytes = writtenBytes - this.startBytes;
    const isAtOnce = takenBytes >= this.leastBytes && takenBytes >= QUICK_BYTES_PER_MS * (this.now() - this.startMs);
    if (wasSlow) this.bytes = this.leastBytes;
    else if (isAtOnce) this.bytes = Math.min(Math.max(this.bytes, 2 * takenBytes), MAX_FREE_BYTES);
    this.startBytes = writtenBytes;
    this.startMs = this.now();
    return writtenBytes + this.bytes;
  }

  /** Whether a client that has read the response up to there by now is no slow reader. */
  isReadQuickly(writtenBytes: number): boolean {
    return isQuick(writtenBytes - this.startBytes, this.now() - this.startMs);
  }
}

/** So much of a response goes out before anything is asked. */
const FREE_BYTES = 64 * 1024;
/**
 * The same where the server is on another host: less than a receive buffer holds at first (64 KiB on Linux). Once that
 * much has come at once, Linux makes the buffer many times as large, for good; over loopback, whose segments are large,
 * it does not.
 */
const FAR_FREE_BYTES = 48 * 1024;
const MAX_FREE_BYTES = 1024 * 1024;
/**
 * Who has taken half of this at once has let the buffers on its way grow already, as they would have grown without
 * Sluice.
 */
const PROVEN_FREE_BYTES = 512 * 1024;
/** Who reads a response so fast, with the time until its next command, gets more of the next one. */
const QUICK_BYTES_PER_MS = 400;
