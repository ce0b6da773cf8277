import { binaryValueBytes, decodeBinaryValue, isNullAt, TYPE_MASK, UNSIGNED } from './binaryValue.js';
import { EXECUTE_FRONT_BYTES } from './commands.js';
import { PacketReader } from './lenenc.js';
import { frontText } from './frontText.js';

// Query attributes: names and values that a client sends with one execution (CLIENT_QUERY_ATTRIBUTES). In a COM_QUERY
// they stand before the text. In a COM_STMT_EXECUTE they follow the statement's parameters. (MySQL manual, "COM_QUERY"
// and "COM_STMT_EXECUTE".)

/** Query attributes by name, as text. One that is NULL or has no name is left out. */
export type AttributeValues = ReadonlyMap<string, string>;

/** The types of all parameters of an execution, and the names of those that are attributes. */
export interface AttributeDefinitions {
  readonly types: readonly number[];
  readonly names: readonly string[];
}

/** The most attributes that are read, and the most bytes of a value that is text. */
export const MAX_ATTRIBUTES_READ = 64;
const MAX_ATTRIBUTE_BYTES = 512;

/** The attributes of a COM_QUERY. @param payload the packet's payload, up to its text */
export function attributesOfQuery(payload: Buffer): AttributeValues {
  const reader = new PacketReader(payload, 1, payload.length);
  const count = reader.lenenc();
  reader.lenenc(); // sets of parameters, always 1
  const nulls = reader.slice((count + 7) >> 3);
  reader.skip(1); // new_params_bind_flag, always 1
  return readValues(reader, readDefinitions(reader, count, 0), nulls, 0);
}

/** Whether a COM_STMT_EXECUTE has attributes. Does not read them. */
export function hasAttributes(payload: Buffer, parameterCount: number): boolean {
  if (payload.length <= EXECUTE_FRONT_BYTES || (payload[FLAGS_AT]! & PARAMETER_COUNT_AVAILABLE) === 0) return false;
  const first = payload[EXECUTE_FRONT_BYTES]!;
  if (first < 0xfb) return first > parameterCount;
  const isWhole = payload.length > EXECUTE_FRONT_BYTES + 2;
  return first === 0xfc && isWhole && payload.readUInt16LE(EXECUTE_FRONT_BYTES + 1) > parameterCount;
}

/**
 * The attributes of a COM_STMT_EXECUTE that has some.
 * @param payload the packet's payload, or its front
 * @param isSentAhead says whether a parameter's value was sent before, and so is not in the packet
 * @param known the definitions of an earlier execution, which this packet may leave out
 * @returns the values, and the definitions for later executions; null if the packet does not tell them
 */
export function attributesOfExecution(
  payload: Buffer, parameterCount: number, isSentAhead: (index: number) => boolean, known: AttributeDefinitions | null,
): { readonly values: AttributeValues; readonly definitions: AttributeDefinitions } | null {
  const reader = new PacketReader(payload, EXECUTE_FRONT_BYTES, payload.length);
  const count = reader.lenenc();
  const nulls = reader.slice((count + 7) >> 3);
  const definitions = reader.uint(1) === 0 ? known : readDefinitions(reader, count, parameterCount);
  if (definitions === null || reader.failed) return null;
  for (let i = 0; i < parameterCount; i += 1) {
    const hasValue = !isNullAt(nulls, i) && !isSentAhead(i);
    if (hasValue) reader.skip(binaryValueBytes(reader, (definitions.types[i] ?? 0) & TYPE_MASK));
  }
  return { values: readValues(reader, definitions, nulls, parameterCount), definitions };
}

/** @param attributesFrom the index of the first parameter that is an attribute */
function readDefinitions(reader: PacketReader, count: number, attributesFrom: number): AttributeDefinitions {
  const types: number[] = [];
  const names: string[] = [];
  for (let i = 0; i < count && !reader.failed; i += 1) {
    types.push(reader.uint(2));
    const name = reader.lenencSlice();
    if (i >= attributesFrom && names.length < MAX_ATTRIBUTES_READ) names.push(textOf(name));
  }
  return { types, names };
}

function readValues(
  reader: PacketReader, { types, names }: AttributeDefinitions, nulls: Buffer, from: number,
): AttributeValues {
  const values = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const typeWord = types[from + i] ?? 0;
    if (isNullAt(nulls, from + i)) continue;
    const type = typeWord & TYPE_MASK;
    const bytes = reader.slice(binaryValueBytes(reader, type));
    if (reader.failed) break;
    const value = decodeBinaryValue(bytes, type, (typeWord & UNSIGNED) !== 0);
    if (name !== '' && value !== null) values.set(name, value === undefined ? textOf(bytes) : String(value));
  }
  return values;
}

function textOf(bytes: Buffer): string {
  return frontText(bytes, MAX_ATTRIBUTE_BYTES);
}

const FLAGS_AT = 5;
/** A flag of COM_STMT_EXECUTE: a count of parameters stands before the values. (MySQL manual, "COM_STMT_EXECUTE".) */
const PARAMETER_COUNT_AVAILABLE = 0x08;
