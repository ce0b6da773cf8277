import { Command } from '../../src/protocol/commands.js';
import { encodeLenenc, encodeLenencString } from '../../src/protocol/lenenc.js';

/** A parameter of an EXECUTE packet. */
export interface BoundParameter {
  /** Its type's number, with 0x8000 for unsigned. */
  readonly type: number;
  /** The value's bytes on the wire, with its length prefix; null is NULL. */
  readonly bytes: Buffer | null;
  /** The name, for a query attribute. */
  readonly name?: string;
}

export interface ExecuteOptions {
  readonly statementId?: number;
  readonly hasQueryAttributes?: boolean;
  /** Whether to leave the types out, as clients may from the second execution on. */
  readonly withoutTypes?: boolean;
}

const PARAMETER_COUNT_AVAILABLE = 0x08;

/** The payload of a COM_STMT_EXECUTE. (MySQL manual, "COM_STMT_EXECUTE".) */
export const executePayload = (parameters: readonly BoundParameter[], options: ExecuteOptions = {}): Buffer => {
  const { statementId = 1, hasQueryAttributes = false, withoutTypes = false } = options;
  const front = Buffer.from([Command.STMT_EXECUTE, 0, 0, 0, 0, hasQueryAttributes ? PARAMETER_COUNT_AVAILABLE : 0,
    1, 0, 0, 0]);
  front.writeUInt32LE(statementId, 1);
  const nulls = Buffer.alloc((parameters.length + 7) >> 3);
  parameters.forEach(({ bytes }, i) => (nulls[i >> 3]! |= bytes === null ? 1 << (i & 7) : 0));
  const types = parameters.map(({ type, name = '' }) =>
    Buffer.concat([Buffer.from([type & 0xff, type >> 8]), ...(hasQueryAttributes ? [encodeLenencString(name)] : [])]));
  return Buffer.concat([
    front, hasQueryAttributes ? encodeLenenc(parameters.length) : Buffer.alloc(0), nulls,
    Buffer.from([withoutTypes ? 0 : 1]), ...(withoutTypes ? [] : types),
    ...parameters.map(({ bytes }) => bytes ?? Buffer.alloc(0)),
  ]);
};

const littleEndian = (byteCount: number, value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.subarray(0, byteCount);
};

const float = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};

const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');

const UNSIGNED = 0x8000;

/** A bound value, and how an audit record shows it. */
export interface ValueExample extends BoundParameter {
  readonly title: string;
  readonly shown: unknown;
}

const example = (title: string, type: number, bytes: Buffer | null, shown: unknown): ValueExample =>
  ({ title, type, bytes, shown });

const text = (title: string, type: number, value: string | Buffer, shown: unknown): ValueExample =>
  example(title, type, encodeLenencString(value), shown);

/** Values that both servers accept. */
export const VALUE_EXAMPLES: readonly ValueExample[] = [
  example('TINY', 1, littleEndian(1, -128n), -128),
  example('TINY UNSIGNED', 1 | UNSIGNED, littleEndian(1, 255n), 255),
  example('SHORT', 2, littleEndian(2, -32_768n), -32_768),
  example('SHORT UNSIGNED', 2 | UNSIGNED, littleEndian(2, 65_535n), 65_535),
  example('LONG', 3, littleEndian(4, -2_147_483_648n), -2_147_483_648),
  example('LONG UNSIGNED', 3 | UNSIGNED, littleEndian(4, 4_294_967_295n), 4_294_967_295),
  example('LONGLONG that is small', 8, littleEndian(8, -42n), -42),
  example('LONGLONG, the largest that is exact as a number', 8, littleEndian(8, 2n ** 53n - 1n), 2 ** 53 - 1),
  example('LONGLONG beyond that', 8, littleEndian(8, 2n ** 53n + 1n), '9007199254740993'),
  example('LONGLONG, the least', 8, littleEndian(8, -(2n ** 63n)), '-9223372036854775808'),
  example('LONGLONG UNSIGNED', 8 | UNSIGNED, littleEndian(8, 2n ** 64n - 1n), '18446744073709551615'),
  example('FLOAT', 4, float(0.1), 0.1),
  example('FLOAT, the largest', 4, float(3.4028234663852886e38), 3.4028235e38),
  example('FLOAT with all its digits', 4, float(16_777_215), 16_777_215),
  example('DOUBLE', 5, double(0.1), 0.1),
  example('DOUBLE that is large', 5, double(-1.7976931348623157e308), -1.7976931348623157e308),
  example('NULL in the bitmap', 253, null, null),
  example('NULL by its type', 6, null, null),
  text('DECIMAL', 246, '-12345678901234567890.123456789', '-12345678901234567890.123456789'),
  text('the old DECIMAL', 0, '1.50', '1.50'),
  text('VARCHAR', 15, 'naïve – 日本 😀', 'naïve – 日本 😀'),
  text('VAR_STRING that is empty', 253, '', ''),
  text('STRING with line ends', 254, 'a\tb\r\nc', 'a\tb\r\nc'),
  text('BLOB that is text', 252, 'plain', 'plain'),
  text('TINY_BLOB that is not UTF-8', 249, hex('ff d8 ff e0'), { hex: 'ffd8ffe0' }),
  text('LONG_BLOB with a NUL', 251, hex('61 00 62'), { hex: '610062' }),
  example('DATE that is zero', 10, hex('00'), '0000-00-00'),
  example('DATE', 10, hex('04 e8 07 02 1d'), '2024-02-29'),
  example('DATETIME that is zero', 12, hex('00'), '0000-00-00 00:00:00'),
  example('DATETIME at midnight', 12, hex('04 e8 07 02 1d'), '2024-02-29 00:00:00'),
  example('DATETIME', 12, hex('07 e8 07 02 1d 17 3b 01'), '2024-02-29 23:59:01'),
  example('DATETIME with microseconds', 12, hex('0b e8 07 02 1d 17 3b 01 40 e2 01 00'),
    '2024-02-29 23:59:01.123456'),
  example('TIMESTAMP', 7, hex('07 b2 07 0c 1f 00 00 07'), '1970-12-31 00:00:07'),
  example('TIMESTAMP with one microsecond', 7, hex('0b b2 07 0c 1f 00 00 07 01 00 00 00'),
    '1970-12-31 00:00:07.000001'),
  example('TIME that is zero', 11, hex('00'), '00:00:00'),
  example('TIME', 11, hex('08 00 00 00 00 00 01 02 03'), '01:02:03'),
  example('TIME before zero, of days', 11, hex('0c 01 22 00 00 00 15 3b 3b 01 00 00 00'), '-837:59:59.000001'),
];

/** Values that a server may refuse, and that have to be decoded all the same. */
export const RARE_EXAMPLES: readonly ValueExample[] = [
  example('YEAR', 13, littleEndian(2, 2024n), 2024),
  example('INT24', 9, littleEndian(4, -8_388_608n), -8_388_608),
  example('INT24 UNSIGNED', 9 | UNSIGNED, littleEndian(4, 16_777_215n), 16_777_215),
  example('DATE with a time of day, as MariaDB Connector/J 2 sends it', 10, hex('07 e8 07 02 1d 00 00 00'),
    '2024-02-29'),
  example('DATETIME with the offset of its time zone', 12, hex('0d e8 07 02 1d 17 3b 01 40 e2 01 00 b6 fe'),
    '2024-02-29 23:59:01.123456-05:30'),
  example('TIMESTAMP east of Greenwich', 7, hex('0d e8 07 02 1d 17 3b 01 00 00 00 00 3c 00'),
    '2024-02-29 23:59:01.000000+01:00'),
  text('JSON', 245, '{"a":[1,2]}', '{"a":[1,2]}'),
  text('ENUM', 247, 'small', 'small'),
  text('SET', 248, 'a,b', 'a,b'),
  text('BIT', 16, hex('41'), { hex: '41' }),
  text('GEOMETRY', 255, Buffer.alloc(25, '0'), { hex: '30'.repeat(25) }),
  text('VECTOR', 242, Buffer.alloc(8, 'A'), { hex: '41'.repeat(8) }),
  text('a type of the future', 200, 'who knows', 'who knows'),
  example('FLOAT that is no number', 4, float(NaN), 'NaN'),
  example('DOUBLE without bound', 5, double(-Infinity), '-Infinity'),
  example('DATE of three bytes', 10, hex('03 e8 07 02'), { hex: 'e80702' }),
  example('TIME of nine bytes', 11, hex('09 00 00 00 00 00 01 02 03 04'), { hex: '000000000001020304' }),
];
