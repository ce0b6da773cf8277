import { binaryValueBytes, isNullAt } from '../protocol/binaryValue.js';
import { decodeDefinitions, type ColumnDefinition } from '../protocol/columnDefinition.js';
import { Command } from '../protocol/commands.js';
import { HEADER_BYTES } from '../protocol/framing.js';
import { PacketReader } from '../protocol/lenenc.js';
import { FirstByte } from '../protocol/packets.js';

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

  /** @param definitions null if they are not known; rows of the binary protocol need them */
  constructor(
    readonly columns: number, private readonly isBinary: boolean,
    private readonly definitions: readonly ColumnDefinition[] | null,
  ) {
    this.bytes = new Float64Array(columns);
    this.largest = new Float64Array(columns);
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
   * goes on behind this row.
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
      const valueBytes = this.isBinary ? binaryValueBytes(reader, this.definitions![i]!.type) : reader.lenenc();
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
      reader.skip(binaryValueBytes(reader, this.definitions![i]!.type));
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

/** The part of a response's usage that counting its columns needs. */
interface CountedColumns {
  readonly command: { readonly code: number };
  readonly rows: number;
  readonly bytes: number;
  readonly resultSets: number;
  readonly columns: number;
  readonly recordRows: number;
  readonly recordBytes: number;
  columnCounter: ColumnCounter | null;
}

/**
 * Counts the columns of skimmed rows, if a record of their response is due or may become due.
 * @param at the offset at which skimming has stopped; beyond `end` if the last row continues in the next chunk
 * @param definitionsAt the offset of the column definitions in this chunk; NOT_HERE if they are in another
 */
export function noteColumns(
  usage: CountedColumns, chunk: Buffer, from: number, at: number, end: number, definitionsAt: number,
): void {
  const goesOn = end - at <= HEADER_BYTES;
  const isAtLimit = !goesOn && chunk[at + HEADER_BYTES]! < FirstByte.EOF;
  if (usage.resultSets !== 1 || usage.columns > MAX_COLUMNS || (at === from && !goesOn && !isAtLimit)) return;
  const isAll = isAtLimit || usage.rows > usage.recordRows || usage.bytes > usage.recordBytes;
  if (!goesOn && !isAll) return;
  usage.columnCounter ??= newCounter(usage, definitionsAt === NOT_HERE ? null : chunk.subarray(definitionsAt, from));
  usage.columnCounter?.count(chunk, from, Math.min(at, end), isAll ? MAX_ROWS : ROWS_PER_CHUNK);
  if (isAtLimit) usage.columnCounter?.countFront(chunk, at, end);
}

/**
 * Keeps the column definitions of a cursor, whose rows come with later commands, if a record may come to be due.
 * @param definitionsAt where they begin in this chunk; NOT_HERE if they do not
 * @param at where they end
 */
export function noteCursorColumns(usage: CountedColumns, chunk: Buffer, definitionsAt: number, at: number): void {
  if (usage.resultSets !== 1 || usage.columns > MAX_COLUMNS || definitionsAt === NOT_HERE) return;
  usage.columnCounter ??= newCounter(usage, chunk.subarray(definitionsAt, at));
}

function newCounter({ columns, command }: CountedColumns, packets: Buffer | null): ColumnCounter | null {
  const definitions = packets === null ? null : decodeDefinitions(packets, columns);
  const isBinary = PREPARED.has(command.code);
  return isBinary && definitions === null ? null : new ColumnCounter(columns, isBinary, definitions);
}

/** Stands for an offset in another chunk. */
export const NOT_HERE = -1;

/** Commands whose rows are of the binary protocol. */
const PREPARED: ReadonlySet<number> = new Set([
  Command.STMT_EXECUTE, Command.STMT_BULK_EXECUTE, Command.STMT_FETCH,
]);
const MAX_ROWS = 1000;
const ROWS_PER_CHUNK = 16;
/** More than servers allow. */
const MAX_COLUMNS = 4096;
/** Begins a NULL in a row of the text protocol. */
const NULL_VALUE = 0xfb;
/** The first two bits of a binary row's NULL bitmap mean nothing. (MySQL manual, "Binary Protocol Resultset Row".) */
const NULL_OFFSET = 2;
