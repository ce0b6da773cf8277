import { isUtf8 } from 'node:buffer';
import { encodePacket } from './framing.js';
import { PacketReader } from './lenenc.js';
import { encodeText, textFor, type TextEncoding } from './textEncoding.js';

/**
 * First bytes that tell the kind of a server's packet. 0xFB is also NULL in a text row, and 0xFE a length of eight
 * bytes.
 */
export const FirstByte = {
  OK: 0x00,
  /** During authentication: more data of the plugin. */
  AUTH_MORE_DATA: 0x01,
  /** During authentication: the next factor. */
  AUTH_NEXT_FACTOR: 0x02,
  LOCAL_INFILE: 0xfb,
  EOF: 0xfe,
  ERR: 0xff,
} as const;

/** The error number of MariaDB's progress reports. They have the form of an ERR packet and end nothing. */
export const PROGRESS_REPORT_CODE = 0xffff;

/** The contents of an OK or EOF packet. */
export interface Completion {
  readonly statusFlags: number;
  readonly warningCount: number;
  /** Rows that the statement has changed. */
  readonly affectedRows: number;
  /** The default schema that the statement set, if the server tracks it and reports it; otherwise null. */
  readonly schema: string | null;
  /** The same for `character_set_results`; empty for NULL. */
  readonly characterSet: string | null;
}

/** An error as a server sends it. */
export interface ServerError {
  readonly code: number;
  /** Five characters. Empty in an ERR packet before the greeting, which carries none. */
  readonly sqlState: string;
  readonly message: string;
  /** The bytes of the message as the server sent them, if they are not UTF-8. */
  readonly messageBytes?: Buffer;
}

/** The payload length of an EOF packet in protocol 4.1: 0xFE, warnings, status flags. */
export const EOF_PAYLOAD_BYTES = 5;

const NOTHING_TRACKED: Tracked = { schema: null, characterSet: null };
const NOTHING: Completion = { statusFlags: 0, warningCount: 0, affectedRows: 0, ...NOTHING_TRACKED };

/**
 * Reads an OK packet, an EOF packet, or an OK packet that begins with 0xFE (CLIENT_DEPRECATE_EOF). The length decides
 * between them, not the capability: MySQL sends a true 5-byte EOF even with CLIENT_DEPRECATE_EOF if a procedure's
 * handler catches an error in the middle of a result. (Seen with MySQL 9.7.)
 *
 * @param tracksSession whether CLIENT_SESSION_TRACK is in effect
 */
export function decodeCompletion(payload: Buffer, tracksSession: boolean): Completion {
  if (payload[0] === FirstByte.EOF && payload.length === EOF_PAYLOAD_BYTES) {
    return { ...NOTHING, warningCount: payload.readUInt16LE(1), statusFlags: payload.readUInt16LE(3) };
  }
  const reader = new PacketReader(payload, 1, payload.length);
  const affectedRows = reader.lenenc();
  reader.lenenc(); // last insert id
  const statusFlags = reader.uint(2);
  const warningCount = reader.uint(2);
  if (reader.failed) return NOTHING;
  const isTracked = tracksSession && (statusFlags & SESSION_STATE_CHANGED) !== 0;
  const { schema, characterSet } = isTracked ? readTracked(reader) : NOTHING_TRACKED;
  return { statusFlags, warningCount, affectedRows, schema, characterSet };
}

/** The state of a session that the server reports. */
export type Tracked = Pick<Completion, 'schema' | 'characterSet'>;

const SESSION_STATE_CHANGED = 0x4000;
const SESSION_TRACK_SYSTEM_VARIABLES = 0;
const SESSION_TRACK_SCHEMA = 1;

function readTracked(reader: PacketReader): Tracked {
  reader.lenencSlice(); // the human-readable info
  let { schema, characterSet } = NOTHING_TRACKED;
  const blockEnd = reader.lenenc() + reader.offset;
  while (reader.left > 0 && reader.offset < blockEnd) {
    const type = reader.uint(1);
    const data = reader.lenencSlice();
    if (reader.failed) break;
    const change = new PacketReader(data, 0, data.length);
    const first = change.lenencSlice().toString();
    if (type === SESSION_TRACK_SCHEMA) schema = first;
    const isCharacterSet = type === SESSION_TRACK_SYSTEM_VARIABLES && first === 'character_set_results';
    if (isCharacterSet) characterSet = change.lenencSlice().toString();
  }
  return { schema, characterSet };
}

/**
 * Reads an ERR packet, with or without its SQLSTATE. The `#` tells whether there is one; the phase does not (MySQL 9.7
 * omits it before the greeting).
 */
export function decodeErr(payload: Buffer): ServerError {
  const code = payload.length >= 3 ? payload.readUInt16LE(1) : 0;
  const hasSqlState = payload[3] === 0x23 && payload.length >= 9;
  const bytes = payload.subarray(hasSqlState ? 9 : 3);
  return {
    code,
    sqlState: hasSqlState ? payload.toString('latin1', 4, 9) : '',
    message: bytes.toString(),
    ...(isUtf8(bytes) ? {} : { messageBytes: Buffer.from(bytes) }),
  };
}

/**
 * Makes an ERR packet. With an empty `sqlState` it has the form that clients expect before the greeting, when no
 * capability is agreed yet. Clients hold 512 bytes of a message, so a longer message is cut.
 * @param encoding that of the client's texts; a server's own message keeps its bytes
 */
export function encodeErr(sequenceId: number, error: ServerError, encoding: TextEncoding = 'utf8'): Buffer {
  const head = Buffer.from([FirstByte.ERR, error.code & 0xff, error.code >> 8]);
  const state = error.sqlState === '' ? '' : `#${error.sqlState}`;
  const message = error.messageBytes?.subarray(0, MAX_MESSAGE_BYTES)
    ?? encodeText(encoding, textFor(encoding, error.message, MAX_MESSAGE_BYTES));
  return encodePacket(sequenceId, Buffer.concat([head, Buffer.from(state, 'latin1'), message]));
}

const MAX_MESSAGE_BYTES = 511;
