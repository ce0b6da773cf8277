import { HEADER_BYTES } from '../protocol/framing.js';
import { type Cell, ColumnType } from './relation.js';

/** Writes rows one after the other into a block that grows as needed. */
export class RowWriter {
  /** Bytes written since the last `take`. */
  length = 0;
  #block: Buffer;

  constructor(private readonly blockBytes: number) {
    this.#block = Buffer.allocUnsafe(blockBytes);
  }

  /** Leaves `byteCount` bytes open, to be filled later. */
  skip(byteCount: number): void {
    this.reserve(byteCount);
    this.length += byteCount;
  }

  /** Fills in the packet header that was left open at `offset`. */
  patchHeader(offset: number, payloadLength: number, sequenceId: number): void {
    this.#block.writeUIntLE(payloadLength, offset, HEADER_BYTES - 1);
    this.#block[offset + HEADER_BYTES - 1] = sequenceId;
  }

  /** Returns the written bytes and begins a new block. */
  take(): Buffer {
    const written = this.#block.subarray(0, this.length);
    this.#block = Buffer.allocUnsafe(this.blockBytes);
    this.length = 0;
    return written;
  }

  /** The payload of a text row: each value as a length-encoded string, or 0xFB for NULL. */
  textRow(cells: readonly Cell[], types: readonly ColumnType[]): void {
    types.forEach((type, column) => {
      const cell = cells[column] ?? null;
      if (cell === null) this.byte(NULL_IN_TEXT_ROW);
      else this.text(type === ColumnType.DATETIME ? datetimeText(Number(cell)) : String(cell));
    });
  }

  /** The payload of a binary row: 0x00, a bitmap of the NULLs (which begins at its third bit), the other values. */
  binaryRow(cells: readonly Cell[], types: readonly ColumnType[]): void {
    this.byte(0);
    const bitmap = this.length;
    const bitmapBytes = (types.length + 7 + 2) >> 3;
    this.skip(bitmapBytes);
    this.#block.fill(0, bitmap, bitmap + bitmapBytes);
    types.forEach((type, column) => {
      const cell = cells[column] ?? null;
      if (cell === null) this.#block[bitmap + ((column + 2) >> 3)]! |= 1 << ((column + 2) & 7);
      else this.binaryValue(cell, type);
    });
  }

  private binaryValue(cell: number | string, type: ColumnType): void {
    if (type === ColumnType.LONGLONG) {
      this.reserve(8);
      this.length = this.#block.writeBigInt64LE(BigInt(cell), this.length);
    } else if (type === ColumnType.DATETIME) {
      const at = new Date(Number(cell));
      this.byte(7);
      this.byte(at.getUTCFullYear() & 0xff);
      this.byte(at.getUTCFullYear() >> 8);
      this.byte(at.getUTCMonth() + 1);
      this.byte(at.getUTCDate());
      this.byte(at.getUTCHours());
      this.byte(at.getUTCMinutes());
      this.byte(at.getUTCSeconds());
    } else {
      this.text(String(cell));
    }
  }

  private text(value: string): void {
    if (value.length <= SHORT_TEXT_UNITS) {
      this.shortText(value);
      return;
    }
    const byteCount = Buffer.byteLength(value);
    this.reserve(9 + byteCount);
    this.lenenc(byteCount);
    this.length += this.#block.write(value, this.length);
  }

  /**
   * Writes a short text. Most texts are short and ASCII, and for them a loop is several times faster than a call of
   * `write`.
   */
  private shortText(value: string): void {
    this.reserve(1 + value.length * 3);
    const start = this.length + 1;
    let byteCount = value.length;
    for (let i = 0; i < value.length; i += 1) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) {
        byteCount = this.#block.write(value, start);
        break;
      }
      this.#block[start + i] = unit;
    }
    this.#block[this.length] = byteCount;
    this.length = start + byteCount;
  }

  private lenenc(value: number): void {
    if (value < 0xfb) {
      this.byte(value);
    } else if (value <= 0xffff) {
      this.byte(0xfc);
      this.length = this.#block.writeUInt16LE(value, this.length);
    } else if (value <= 0xff_ffff) {
      this.byte(0xfd);
      this.length = this.#block.writeUIntLE(value, this.length, 3);
    } else {
      this.byte(0xfe);
      this.length = this.#block.writeBigUInt64LE(BigInt(value), this.length);
    }
  }

  private byte(value: number): void {
    this.reserve(1);
    this.#block[this.length] = value;
    this.length += 1;
  }

  private reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.#block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#block.length * 2));
    this.#block.copy(larger, 0, 0, this.length);
    this.#block = larger;
  }
}

const NULL_IN_TEXT_ROW = 0xfb;
/** The longest text in UTF-16 units whose length in bytes (at most three for each unit) surely fits into one byte. */
const SHORT_TEXT_UNITS = 83;

const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
let cachedDay = NaN;
let cachedDayText = '';

/** `2026-01-01 00:00:00`, as servers write a DATETIME. Consecutive rows are often of the same day. */
function datetimeText(epochMs: number): string {
  const day = Math.floor(epochMs / DAY_MS);
  if (day !== cachedDay) {
    cachedDay = day;
    cachedDayText = new Date(epochMs).toISOString().split('T', 1)[0]!;
  }
  const seconds = Math.floor((epochMs - day * DAY_MS) / 1000);
  const [hour, minute] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${cachedDayText} ${TWO_DIGITS[hour]!}:${TWO_DIGITS[minute]!}:${TWO_DIGITS[seconds % 60]!}`;
}
