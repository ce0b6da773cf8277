import {
  binaryValueBytes, decodeBinaryValue, isNullAt, isStringType, TYPE_MASK, UNSIGNED,
} from './binaryValue.js';
import { Command, EXECUTE_FRONT_BYTES } from './commands.js';
import { PacketReader } from './lenenc.js';

/** The value of a parameter as an audit record holds it. */
export type ParameterValue =
  | null
  | number
  /** Text, decimals, dates and times, and integers beyond 2^53. */
  | string
  /** Bytes that are not text. */
  | { readonly hex: string }
  /** A value that was sent ahead of the execution: only its size is known. */
  | { readonly longData: number };

/** The types of the parameters as on the wire: the type's number in the low byte, 0x8000 for unsigned. */
export type ParameterTypes = readonly number[];

/** A COM_STMT_EXECUTE, and the facts about its statement from earlier packets. */
export interface Execution {
  /** The packet's payload, or the front of it. */
  readonly payload: Buffer;
  /** The number of parameters that PREPARE found in the statement. */
  readonly parameterCount: number;
  /** CLIENT_QUERY_ATTRIBUTES is in effect: a count stands before the values, and each type is followed by a name. */
  readonly hasQueryAttributes: boolean;
  /** The types from an earlier execution, which this one may leave out; null before the first execution. */
  readonly types: ParameterTypes | null;
  /** By parameter index: the number of bytes from COM_STMT_SEND_LONG_DATA since the last execution or reset. */
  readonly longDataBytes: ReadonlyMap<number, number>;
}

export interface DecodedParameters {
  /** The statement's parameters in order; the last one may be only the front of a string. */
  readonly values: readonly ParameterValue[];
  /** The types for the statement's next execution; null if they were not read completely. */
  readonly types: ParameterTypes | null;
  /** Values are missing or cut, because they exceed the bounds or the payload that was there. */
  readonly isTruncated: boolean;
}

/** The payload ends before the first value. */
const NOTHING_READ: DecodedParameters = { values: [], types: null, isTruncated: true };
/** The most values, and types, that are kept of one execution. Servers allow 65,535 parameters. */
export const MAX_VALUES = 256;
/** MySQL 9.7 refuses statements with more parameters. */
const MAX_PARAMETERS = 0xffff;
/** BIT, VECTOR and GEOMETRY. Their values are never text, even if their bytes could be. */
const BINARY_TYPES: ReadonlySet<number> = new Set([16, 242, 255]);
/** Control characters besides tab, line feed and carriage return. Text has none of them. */
const CONTROL_CHARACTER = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/**
 * Decodes the values of a prepared statement's parameters. Query attributes, which follow them, are left out.
 * Returns null if the packet does not tell the values: it is no COM_STMT_EXECUTE (MariaDB's bulk execution is another
 * command), it relies on types that no earlier execution sent, or it has fewer values than the statement has
 * parameters. Never throws. (MySQL manual, "COM_STMT_EXECUTE"; MariaDB's is the same without query attributes.)
 * @param maxBytes of all texts and hexadecimal digits together; beyond it, and beyond 256 values, the rest is left out
 */
export function decodeParameters(execution: Execution, maxBytes: number): DecodedParameters | null {
  const { payload, parameterCount, longDataBytes } = execution;
  if (payload[0] !== Command.STMT_EXECUTE) return null;
  if (parameterCount === 0) return { values: [], types: execution.types, isTruncated: false };
  const reader = new PacketReader(payload, EXECUTE_FRONT_BYTES, payload.length);
  const count = execution.hasQueryAttributes ? reader.lenenc() : parameterCount;
  if (!reader.failed && (count < parameterCount || count > MAX_PARAMETERS)) return null;
  const nulls = reader.slice((count + 7) >> 3);
  const bringsTypes = reader.uint(1) !== 0;
  if (reader.failed) return NOTHING_READ;
  const types = bringsTypes ? readTypes(reader, count, execution.hasQueryAttributes) : execution.types;
  if (types === null) return bringsTypes ? NOTHING_READ : null;
  const collector = new ValueCollector(reader, maxBytes);
  const wanted = Math.min(parameterCount, types.length);
  for (let i = 0; i < wanted && !collector.isTruncated; i += 1) {
    const longData = longDataBytes.get(i);
    if (longData !== undefined) collector.values.push({ longData });
    else if (isNullAt(nulls, i)) collector.values.push(null);
    else collector.take(types[i]!);
  }
  return { values: collector.values, types, isTruncated: collector.isTruncated || wanted < parameterCount };
}

/** Whether an execution says which types its values have; `none` if it has no values. */
export type TypesSent = 'sent' | 'left out' | 'none';

/**
 * Whether an execution brings the types of its values. A server keeps those of the last execution that brought them.
 * (MySQL manual, "COM_STMT_EXECUTE"; MariaDB, "COM_STMT_BULK_EXECUTE".)
 * @param payload COM_STMT_EXECUTE's or COM_STMT_BULK_EXECUTE's, or its front
 */
export function typesIn(payload: Buffer, parameterCount: number, hasQueryAttributes: boolean): TypesSent {
  if (payload[0] === Command.STMT_BULK_EXECUTE) {
    if (parameterCount === 0) return 'none';
    return ((payload[BULK_FLAGS_AT] ?? 0) & BULK_SENDS_TYPES) === 0 ? 'left out' : 'sent';
  }
  const reader = new PacketReader(payload, EXECUTE_FRONT_BYTES, payload.length);
  const count = hasQueryAttributes ? reader.lenenc() : parameterCount;
  if (reader.failed || count === 0 || reader.left === 0) return 'none';
  reader.skip((count + 7) >> 3);
  const flag = reader.uint(1);
  return reader.failed ? 'none' : flag === 0 ? 'left out' : 'sent';
}

const BULK_FLAGS_AT = 5;
/** STMT_BULK_FLAG_CLIENT_SEND_TYPES */
const BULK_SENDS_TYPES = 0x80;

/** Reads all types, but keeps only the first 256. Null if the payload ends before the last type. */
function readTypes(reader: PacketReader, count: number, haveNames: boolean): ParameterTypes | null {
  const types: number[] = [];
  for (let i = 0; i < count && !reader.failed; i += 1) {
    const type = reader.uint(2);
    if (haveNames) reader.lenencSlice();
    if (i < MAX_VALUES) types.push(type);
  }
  return reader.failed ? null : types;
}

/** Reads values one by one, until the payload ends or the room for their text is used up. */
class ValueCollector {
  readonly values: ParameterValue[] = [];
  isTruncated = false;

  constructor(
    private readonly reader: PacketReader,
    /** The room that is left, in bytes of text. */
    private roomBytes: number,
  ) {}

  /** Reads the next value. */
  take(typeWord: number): void {
    const { reader } = this;
    const type = typeWord & TYPE_MASK;
    const valueBytes = binaryValueBytes(reader, type);
    const isWhole = valueBytes <= reader.left;
    if (reader.failed || (!isWhole && !isStringType(type))) {
      this.isTruncated = true;
      return;
    }
    const bytes = reader.slice(Math.min(valueBytes, reader.left));
    const decoded = isWhole ? decodeBinaryValue(bytes, type, (typeWord & UNSIGNED) !== 0) : undefined;
    if (decoded === undefined) this.takeBytes(bytes, isWhole, BINARY_TYPES.has(type));
    else this.values.push(decoded);
  }

  /**
   * Adds bytes as text or as hexadecimal digits. If not all bytes are there, or not all fit, it adds only the front.
   */
  private takeBytes(bytes: Buffer, isWhole: boolean, isBinary: boolean): void {
    const textFront = bytes.subarray(0, this.roomBytes);
    const isCut = !isWhole || textFront.length < bytes.length;
    const text = isBinary ? null : decodeText(textFront, isCut);
    if (text !== null) return this.push(text, textFront.length, isCut);
    const hexFront = bytes.subarray(0, this.roomBytes >> 1);
    this.push({ hex: hexFront.toString('hex') }, 2 * hexFront.length, !isWhole || hexFront.length < bytes.length);
  }

  private push(value: ParameterValue, textBytes: number, isCut: boolean): void {
    this.values.push(value);
    this.roomBytes -= textBytes;
    this.isTruncated = isCut;
  }
}

/** The bytes as text, or null if they are no text. A character that the end of a front cuts is left out. */
function decodeText(bytes: Buffer, isFront: boolean): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isFront });
    return CONTROL_CHARACTER.test(text) ? null : text;
  } catch {
    return null; // not UTF-8
  }
}
