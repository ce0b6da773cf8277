/**
 * Length-encoded integers: one byte up to 0xFA, otherwise a marker byte and 2, 3 or 8 bytes, little-endian. 0xFB is
 * NULL in a text row. 0xFF never begins one.
 */

/** Reads the fields of a packet one after the other. A read past the end does not throw; it sets `failed`. */
export class PacketReader {
  /**
   * Set by the first read that finds too few bytes or no valid encoding. The results of that read and all later ones
   * are meaningless.
   */
  failed = false;

  constructor(
    private readonly bytes: Buffer,
    public offset: number,
    private readonly end: number,
  ) {}

  /** The number of bytes not read yet. */
  get left(): number {
    return this.failed ? 0 : this.end - this.offset;
  }

  /** An unsigned integer of `byteCount` (1 to 4) bytes. */
  uint(byteCount: 1 | 2 | 3 | 4): number {
    if (!this.take(byteCount)) return 0;
    return this.bytes.readUIntLE(this.offset - byteCount, byteCount);
  }

  /** A length-encoded integer. Above 2^53 it is rounded; no length or count that matters here is that large. */
  lenenc(): number {
    const first = this.uint(1);
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.uint(2);
    if (first === 0xfd) return this.uint(3);
    if (first === 0xfe && this.take(8)) {
      return this.bytes.readUInt32LE(this.offset - 8) + this.bytes.readUInt32LE(this.offset - 4) * 2 ** 32;
    }
    this.failed = true;
    return 0;
  }

  /** The next `byteCount` bytes, as a view of the packet. */
  slice(byteCount: number): Buffer {
    if (!this.take(byteCount)) return this.bytes.subarray(0, 0);
    return this.bytes.subarray(this.offset - byteCount, this.offset);
  }

  /** A string with its length before it. */
  lenencSlice(): Buffer {
    return this.slice(this.lenenc());
  }

  /** A string up to a NUL, which is read too. Without a NUL the string ends at the packet's end, as servers allow. */
  nulSlice(): Buffer {
    if (this.failed) return this.bytes.subarray(0, 0);
    const nul = this.bytes.indexOf(0, this.offset);
    const stop = nul < 0 || nul >= this.end ? this.end : nul;
    const text = this.bytes.subarray(this.offset, stop);
    this.offset = Math.min(stop + 1, this.end);
    return text;
  }

  /** Skips `byteCount` bytes. */
  skip(byteCount: number): void {
    this.take(byteCount);
  }

  private take(byteCount: number): boolean {
    if (this.failed || byteCount > this.end - this.offset) {
      this.failed = true;
      return false;
    }
    this.offset += byteCount;
    return true;
  }
}

/** A length-encoded integer as bytes. `value` is at most 2^53 - 1. */
export function encodeLenenc(value: number): Buffer {
  if (value < 0xfb) return Buffer.from([value]);
  if (value <= 0xffff) return Buffer.from([0xfc, value & 0xff, value >> 8]);
  if (value <= 0xff_ffff) return Buffer.from([0xfd, value & 0xff, (value >> 8) & 0xff, value >> 16]);
  const bytes = Buffer.alloc(9, 0xfe);
  bytes.writeBigUInt64LE(BigInt(value), 1);
  return bytes;
}

/** A string with its length before it. */
export function encodeLenencString(text: Buffer | string): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return Buffer.concat([encodeLenenc(bytes.length), bytes]);
}
