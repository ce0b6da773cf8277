/** Bytes in the order in which they came. */
export class ByteQueue {
  byteCount = 0;
  private pieces: Buffer[] = [];

  /** Adds bytes, which must not change afterwards. */
  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.pieces.push(bytes);
    this.byteCount += bytes.length;
  }

  /** Takes at most this many bytes. */
  take(most: number): Buffer {
    const taken: Buffer[] = [];
    let rest = most;
    while (rest > 0 && this.pieces.length > 0) {
      const first = this.pieces[0]!;
      if (first.length <= rest) this.pieces.shift();
      else this.pieces[0] = first.subarray(rest);
      taken.push(first.subarray(0, rest));
      rest -= Math.min(rest, first.length);
    }
    const bytes = taken.length === 1 ? taken[0]! : Buffer.concat(taken);
    this.byteCount -= bytes.length;
    return bytes;
  }

  /** Puts bytes back before all others. */
  putBack(bytes: Buffer): void {
    this.pieces.unshift(bytes);
    this.byteCount += bytes.length;
  }

  clear(): void {
    this.pieces = [];
    this.byteCount = 0;
  }
}
