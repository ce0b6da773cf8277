import type { PacketReader } from './lenenc.js';

/** The types whose values have a layout of their own in the binary protocol. (MySQL 9.7, `field_types.h`.) */
const FieldType = {
  TINY: 1, SHORT: 2, LONG: 3, FLOAT: 4, DOUBLE: 5, NULL: 6, TIMESTAMP: 7,
  LONGLONG: 8, INT24: 9, DATE: 10, TIME: 11, DATETIME: 12, YEAR: 13,
} as const;

/** The part of a parameter's type on the wire that is the type's number, and the flag for unsigned integers. */
export const TYPE_MASK = 0xff;
export const UNSIGNED = 0x8000;

/**
 * Whether the bit of a value is set in a NULL bitmap. Bits beyond the bitmap are not set.
 * @param at the offset at which the bitmap begins
 */
export function isNullAt(bitmap: Buffer, index: number, at = 0): boolean {
  return (((bitmap[at + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1;
}

/**
 * Reads the length before the next value, if there is one, and returns how many bytes the value has. (MySQL manual,
 * "Binary Protocol Value".)
 * @param type the number of the value's type, without the flag for unsigned
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

/** Whether values of this type are strings with a length-encoded length before them. Decimals are such strings. */
export function isStringType(type: number): boolean {
  return type < FieldType.TINY || type > FieldType.YEAR;
}

/**
 * A whole value in a form that JSON can hold: a number, or the text that the server itself would print. A BIGINT beyond
 * 2^53 is text, because readers of JSON would round it. Returns null for NULL. Returns undefined for a string, and for
 * bytes that do not have the layout of a date or time.
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

/** JSON has no NaN and no infinity. Their names stand for them. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/**
 * The shortest number that is the same FLOAT. As a double it would show digits that mean nothing (0.1 as
 * 0.10000000149011612).
 */
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

/** Hours, minutes, seconds, and microseconds if the value has them. */
function clockText(hours: number, bytes: Buffer, minuteAt: number): string {
  const microsecondsAt = minuteAt + 2;
  const fraction = bytes.length > microsecondsAt ? `.${padded(bytes.readUInt32LE(microsecondsAt), 6)}` : '';
  return `${padded(hours)}:${padded(bytes[minuteAt]!)}:${padded(bytes[minuteAt + 1]!)}${fraction}`;
}

/**
 * A DATE, DATETIME or TIMESTAMP as text. An empty value is the zero date. Otherwise 4 bytes hold the date, and each
 * further part may be missing: 3 bytes of time of day, 4 bytes of microseconds, 2 bytes of time zone offset in minutes
 * (MySQL 8.0.19 and later).
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

/**
 * A TIME as text. An empty value is zero. Otherwise: a sign, 4 bytes of days, hours, minutes, seconds, and perhaps 4
 * bytes of microseconds.
 */
function timeText(bytes: Buffer): string | undefined {
  const { length } = bytes;
  if (length === 0) return '00:00:00';
  if (length !== 8 && length !== 12) return undefined;
  const hours = bytes.readUInt32LE(1) * 24 + bytes[5]!;
  return `${bytes[0] === 0 ? '' : '-'}${clockText(hours, bytes, 6)}`;
}
