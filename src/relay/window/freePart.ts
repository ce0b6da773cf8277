import { isQuick } from '../pace/readerVerdict.js';
import { world } from '../../world/world.js';

/**
 * The part of a response that goes out before a look at its client: as much as the client has taken at once before, and
 * as much again.
 */
export class FreePart {
  private readonly leastBytes: number;
  private bytes: number;
  /** The beginning of the response under way, in bytes written, and its time. */
  private startBytes = 0;
  private startMs = world.nowMs();

  /** @param isServerFar whether the server is on another host */
  constructor(isServerFar: boolean) {
    this.leastBytes = this.bytes = isServerFar ? FAR_FREE_BYTES : FREE_BYTES;
  }

  /** Whether the client has taken a large earlier response at once. */
  get isProven(): boolean {
    return this.bytes >= PROVEN_FREE_BYTES;
  }

  /**
   * The client has taken everything and sends a new command.
   * @param writtenBytes the bytes written so far
   * @param wasSlow whether it was found to read slowly
   * @returns the offset up to which the next response goes out freely
   */
  begin(writtenBytes: number, wasSlow: boolean): number {
    const takenBytes = writtenBytes - this.startBytes;
    const isAtOnce = takenBytes >= this.leastBytes && takenBytes >= QUICK_BYTES_PER_MS * (world.nowMs() - this.startMs);
    if (wasSlow) this.bytes = this.leastBytes;
    else if (isAtOnce) this.bytes = Math.min(Math.max(this.bytes, 2 * takenBytes), MAX_FREE_BYTES);
    this.startBytes = writtenBytes;
    this.startMs = world.nowMs();
    return writtenBytes + this.bytes;
  }

  /** Whether a client that has read the response up to this offset by now is not a slow reader. */
  isReadQuickly(writtenBytes: number): boolean {
    return isQuick(writtenBytes - this.startBytes, world.nowMs() - this.startMs);
  }
}

/** The part of a response that goes out before the first look. */
const FREE_BYTES = 64 * 1024;
/**
 * The same for a server on another host: less than a receive buffer holds at first (64 KiB on Linux). Once that much
 * has come at once, Linux makes the buffer many times larger, for good. Over loopback, with its large segments, it does
 * not.
 */
const FAR_FREE_BYTES = 48 * 1024;
const MAX_FREE_BYTES = 1024 * 1024;
/**
 * A client that has taken half of this at once has already let the buffers on the way grow, as they would have grown
 * without Sluice.
 */
const PROVEN_FREE_BYTES = 512 * 1024;
/** A client that reads a response at this rate, the time until its next command included, gets more of the next one. */
const QUICK_BYTES_PER_MS = 400;
