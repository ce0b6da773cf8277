import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import { FirstByte, PROGRESS_REPORT_CODE } from '../protocol/packets.js';
import type { PacketStart } from '../protocol/packetScanner.js';

/** The role of a packet from the server. */
export type PacketRole =
  'authentication' | 'first' | 'definition' | 'row' | 'completion' | 'text' | 'error' | 'ignored';

/** The next packet of a response. */
export type AwaitedPacket =
  /** The first packet of a response, or of a further response of the same command. */
  | 'response'
  /** A definition of a column or parameter, or an EOF between those of a PREPARE. */
  | 'definition'
  /** The EOF after a result set's definitions, if CLIENT_DEPRECATE_EOF is not in effect. */
  | 'definitionsEnd'
  | 'row'
  /** One of FIELD_LIST's definitions, or their end. */
  | 'field';

/**
 * Enough of an OK packet for its session state, if the server tracks it: names, values, sets of transaction ids.
 */
const COMPLETION_BYTES = 64 * 1024;
/** Enough of an ERR packet: servers send 512 bytes of text. */
const ERR_BYTES = 600;
/** Column count and metadata flag, or PREPARE's fixed packet. */
const FIRST_PACKET_BYTES = 16;
/** An ERR packet's first byte and number. */
const ERR_HEAD_BYTES = 3;
/** An EOF packet is shorter than this; a row that begins with 0xFE is not. */
const EOF_LIMIT_BYTES = 9;

/** The number of bytes to show from the front of the packets of each role. */
export const WANTED_BYTES: Readonly<Record<PacketRole, number>> = {
  authentication: COMPLETION_BYTES, first: FIRST_PACKET_BYTES, definition: 0, row: 0, completion: COMPLETION_BYTES,
  text: 0, error: ERR_BYTES, ignored: 0,
};

/**
 * Whether a packet among rows is their end. Ends of rows begin with 0xFE, as does a row whose first column has 2^24
 * bytes or more: then its packet is full.
 */
export function endsRows(start: PacketStart, deprecatesEof: boolean): boolean {
  if (start.firstByte !== FirstByte.EOF) return false;
  return start.payloadLength < (deprecatesEof ? MAX_PAYLOAD_BYTES : EOF_LIMIT_BYTES);
}

/** Whether an ERR packet's number has arrived, or cannot arrive since the packet is too short. */
export function errorNumberIsThere(start: PacketStart): boolean {
  return start.payloadLength < ERR_HEAD_BYTES || start.end - start.at >= HEADER_BYTES + ERR_HEAD_BYTES;
}

/** Whether a packet that begins like an ERR is a report of progress. Its number must have arrived. */
export function isProgressReport(start: PacketStart): boolean {
  return start.payloadLength >= ERR_HEAD_BYTES &&
    start.chunk.readUInt16LE(start.at + HEADER_BYTES + 1) === PROGRESS_REPORT_CODE;
}
