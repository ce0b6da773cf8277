import { FRAME_HEADER_BYTES, frameBytesAt } from './compression.js';

/**
 * Takes whole frames out of a stream that arrives in pieces of any size.
 *
 *     part   the front of an incomplete frame, in memory of its own
 *     chunk  [... taken ... at)[at ... not taken yet ... length)
 *
 * It holds at most one frame, and one chunk while taking is paused. A part grows with the bytes that have arrived, not
 * with the announced length.
 */
export class FrameReader {
  private chunk = NOTHING;
  private isOwned = true;
  private at = 0;
  private part = NOTHING;
  private partBytes = 0;

  /** Adds the stream's next bytes. They must not change until `next` has returned null or `own` has been called. */
  add(chunk: Buffer): void {
    this.isOwned = this.at < this.chunk.length;
    this.chunk = this.isOwned ? Buffer.concat([this.chunk.subarray(this.at), chunk]) : chunk;
    this.at = 0;
  }

  /**
   * The next whole frame, header included, as a view. Null if more bytes have to come first; from then on it holds no
   * view.
   */
  next(): Buffer | null {
    if (this.partBytes > 0) return this.completePart();
    const frameBytes = frameBytesAt(this.chunk, this.at);
    if (frameBytes === null || this.chunk.length - this.at < frameBytes) {
      this.fillPart(this.chunk.length - this.at, frameBytes ?? FRAME_HEADER_BYTES);
      this.release();
      return null;
    }
    this.at += frameBytes;
    return this.chunk.subarray(this.at - frameBytes, this.at);
  }

  /** Puts back the frame that was taken last. */
  putBack(frame: Buffer): void {
    this.chunk = Buffer.concat([frame, this.chunk.subarray(this.at)]);
    this.isOwned = true;
    this.at = 0;
  }

  /** Copies the bytes that are not taken yet out of the chunk, because its memory will be used again. */
  own(): void {
    if (this.isOwned || this.at === this.chunk.length) return;
    this.chunk = Buffer.from(this.chunk.subarray(this.at));
    this.isOwned = true;
    this.at = 0;
  }

  /** Takes all bytes that are there, whole frames or not. */
  rest(): Buffer {
    const rest = Buffer.concat([this.part.subarray(0, this.partBytes), this.chunk.subarray(this.at)]);
    this.partBytes = 0;
    this.part = NOTHING;
    this.release();
    return rest;
  }

  private completePart(): Buffer | null {
    const lengthBytes = 3;
    if (this.partBytes < lengthBytes) this.fillPart(lengthBytes - this.partBytes, FRAME_HEADER_BYTES);
    const frameBytes = frameBytesAt(this.part.subarray(0, this.partBytes), 0);
    if (frameBytes !== null) this.fillPart(frameBytes - this.partBytes, frameBytes);
    if (frameBytes === null || this.partBytes < frameBytes) {
      this.release();
      return null;
    }
    const frame = this.part.subarray(0, frameBytes);
    this.part = NOTHING;
    this.partBytes = 0;
    return frame;
  }

  /** Moves up to `byteCount` bytes from the chunk to the part. The part never exceeds `maxBytes`. */
  private fillPart(byteCount: number, maxBytes: number): void {
    const moved = Math.min(byteCount, this.chunk.length - this.at);
    if (moved === 0) return;
    const needed = this.partBytes + moved;
    if (needed > this.part.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(2 * needed, maxBytes)));
      this.part.copy(larger, 0, 0, this.partBytes);
      this.part = larger;
    }
    this.chunk.copy(this.part, this.partBytes, this.at, this.at + moved);
    this.partBytes = needed;
    this.at += moved;
  }

  private release(): void {
    this.chunk = NOTHING;
    this.at = 0;
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
