import { HEADROOM_BYTES, type ReadBuffer } from './readBuffer.js';

/**
 * The bytes of one direction that have come and are not decided yet. They lie in a chunk of the flow's own, or in the
 * buffer that they were read into.
 *
 *     chunk   [... decided ... at)[at ... undecided ... end)
 */
export class UndecidedBytes {
  chunk: Buffer = NOTHING;
  at = 0;
  end = 0;
  /** The buffer that `chunk` was read into; null if it came in another way. */
  private buffer: ReadBuffer | null = null;
  /** The memory of `chunk` is not used for anything else. */
  private isOwned = true;

  get byteCount(): number {
    return this.end - this.at;
  }

  get bytes(): Buffer {
    return this.chunk.subarray(this.at, this.end);
  }

  /** Returns the bytes up to `to`, an offset in the chunk. They are decided from now on. */
  decide(to: number): Buffer {
    const decided = this.chunk.subarray(this.at, to);
    this.at = to;
    return decided;
  }

  /**
   * Adds a chunk.
   * @param isOwned whether its memory belongs to the flow; if not, call `own` before it is used for something else
   */
  add(chunk: Buffer, isOwned = true): void {
    if (this.byteCount > 0) this.hold(Buffer.concat([this.bytes, chunk]));
    else this.hold(chunk, isOwned);
  }

  /**
   * Adds the bytes that were read into `buffer`. There must be at most HEADROOM_BYTES undecided bytes; they are joined
   * in front.
   */
  takeRead(buffer: ReadBuffer, byteCount: number): void {
    const at = buffer.readAt - this.byteCount;
    // Undecided bytes already stand right before the read (`park`), unless they came in a chunk of their own.
    if (this.buffer === null) this.chunk.copy(buffer.whole, at, this.at, this.end);
    this.at = at;
    this.end = buffer.readAt + byteCount;
    this.chunk = buffer.whole;
    this.buffer = buffer;
    this.isOwned = false;
  }

  /** Replaces all bytes by these. */
  hold(chunk: Buffer, isOwned = true): void {
    this.isOwned = isOwned;
    this.chunk = chunk;
    this.at = 0;
    this.end = chunk.length;
    this.buffer = null;
  }

  drop(): void {
    this.hold(NOTHING);
  }

  /** Copies the bytes, because their memory will be used for something else. */
  own(): void {
    if (!this.isOwned) this.hold(Buffer.from(this.bytes));
  }

  /** Frees the memory of decided bytes if they fill more than half of a chunk of the flow's own. */
  trim(): void {
    if (this.buffer === null && 2 * this.byteCount < this.chunk.length) this.hold(Buffer.from(this.bytes));
  }

  /** Moves the bytes out of the way of the next read, which lands in the same buffer. */
  park(): void {
    const { buffer, byteCount } = this;
    if (byteCount === 0) {
      this.drop(); // the chunk may be large, and no byte of it is needed any more
    } else if (buffer === null) {
      return;
    } else if (byteCount <= HEADROOM_BYTES) {
      const at = buffer.nextAt - byteCount;
      if (at !== this.at) buffer.whole.copy(buffer.whole, at, this.at, this.end);
      this.at = at;
      this.end = buffer.nextAt;
    } else {
      this.hold(Buffer.from(this.bytes));
    }
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
