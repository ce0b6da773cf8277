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
    const bytes = this.takePiece(most);
    if (bytes.length === most || this.byteCount === 0) return bytes;
    const taken = [bytes];
    for (let rest = most - bytes.length; rest > 0 && this.byteCount > 0; rest -= taken.at(-1)!.length) {
      taken.push(this.takePiece(rest));
    }
    return Buffer.concat(taken);
  }

  /** Puts bytes back before all others. */
  putBack(bytes: Buffer): void {
    this.pieces.unshift(bytes);
    this.byteCount += bytes.length;
  }

  /** Takes bytes of the first piece: at most this many. */
  private takePiece(most: number): Buffer {
    const [first = NO_BYTES] = this.pieces;
    const taken = first.length <= most ? first : first.subarray(0, most);
    if (taken === first) this.pieces.shift();
    else this.pieces[0] = first.subarray(most);
    this.byteCount -= taken.length;
    return taken;
  }

  clear(): void {
    this.pieces = [];
    this.byteCount = 0;
  }
}

const NO_BYTES = Buffer.alloc(0);
