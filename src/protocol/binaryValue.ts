import type { PacketReader } from './lenenc.js';

/** Types whose values have a layout of their own in the binary protocol. (MySQL 9.7, `field_types.h`.) */
const FieldType = {
  TINY: 1, SHORT: 2, LONG: 3, FLOAT: 4, DOUBLE: 5, NULL: 6, TIMESTAMP: 7,
  LONGLONG: 8, INT24: 9, DATE: 10, TIME: 11, DATETIME: 12, YEAR: 13,
} as const;

/**
 * Reads the length of the value that comes next, where one stands before it, and returns how many bytes the value
 * has. (MySQL manual, "Binary Protocol Value".)
 * @param type its type's number, without the flag for unsigned
 */
export function binaryValueBytes(reader: PacketReader, type: number): number {
  switch (type) {
    case FieldType.NULL:
      return 0;
    case FieldType.TINY:
      return 1;
    case FieldType.SHORT:
    case FieldType.YEAR:
      return 2;
    case FieldType.LONG:
    case FieldType.INT24:
    case FieldType.FLOAT:
      return 4;
    case FieldType.LONGLONG:
    case FieldType.DOUBLE:
      return 8;
    case FieldType.DATE:
    case FieldType.DATETIME:
    case FieldType.TIMESTAMP:
    case FieldType.TIME:
      return reader.uint(1);
    default:
      return reader.lenenc();
  }
}

/** Whether values of this type are strings (decimals are too), with a length-encoded length before them. */
export function isStringType(type: number): boolean {
  return type < FieldType.TINY || type > FieldType.YEAR;
}

/**
 * What a whole value says, as JSON can hold it: a number, or text as the server itself would write it. A BIGINT
 * beyond 2^53 is text, since JSON's readers would round it. Returns null for NULL, and undefined for a string and
 * for a date or time whose bytes are not laid out as one.
 * @param bytes as many as `binaryValueBytes` says
 */
export function decodeBinaryValue(
  bytes: Buffer, type: number, isUnsigned: boolean,
): number | string | null | undefined {
  switch (type) {
    case FieldType.NULL:
      return null;
    case FieldType.TINY:
    case FieldType.SHORT:
    case FieldType.YEAR:
    case FieldType.LONG:
    case FieldType.INT24:
      return isUnsigned ? bytes.readUIntLE(0, bytes.length) : bytes.readIntLE(0, bytes.length);
    case FieldType.LONGLONG:
      return exact(isUnsigned ? bytes.readBigUInt64LE(0) : bytes.readBigInt64LE(0));
    case FieldType.FLOAT:
      return finite(shortestFloat(bytes.readFloatLE(0)));
    case FieldType.DOUBLE:
      return finite(bytes.readDoubleLE(0));
    case FieldType.DATE:
      return datetimeText(bytes)?.slice(0, 'YYYY-MM-DD'.length);
    case FieldType.DATETIME:
    case FieldType.TIMESTAMP:
      return datetimeText(bytes);
    case FieldType.TIME:
      return timeText(bytes);
    default:
      return undefined;
  }
}

function exact(value: bigint): number | string {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : String(value);
}

/** JSON has no NaN and no infinities: they become their names. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A FLOAT has 6 to 9 digits that count; as a double it would show more (0.1 as 0.10000000149011612). */
function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}

function padded(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}

/** Hours, minutes and seconds, and microseconds where the value goes on to them. */
function clockText(hours: number, bytes: Buffer, minuteAt: number): string {
  const microsecondsAt = minuteAt + 2;
  const fraction = bytes.length > microsecondsAt ? `.${padded(bytes.readUInt32LE(microsecondsAt), 6)}` : '';
  return `${padded(hours)}:${padded(bytes[minuteAt]!)}:${padded(bytes[minuteAt + 1]!)}${fraction}`;
}

/**
 * No bytes are the zero date. Else 4 bytes of date, then as far as they go 3 of time of day, 4 of microseconds and
 * 2 of the time zone's offset in minutes (MySQL 8.0.19 and later).
 */
function datetimeText(bytes: Buffer): string | undefined {
  const { length } = bytes;
  if (length === 0) return '0000-00-00 00:00:00';
  if (![4, 7, 11, 13].includes(length)) return undefined;
  const date = `${padded(bytes.readUInt16LE(0), 4)}-${padded(bytes[2]!)}-${padded(bytes[3]!)}`;
  if (length === 4) return `${date} 00:00:00`;
  const clock = clockText(bytes[4]!, bytes.subarray(0, 11), 5);
  return `${date} ${clock}${length === 13 ? offsetText(bytes.readInt16LE(11)) : ''}`;
}

function offsetText(minutes: number): string {
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${padded(Math.trunc(absolute / 60))}:${padded(absolute % 60)}`;
}

/** No bytes are zero. Else a sign, 4 bytes of days, hours, minutes, seconds, and 4 bytes of microseconds or none. */
function timeText(bytes: Buffer): string | undefined {
  const { length } = bytes;
  if (length === 0) return '00:00:00';
  if (length !== 8 && length !== 12) return undefined;
  const hours = bytes.readUInt32LE(1) * 24 + bytes[5]!;
  return `${bytes[0] === 0 ? '' : '-'}${clockText(hours, bytes, 6)}`;
}
