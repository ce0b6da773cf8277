import { binaryValueBytes, isNullAt, TYPE_MASK } from './binaryValue.js';
import { Command } from './commands.js';
import { PacketReader } from './lenenc.js';

/** The payload of a COM_QUERY. If both ends have agreed on query attributes, it says that it has none. */
export function encodeQuery(sql: string, hasQueryAttributes: boolean): Buffer {
  // MySQL manual, "COM_QUERY": the number of attributes, then the number of sets of them, which is always 1.
  const front = hasQueryAttributes ? [Command.QUERY, 0, 1] : [Command.QUERY];
  return Buffer.concat([Buffer.from(front), Buffer.from(sql)]);
}

/** The offset of the text in a COM_QUERY's payload; null if the attributes before it cannot be read. */
export function queryTextOffset(payload: Buffer, hasQueryAttributes: boolean): number | null {
  if (!hasQueryAttributes) return 1;
  const reader = new PacketReader(payload, 1, payload.length);
  const parameterCount = reader.lenenc();
  reader.lenenc(); // sets of parameters, always 1
  if (parameterCount > 0) skipAttributes(reader, parameterCount);
  return reader.failed ? null : reader.offset;
}

/** The most attributes that are skipped, so that the loop ends. MySQL 9.7 holds at most 65,535 parameters. */
const MAX_ATTRIBUTES = 0xffff;

/** Skips query attributes: NULL bitmap, 1, (type, name) of each, values. (MySQL manual, "COM_QUERY".) */
function skipAttributes(reader: PacketReader, count: number): void {
  if (count > MAX_ATTRIBUTES) {
    reader.failed = true;
    return;
  }
  const nulls = reader.slice((count + 7) >> 3);
  reader.skip(1); // new_params_bind_flag, always 1
  const types: number[] = [];
  for (let i = 0; i < count && !reader.failed; i += 1) {
    types.push(reader.uint(2) & TYPE_MASK);
    reader.lenencSlice();
  }
  types.forEach((type, i) => {
    if (!isNullAt(nulls, i)) reader.skip(binaryValueBytes(reader, type));
  });
}
