import { HEADER_BYTES, payloadLengthAt } from './framing.js';
import { PacketReader } from './lenenc.js';

/** A column of a result set. */
export interface ColumnDefinition {
  readonly name: string;
  /** The table that it is from, by its own name; empty for an expression. */
  readonly table: string;
}

/** The fixed part at the end of a definition, and the offset of the type in it. (MySQL manual, "Column Definition".) */
const FIXED_BYTES = 13;
const TYPE_OFFSET = 7;
/** Servers allow 64 characters. */
const MAX_NAME_BYTES = 256;

/**
 * Reads the definitions of a result set from their packets, which lie one after the other.
 * @returns null if not all of them are there
 */
export function decodeDefinitions(packets: Buffer, count: number): readonly ColumnDefinition[] | null {
  return fromEach(packets, count, (from, end) => decodeDefinition(packets, from, end));
}

/**
 * Reads the types of the columns of a result set from the packets of its definitions.
 * @returns the number of each type; null if not all definitions are there
 */
export function columnTypesIn(packets: Buffer, count: number): Buffer | null {
  const types = fromEach(packets, count, (from, end) =>
    (end - from < FIXED_BYTES ? null : packets[end - FIXED_BYTES + TYPE_OFFSET]!));
  return types === null ? null : Buffer.from(types);
}

/** Reads something from the payload of each definition; null if one of them is not there, or cannot be read. */
function fromEach<T>(packets: Buffer, count: number, read: (from: number, end: number) => T | null): T[] | null {
  const found: T[] = [];
  for (let at = 0; found.length < count;) {
    if (packets.length - at <= HEADER_BYTES) return null;
    const end = at + HEADER_BYTES + payloadLengthAt(packets, at);
    const one = end > packets.length ? null : read(at + HEADER_BYTES, end);
    if (one === null) return null;
    found.push(one);
    at = end;
  }
  return found;
}

function decodeDefinition(packets: Buffer, from: number, end: number): ColumnDefinition | null {
  const reader = new PacketReader(packets, from, end);
  reader.lenencSlice(); // catalog
  reader.lenencSlice(); // schema
  const alias = reader.lenencSlice();
  const table = reader.lenencSlice();
  const name = reader.lenencSlice();
  reader.lenencSlice(); // the column's own name
  // MariaDB may put extended metadata here, so the rest is read from the end.
  if (reader.failed || reader.left < FIXED_BYTES) return null;
  return { name: nameOf(name), table: nameOf(table.length > 0 ? table : alias) };
}

function nameOf(bytes: Buffer): string {
  return bytes.toString('utf8', 0, MAX_NAME_BYTES);
}
