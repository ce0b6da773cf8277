import { Capability, commonHalf, mariadbHalf } from '../../src/protocol/capabilities.js';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/framing.js';
import { encodeLenenc, encodeLenencString } from '../../src/protocol/lenenc.js';
import { Status } from '../../src/protocol/status.js';
import { fromClient, fromServer, type Turn } from './conversationHarness.js';

// Packets as servers and clients write them, for conversations made by hand. They hold no more than they have to.

const EMPTY = Buffer.alloc(0);
const uint16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);

/**
 * Wraps payloads into packets with sequence ids from `sequenceId` on; a payload of 0xFFFFFF bytes or more becomes
 * several packets.
 */
export const packetsFrom = (sequenceId: number, ...payloads: Buffer[]): Buffer => {
  const pieces: Buffer[] = [];
  for (const payload of payloads) {
    for (let at = 0; ; at += MAX_PAYLOAD_BYTES) {
      const part = payload.subarray(at, at + MAX_PAYLOAD_BYTES);
      pieces.push(header(sequenceId, part.length), part);
      sequenceId += 1;
      if (part.length < MAX_PAYLOAD_BYTES) break;
    }
  }
  return Buffer.concat(pieces);
};

const header = (sequenceId: number, byteCount: number): Buffer =>
  Buffer.from([byteCount & 0xff, (byteCount >> 8) & 0xff, byteCount >> 16, sequenceId & 0xff]);

/** A turn of the client: one command. */
export const ask = (payload: Buffer): Turn => fromClient(packetsFrom(0, payload));
/** A turn of the server: the answer to a command. */
export const answer = (...payloads: Buffer[]): Turn => fromServer(packetsFrom(1, ...payloads));

export const ok = (statusFlags: number = Status.AUTOCOMMIT): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 0]), uint16(statusFlags), uint16(0)]);
export const eof = (statusFlags: number = Status.AUTOCOMMIT): Buffer =>
  Buffer.concat([Buffer.from([0xfe, 0, 0]), uint16(statusFlags)]);
/** The OK packet that ends rows with CLIENT_DEPRECATE_EOF. */
export const okEof = (statusFlags: number = Status.AUTOCOMMIT): Buffer =>
  Buffer.concat([Buffer.from([0xfe, 0, 0]), uint16(statusFlags), uint16(0)]);
export const err = (code: number, message = 'no'): Buffer =>
  Buffer.concat([Buffer.from([0xff]), uint16(code), Buffer.from(`#HY000${message}`)]);

export const definition = (name: string): Buffer => Buffer.concat([
  ...['def', '', '', '', name, ''].map((text) => encodeLenencString(text)),
  Buffer.from([0x0c, 45, 0, 40, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0]),
]);
export const definitions = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => definition(`c${i}`));

/** A text row; null is NULL. */
export const textRow = (...values: readonly (string | null)[]): Buffer =>
  Buffer.concat(values.map((value) => (value === null ? Buffer.from([0xfb]) : encodeLenencString(value))));
/** A binary row of one text column. */
export const binaryRow = (value: string): Buffer =>
  Buffer.concat([Buffer.from([0, 0]), encodeLenencString(value)]);

/** The bytes of rows on the wire with their headers, for rows shorter than 0xFFFFFF bytes. */
export const wireBytes = (...rows: readonly Buffer[]): number =>
  rows.reduce((sum, row) => sum + 4 + row.length, 0);

export type DialectName = 'eof' | 'deprecate-eof';
export const DIALECTS: readonly DialectName[] = ['eof', 'deprecate-eof'];

/** Ends rows in a dialect. */
export const rowsEnd = (dialect: DialectName, statusFlags: number = Status.AUTOCOMMIT): Buffer =>
  dialect === 'eof' ? eof(statusFlags) : okEof(statusFlags);

export interface ResultOptions {
  readonly columns?: number;
  readonly statusFlags?: number;
  /** The flags of the EOF after the definitions; `statusFlags` when left out. */
  readonly metadataStatusFlags?: number;
}

/** A result set: column count, definitions, EOF in that dialect, rows, end. */
export const resultSet = (
  dialect: DialectName, rows: readonly Buffer[], options: ResultOptions = {},
): Buffer[] => {
  const { columns = 1, statusFlags = Status.AUTOCOMMIT, metadataStatusFlags = statusFlags } = options;
  const definitionsEnd = dialect === 'eof' ? [eof(metadataStatusFlags)] : [];
  return [encodeLenenc(columns), ...definitions(columns), ...definitionsEnd, ...rows,
    rowsEnd(dialect, statusFlags)];
};

/** PREPARE's answer. */
export const preparedAnswer = (
  dialect: DialectName, id: number, columns: number, parameters: number,
): Buffer[] => {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(id, 1);
  head.writeUInt16LE(columns, 5);
  head.writeUInt16LE(parameters, 7);
  const group = (count: number): Buffer[] =>
    (count === 0 ? [] : [...definitions(count), ...(dialect === 'eof' ? [eof()] : [])]);
  return [head, ...group(parameters), ...group(columns)];
};

const ALL_BITS = (1n << 64n) - 1n;

/**
 * The capabilities of MySQL 9: every bit but 29. Without `LONG_PASSWORD` it is a MariaDB server, which may offer all
 * of its own bits.
 */
export const MYSQL_OFFER = 0xdfff_ffffn;
export const MARIADB_OFFER = ALL_BITS & ~Capability.LONG_PASSWORD;

export interface GreetingOptions {
  readonly version?: string;
  readonly capabilities?: bigint;
  readonly connectionId?: number;
}

export const SCRAMBLE = Buffer.from('abcdefghijklmnopqrst');

/** A HandshakeV10 payload. */
export const greetingPayload = (options: GreetingOptions = {}): Buffer => {
  const { version = '9.7.4', capabilities = MYSQL_OFFER, connectionId = 77 } = options;
  const fixed = Buffer.alloc(31);
  fixed.writeUInt32LE(connectionId, 0);
  SCRAMBLE.copy(fixed, 4, 0, 8);
  fixed.writeUInt16LE(commonHalf(capabilities) & 0xffff, 13);
  fixed[15] = 255; // collation
  fixed.writeUInt16LE(Status.AUTOCOMMIT, 16);
  fixed.writeUInt16LE(commonHalf(capabilities) >>> 16, 18);
  fixed[20] = 21;
  if ((capabilities & Capability.LONG_PASSWORD) === 0n) fixed.writeUInt32LE(mariadbHalf(capabilities), 27);
  return Buffer.concat([Buffer.from(`\x0a${version}\0`), fixed, SCRAMBLE.subarray(8),
    Buffer.from('\0mysql_native_password\0')]);
};

export interface ResponseOptions {
  readonly capabilities: bigint;
  readonly user?: string;
  readonly schema?: string;
  readonly attributes?: ReadonlyMap<string, string>;
  readonly authResponse?: Buffer;
}

/** A HandshakeResponse41 payload. */
export const responsePayload = (options: ResponseOptions): Buffer => {
  const { capabilities, user = 'app', schema = 'shop' } = options;
  const { attributes = new Map<string, string>(), authResponse = Buffer.alloc(20, 7) } = options;
  const has = (bit: bigint): boolean => (capabilities & bit) !== 0n;
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(commonHalf(capabilities), 0);
  fixed.writeUInt32LE(0x0100_0000, 4);
  fixed[8] = 45;
  if (!has(Capability.LONG_PASSWORD)) fixed.writeUInt32LE(mariadbHalf(capabilities), 28);
  const pairs = Buffer.concat([...attributes].flat().map((text) => encodeLenencString(text)));
  const auth = has(Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA) ? encodeLenencString(authResponse)
    : has(Capability.SECURE_CONNECTION) ? Buffer.concat([Buffer.from([authResponse.length]), authResponse])
    : Buffer.concat([authResponse, Buffer.from([0])]);
  return Buffer.concat([
    fixed, Buffer.from(`${user}\0`), auth,
    has(Capability.CONNECT_WITH_DB) ? Buffer.from(`${schema}\0`) : EMPTY,
    has(Capability.PLUGIN_AUTH) ? Buffer.from('mysql_native_password\0') : EMPTY,
    has(Capability.CONNECT_ATTRS) ? encodeLenencString(pairs) : EMPTY,
    has(Capability.ZSTD_COMPRESSION_ALGORITHM) ? Buffer.from([3]) : EMPTY,
  ]);
};

/** The capabilities of a simple client. */
export const BASE_CAPABILITIES = Capability.LONG_PASSWORD | Capability.CONNECT_WITH_DB
  | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.MULTI_STATEMENTS
  | Capability.MULTI_RESULTS | Capability.PS_MULTI_RESULTS | Capability.PLUGIN_AUTH | Capability.LOCAL_FILES;

export interface LoginOptions {
  readonly server?: 'mysql' | 'mariadb';
  /** Capabilities besides the base ones and those of the dialect. */
  readonly capabilities?: bigint;
  /** Base capabilities that the client does not ask for. */
  readonly without?: bigint;
  /** The client's connection attributes; none by default. */
  readonly attributes?: ReadonlyMap<string, string>;
}

/** A successful connection phase in this dialect. */
export const login = (
  dialect: DialectName,
  { server = 'mysql', capabilities = 0n, without = 0n, attributes = new Map() }: LoginOptions = {},
): Turn[] => {
  const isMariadb = server === 'mariadb';
  const asked = (BASE_CAPABILITIES & ~(isMariadb ? Capability.LONG_PASSWORD | without : without))
    | capabilities | (dialect === 'eof' ? 0n : Capability.DEPRECATE_EOF)
    | (attributes.size === 0 ? 0n : Capability.CONNECT_ATTRS);
  const greeting = isMariadb
    ? greetingPayload({ version: '5.5.5-10.11.19-MariaDB', capabilities: MARIADB_OFFER }) : greetingPayload();
  return [
    fromServer(packetsFrom(0, greeting)),
    fromClient(packetsFrom(1, responsePayload({ capabilities: asked, attributes }))),
    fromServer(packetsFrom(2, ok())),
  ];
};
