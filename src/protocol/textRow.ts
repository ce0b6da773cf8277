import { PacketReader } from './lenenc.js';

/** The values of a row, as text; null is NULL. */
export type TextRow = readonly (string | null)[];

/** The byte that stands for NULL in place of a string's length. */
const NULL_VALUE = 0xfb;

/**
 * Reads a row of the text protocol. Returns null if the row does not have that many columns. (MySQL manual,
 * "ProtocolText::ResultsetRow".)
 */
export function decodeTextRow(payload: Buffer, columnCount: number): TextRow | null {
  const reader = new PacketReader(payload, 0, payload.length);
  const values: (string | null)[] = [];
  for (let i = 0; i < columnCount && !reader.failed; i += 1) {
    const isNull = payload[reader.offset] === NULL_VALUE;
    if (isNull) reader.skip(1);
    values.push(isNull ? null : reader.lenencSlice().toString());
  }
  return reader.failed || reader.left > 0 ? null : values;
}
