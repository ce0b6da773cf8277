/**
 * Packet framing: `int<3> payload length | int<1> sequence id | payload`, little-endian. After a payload of 0xFFFFFF
 * bytes the next packet continues it. The last packet is shorter and may be empty. Both servers do this in both
 * directions.
 */
export const HEADER_BYTES = 4;

/** The payload length of a physical packet that the next packet continues. */
export const MAX_PAYLOAD_BYTES = 0xff_ffff;

/** Wraps one payload, shorter than 0xFFFFFF bytes, into a packet. */
export function encodePacket(sequenceId: number, payload: Buffer): Buffer {
  if (payload.length >= MAX_PAYLOAD_BYTES) {
    throw new RangeError(`a payload of ${payload.length} bytes needs several packets`);
  }
  const packet = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  packet.writeUIntLE(payload.length, 0, 3);
  packet[3] = sequenceId & 0xff;
  payload.copy(packet, HEADER_BYTES);
  return packet;
}

/** The payload length that a packet header at `offset` announces. */
export function payloadLengthAt(bytes: Buffer, offset: number): number {
  return bytes.readUIntLE(offset, 3);
}
