import { isNullAt, TYPE_MASK, UNSIGNED } from '../protocol/binaryValue.js';
import { PacketReader } from '../protocol/lenenc.js';
import { ColumnType, NULL_VALUE, type TypedValue } from './relation.js';
import { SqlError } from './sqlError.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/** The parameter types with a layout of their own. All others are texts with their length before them. */
const Type = {
  TINY: 1, SHORT: 2, LONG: 3, FLOAT: 4, DOUBLE: 5, NULL: 6, TIMESTAMP: 7,
  LONGLONG: 8, INT24: 9, DATE: 10, TIME: 11, DATETIME: 12, YEAR: 13,
} as const;

/** The packet with the values of an execution, and the facts from earlier packets. */
export interface ParameterSource {
  /** It stands after the iteration count of the EXECUTE packet. */
  readonly reader: PacketReader;
  readonly parameterCount: number;
  /** The types from an earlier execution. A later one may leave them out. */
  readonly knownTypes: readonly number[];
  /** Values that came before the execution (COM_STMT_SEND_LONG_DATA), by the parameter's index. */
  readonly longData: ReadonlyMap<number, Buffer>;
  /** Whether CLIENT_QUERY_ATTRIBUTES is in effect: a count stands first, and each type is followed by a name. */
  readonly hasQueryAttributes: boolean;
}

/**
 * Reads the parameters of a COM_STMT_EXECUTE. Returns their values, and their types for the next execution. Throws
 * SqlError 1210 if the packet is shorter than it announces. (MySQL manual, "COM_STMT_EXECUTE".)
 */
export function readParameters(source: ParameterSource): { values: TypedValue[]; types: readonly number[] } {
  const { reader } = source;
  const count = source.hasQueryAttributes ? reader.lenenc() : source.parameterCount;
  if (count < source.parameterCount || count > 0xffff) throw wrongArguments();
  const nulls = reader.slice((count + 7) >> 3);
  const bringsTypes = reader.uint(1) === 1;
  const types = bringsTypes ? readTypes(reader, count, source.hasQueryAttributes) : source.knownTypes;
  if (types.length < source.parameterCount) throw wrongArguments();
  const values: TypedValue[] = [];
  for (let i = 0; i < source.parameterCount; i += 1) {
    const long = source.longData.get(i);
    if (long !== undefined) values.push({ value: long.toString(), type: ColumnType.VAR_STRING });
    else values.push(isNullAt(nulls, i) ? NULL_VALUE : readValue(reader, types[i]!));
  }
  if (reader.failed) throw wrongArguments();
  return { values, types };
}

function readTypes(reader: PacketReader, count: number, haveNames: boolean): number[] {
  const types: number[] = [];
  for (let i = 0; i < count && !reader.failed; i += 1) {
    types.push(reader.uint(2));
    if (haveNames) reader.lenencSlice();
  }
  return types;
}

function readValue(reader: PacketReader, type: number): TypedValue {
  const isUnsigned = (type & UNSIGNED) !== 0;
  switch (type & TYPE_MASK) {
    case Type.NULL:
      return NULL_VALUE;
    case Type.TINY:
      return readInteger(reader, 1, isUnsigned);
    case Type.SHORT:
    case Type.YEAR:
      return readInteger(reader, 2, isUnsigned);
    case Type.LONG:
    case Type.INT24:
      return readInteger(reader, 4, isUnsigned);
    case Type.LONGLONG:
      return readInteger(reader, 8, isUnsigned);
    case Type.FLOAT:
      return decimal(padded(reader, 4).readFloatLE(0));
    case Type.DOUBLE:
      return decimal(padded(reader, 8).readDoubleLE(0));
    case Type.DATE:
    case Type.DATETIME:
    case Type.TIMESTAMP:
      return readDatetime(reader);
    case Type.TIME:
      throw new SqlError(ServerErrors.WRONG_ARGUMENTS, 'The demo server does not take TIME parameters');
    default:
      return { value: reader.lenencSlice().toString(), type: ColumnType.VAR_STRING };
  }
}

function readInteger(reader: PacketReader, byteCount: 1 | 2 | 4 | 8, isUnsigned: boolean): TypedValue {
  const bytes = padded(reader, byteCount);
  const unsigned = bytes.readBigUInt64LE(0);
  const value = isUnsigned ? unsigned : BigInt.asIntN(byteCount * 8, unsigned);
  const isSafe = Number.isSafeInteger(Number(value));
  return isSafe ? { value: Number(value), type: ColumnType.LONGLONG } : decimal(value);
}

/** Year, month and day; then, if there are more bytes, the time of day. */
function readDatetime(reader: PacketReader): TypedValue {
  const bytes = padded(reader, reader.uint(1));
  const [month, day, hour, minute, second] = [bytes[2]!, bytes[3]!, bytes[4]!, bytes[5]!, bytes[6]!];
  const value = Date.UTC(bytes.readUInt16LE(0), month - 1, day, hour, minute, second);
  return { value, type: ColumnType.DATETIME };
}

function decimal(value: number | bigint): TypedValue {
  return { value: String(value), type: ColumnType.NEWDECIMAL };
}

/** The next `byteCount` bytes, with zeros after them. */
function padded(reader: PacketReader, byteCount: number): Buffer {
  return Buffer.concat([reader.slice(byteCount)], Math.max(byteCount, 11));
}

function wrongArguments(): SqlError {
  return new SqlError(ServerErrors.WRONG_ARGUMENTS, 'Incorrect arguments to EXECUTE');
}
