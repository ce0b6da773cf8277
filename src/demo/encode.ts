import { Capability, commonHalf } from '../protocol/capabilities.js';
import { encodePacket, HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import { PROTOCOL_VERSION_10 } from '../protocol/greeting.js';
import { encodeLenenc, encodeLenencString } from '../protocol/lenenc.js';
import { encodeErr, FirstByte, type ServerError } from '../protocol/packets.js';
import { Status } from '../protocol/status.js';
import { type Column, ColumnType } from './relation.js';
import { SCHEMA } from './tables.js';

// The packets of the demo's server.

const COLLATION_UTF8MB4_GENERAL_CI = 45;
const COLLATION_BINARY = 63;
const SESSION_TRACK_SCHEMA = 1;
const FLAG_BINARY = 0x80;
/** The length of the fields of fixed length that follow in a column definition, in bytes. */
const FIXED_FIELDS_BYTES = 0x0c;

/** The fields of a greeting. `scramble` has 20 bytes, none of them NUL. */
export interface GreetingFields {
  readonly serverVersion: string;
  readonly connectionId: number;
  readonly capabilities: bigint;
  readonly authPlugin: string;
  readonly scramble: Buffer;
}

/** The payload of a HandshakeV10. (MySQL manual, "Protocol::HandshakeV10".) */
export function greetingPayload(greeting: GreetingFields): Buffer {
  const version = Buffer.from(`${greeting.serverVersion}\0`, 'latin1');
  const fixed = Buffer.alloc(31);
  const common = commonHalf(greeting.capabilities);
  fixed.writeUInt32LE(greeting.connectionId, 0);
  greeting.scramble.copy(fixed, 4, 0, 8);
  fixed.writeUInt16LE(common & 0xffff, 13);
  fixed[15] = COLLATION_UTF8MB4_GENERAL_CI;
  fixed.writeUInt16LE(Status.AUTOCOMMIT, 16);
  fixed.writeUInt16LE(common >>> 16, 18);
  fixed[20] = greeting.scramble.length + 1;
  const tail = greeting.scramble.subarray(8);
  const plugin = Buffer.from(`\0${greeting.authPlugin}\0`, 'latin1');
  return Buffer.concat([Buffer.from([PROTOCOL_VERSION_10]), version, fixed, tail, plugin]);
}

/**
 * Makes the packets of one response: counts their sequence ids, and uses the layout that the client's capabilities ask
 * for.
 */
export class ResponseEncoder {
  /**
   * @param capabilities those on which client and server agree
   * @param sequenceId the sequence id of the next packet
   */
  constructor(
    readonly capabilities: bigint,
    public sequenceId: number,
  ) {}

  /** Whether the client has this capability bit. */
  has(capability: bigint): boolean {
    return (this.capabilities & capability) !== 0n;
  }

  /** One payload of any length, as one packet or as several. */
  packet(payload: Buffer): Buffer {
    const packets: Buffer[] = [];
    let offset = 0;
    for (; payload.length - offset >= MAX_PAYLOAD_BYTES; offset += MAX_PAYLOAD_BYTES) {
      packets.push(this.header(MAX_PAYLOAD_BYTES), payload.subarray(offset, offset + MAX_PAYLOAD_BYTES));
    }
    packets.push(encodePacket(this.nextSequenceId(1), payload.subarray(offset)));
    return packets.length === 1 ? packets[0]! : Buffer.concat(packets);
  }

  /** The header alone of a packet with this payload length. */
  header(payloadLength: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUIntLE(payloadLength, 0, 3);
    header[3] = this.nextSequenceId(1);
    return header;
  }

  /** Reserves the sequence ids of the next `count` packets and returns the first. They wrap from 255 to 0. */
  nextSequenceId(count: number): number {
    const first = this.sequenceId & 0xff;
    this.sequenceId = (this.sequenceId + count) & 0xff;
    return first;
  }

  /** An OK packet. `schema` is the default schema if the statement has set it. */
  ok(statusFlags: number, schema: string | null = null): Buffer {
    return this.packet(this.completion(FirstByte.OK, statusFlags, schema));
  }

  /** The end of a result set: an EOF packet, or an OK packet in its place. */
  terminator(statusFlags: number): Buffer {
    const isOk = this.has(Capability.DEPRECATE_EOF);
    const eof = Buffer.from([FirstByte.EOF, 0, 0, statusFlags & 0xff, statusFlags >> 8]);
    return this.packet(isOk ? this.completion(FirstByte.EOF, statusFlags, null) : eof);
  }

  /** An ERR packet. */
  err(error: ServerError): Buffer {
    return encodeErr(this.nextSequenceId(1), error);
  }

  /** The column definitions, and the EOF packet after them if the client expects one. */
  definitions(columns: readonly Column[], statusFlags: number): Buffer {
    const packets = columns.map((column) => this.packet(columnDefinition(column)));
    if (columns.length > 0 && !this.has(Capability.DEPRECATE_EOF)) packets.push(this.terminator(statusFlags));
    return Buffer.concat(packets);
  }

  /** The packets before the rows: the column count, the definitions, the EOF packet. */
  resultSetHead(columns: readonly Column[], statusFlags: number): Buffer {
    return Buffer.concat([this.packet(encodeLenenc(columns.length)), this.definitions(columns, statusFlags)]);
  }

  private completion(firstByte: number, statusFlags: number, schema: string | null): Buffer {
    const tracks = this.has(Capability.SESSION_TRACK);
    const status = tracks && schema !== null ? statusFlags | Status.SESSION_STATE_CHANGED : statusFlags;
    const fixed = Buffer.from([firstByte, 0, 0, status & 0xff, status >> 8, 0, 0]);
    if (!tracks || schema === null) return fixed;
    const name = encodeLenencString(encodeLenencString(schema));
    const change = Buffer.concat([Buffer.from([SESSION_TRACK_SCHEMA]), name]);
    return Buffer.concat([fixed, encodeLenencString(''), encodeLenencString(change)]);
  }
}

/** The payload of a column definition. (MySQL manual, "Protocol::ColumnDefinition41".) */
export function columnDefinition(column: Column): Buffer {
  const isText = column.type === ColumnType.VAR_STRING;
  const fixed = Buffer.alloc(1 + FIXED_FIELDS_BYTES);
  fixed[0] = FIXED_FIELDS_BYTES;
  fixed.writeUInt16LE(isText ? COLLATION_UTF8MB4_GENERAL_CI : COLLATION_BINARY, 1);
  fixed.writeUInt32LE(column.maxBytes, 3);
  fixed[7] = column.type;
  fixed.writeUInt16LE(isText ? 0 : FLAG_BINARY, 8);
  fixed[10] = column.type === ColumnType.NEWDECIMAL ? 2 : 0;
  const schema = column.table === '' ? '' : SCHEMA;
  const originalName = column.table === '' ? '' : column.name;
  const names = ['def', schema, column.table, column.table, column.name, originalName];
  return Buffer.concat([...names.map(encodeLenencString), fixed]);
}
