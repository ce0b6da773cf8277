import { MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import { FirstByte } from '../protocol/packets.js';
import type { PacketStart } from '../protocol/packetScanner.js';
import type { AnsweredShape } from './command.js';

/** The meaning of the first packet of a response, or of a further response to the same command. */
export type FirstPacket =
  /** An OK or EOF packet, or an OK packet that begins with 0xFE. */
  | 'completion'
  /** A column count, or PREPARE's fixed packet. */
  | 'first'
  | 'fileRequest'
  | 'text'
  /** The first packet of a stream that has no responses. */
  | 'stream'
  /** The next packet of an authentication. */
  | 'ignored'
  /** A packet that cannot come here, and the reason. */
  | { readonly problem: string };

/** The marker of a length-encoded integer of two bytes. */
const LENENC_2_BYTES = 0xfc;

/**
 * Finds the meaning from the packet's header and the first byte of its payload.
 * @param shape the expected shape; null if no command awaits an answer
 */
export function firstPacketOf(shape: AnsweredShape | null, start: PacketStart): FirstPacket {
  const { firstByte, payloadLength } = start;
  if (payloadLength === 0) return { problem: 'an empty packet in place of a response' };
  const isOk = firstByte === FirstByte.OK || (firstByte === FirstByte.EOF && payloadLength < MAX_PAYLOAD_BYTES);
  switch (shape) {
    case null:
      return { problem: 'a packet that answers no command' };
    case 'stream':
    case 'text':
      return shape;
    case 'authentication':
      return firstByte === FirstByte.OK ? 'completion' : 'ignored';
    case 'results':
      return isOk ? 'completion' : resultOf(start);
    case 'prepare':
      return firstByte === FirstByte.OK ? 'first' : { problem: 'an answer to a PREPARE that is neither OK nor ERR' };
    case 'single':
      return isOk ? 'completion' : { problem: 'an answer of a shape that is not known' };
  }
}

/** A column count, or a request for a file. */
function resultOf({ firstByte, payloadLength }: PacketStart): FirstPacket {
  if (firstByte === FirstByte.LOCAL_INFILE) return 'fileRequest';
  if (firstByte === LENENC_2_BYTES && payloadLength < 3) return { problem: 'a column count that is cut short' };
  if (firstByte > LENENC_2_BYTES) return { problem: 'a result of more than 65,535 columns' };
  return 'first';
}
