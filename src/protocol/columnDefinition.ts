import { HEADER_BYTES } from './framing.js';
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
 * Reads the definitions of a result set from their packets, which lie one behind the other.
 * @returns null if not all of them are there
 */
export function decodeDefinitions(packets: Buffer, count: number): readonly ColumnDefinition[] | null {
  const definitions: ColumnDefinition[] = [];
  for (let at = 0; definitions.length < count;) {
    if (packets.length - at <= HEADER_BYTES) return null;
    const end = at + HEADER_BYTES + packets.readUIntLE(at, 3);
    const definition = end > packets.length ? null : decodeDefinition(packets, at + HEADER_BYTES, end);
    if (definition === null) return null;
    definitions.push(definition);
    at = end;
  }
  return definitions;
}

/**
 * Reads the types of the columns of a result set from the packets of its definitions.
 * @returns the number of each type; null if not all definitions are there
 */
export function typesIn(packets: Buffer, count: number): Buffer | null {
  const types = Buffer.alloc(count);
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    if (packets.length - at <= HEADER_BYTES) return null;
    const end = at + HEADER_BYTES + packets.readUIntLE(at, 3);
    if (end > packets.length || end - at < HEADER_BYTES + FIXED_BYTES) return null;
    types[i] = packets[end - FIXED_BYTES + TYPE_OFFSET]!;
    at = end;
  }
  return types;
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
