import { binaryValueBytes, isNullAt } from '../protocol/binaryValue.js';
import type { ColumnDefinition } from '../protocol/columnDefinition.js';
import { HEADER_BYTES } from '../protocol/framing.js';
import { PacketReader } from '../protocol/lenenc.js';

/**
 * Counts the bytes of each column in some rows of a result set: the first ones of each chunk, at most 1,000. A response
 * of one chunk is counted only if a record of it is due, or at its limit, so that most responses cost nothing.
 */
export class ColumnCounter {
  /** The number of counted rows. */
  rows = 0;
  /** A row was not laid out as the columns say. */
  isBroken = false;
  /** The row that comes next was counted by its front. */
  private isFrontCounted = false;
  private readonly bytes: Float64Array;
  private readonly largest: Float64Array;

  /**
   * @param resultSet the number of the result set in its response, from 1 on
   * @param types the number of each column's type if its rows are of the binary protocol; null for text
   * @param definitions null if they are not known
   */
  constructor(
    readonly columns: number, readonly resultSet: number, private readonly types: ArrayLike<number> | null,
    private readonly definitions: readonly ColumnDefinition[] | null,
  ) {
    this.bytes = new Float64Array(columns);
    this.largest = new Float64Array(columns);
  }

  private get isBinary(): boolean {
    return this.types !== null;
  }

  /** Counts whole rows of one packet each: at most `most` of the rows between two offsets. */
  count(chunk: Buffer, from: number, to: number, most: number): void {
    const last = Math.min(this.rows + most, MAX_ROWS);
    const first = this.isFrontCounted && to > from ? from + HEADER_BYTES + chunk.readUIntLE(from, 3) : from;
    if (to > from) this.isFrontCounted = false;
    for (let at = first; to - at > HEADER_BYTES && this.rows < last && !this.isBroken;) {
      const end = at + HEADER_BYTES + chunk.readUIntLE(at, 3);
      if (end > to) return;
      if (this.isBinary) this.countBinary(chunk, at + HEADER_BYTES, end);
      else this.countText(chunk, at + HEADER_BYTES, end);
      this.rows += 1;
      at = end;
    }
  }

  /**
   * Counts a row that may be larger than what has come of it: as far as the lengths of its values can be read. Counting
   * goes on after this row.
   */
  countFront(chunk: Buffer, from: number, end: number): void {
    if (this.isFrontCounted || this.isBroken || this.rows >= MAX_ROWS || end - from <= HEADER_BYTES) return;
    const rowEnd = Math.min(end, from + HEADER_BYTES + chunk.readUIntLE(from, 3));
    const row = from + HEADER_BYTES;
    const values = this.isBinary ? row + 1 + this.bitmapBytes : row;
    const reader = new PacketReader(chunk, Math.min(values, rowEnd), rowEnd);
    for (let i = 0; i < this.columns && reader.left > 0; i += 1) {
      const { offset } = reader;
      if (this.isBinary ? isNullAt(chunk, i + NULL_OFFSET, row + 1) : chunk[offset] === NULL_VALUE) {
        if (!this.isBinary) reader.skip(1);
        continue;
      }
      const valueBytes = this.isBinary ? binaryValueBytes(reader, this.types![i]!) : reader.lenenc();
      if (reader.failed) break;
      this.add(i, reader.offset - offset + valueBytes);
      this.isFrontCounted = true;
      reader.skip(valueBytes);
    }
    if (this.isFrontCounted) this.rows += 1;
  }

  /** The heaviest columns first. */
  shares(): ColumnShare[] {
    return Array.from(this.bytes, (bytes, index): ColumnShare => {
      const { name = null, table = null } = this.definitions?.[index] ?? {};
      return { position: index + 1, name, table, bytes, largest: this.largest[index]! };
    }).sort((one, other) => other.bytes - one.bytes);
  }

  private countText(chunk: Buffer, from: number, end: number): void {
    const reader = new PacketReader(chunk, from, end);
    for (let i = 0; i < this.columns; i += 1) {
      const { offset } = reader;
      if (chunk[offset] === NULL_VALUE) reader.skip(1);
      else reader.skip(reader.lenenc());
      this.add(i, reader.offset - offset);
    }
    this.isBroken = reader.failed || reader.left > 0;
  }

  private countBinary(chunk: Buffer, from: number, end: number): void {
    const nulls = from + 1;
    const reader = new PacketReader(chunk, nulls + this.bitmapBytes, end);
    for (let i = 0; i < this.columns; i += 1) {
      if (isNullAt(chunk, i + NULL_OFFSET, nulls)) continue;
      const { offset } = reader;
      reader.skip(binaryValueBytes(reader, this.types![i]!));
      this.add(i, reader.offset - offset);
    }
    this.isBroken = reader.failed || reader.left > 0;
  }

  private get bitmapBytes(): number {
    return (this.columns + NULL_OFFSET + 7) >> 3;
  }

  private add(column: number, byteCount: number): void {
    this.bytes[column]! += byteCount;
    if (byteCount > this.largest[column]!) this.largest[column] = byteCount;
  }
}

/** The part of a column in the rows that were counted, in bytes with the lengths before its values. */
export interface ColumnShare {
  /** From 1 on. */
  readonly position: number;
  /** Null if not known. */
  readonly name: string | null;
  readonly table: string | null;
  readonly bytes: number;
  readonly largest: number;
}

/** The most rows of a result set that are counted. */
export const MAX_ROWS = 1000;
/** Begins a NULL in a row of the text protocol. */
const NULL_VALUE = 0xfb;
/** The first two bits of a binary row's NULL bitmap mean nothing. (MySQL manual, "Binary Protocol Resultset Row".) */
const NULL_OFFSET = 2;
