import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import { PacketSplitter } from '../protocol/packetSplitter.js';

/** Makes one packet of those that continue each other, once the last of them is complete. */
export class PacketAssembler {
  readonly #splitter = new PacketSplitter();
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** @param maxPayloadBytes a packet that announces more makes `next` throw a PacketTooLargeError */
  constructor(private readonly maxPayloadBytes: number) {}

  /** Adds bytes that have arrived. */
  push(chunk: Buffer): void {
    this.#splitter.add(chunk);
  }

  /** The next whole packet, or null until more bytes have arrived. */
  next(): Packet | null {
    for (;;) {
      const { announcedBytes } = this.#splitter;
      if (announcedBytes !== null && this.#partBytes + announcedBytes > this.maxPayloadBytes) {
        throw new PacketTooLargeError(`Got a packet of more than ${this.maxPayloadBytes} bytes`);
      }
      const part = this.#splitter.next();
      if (part === null) return null;
      const payload = this.withParts(part.subarray(HEADER_BYTES));
      if (payload !== null) return { sequenceId: part[HEADER_BYTES - 1]!, payload };
    }
  }

  /** Adds a part to the earlier ones. Returns the whole payload if this part is the last: a part that is not full. */
  private withParts(payload: Buffer): Buffer | null {
    const isLast = payload.length < MAX_PAYLOAD_BYTES;
    if (isLast && this.#parts.length === 0) return payload;
    this.#parts.push(payload);
    this.#partBytes += payload.length;
    if (!isLast) return null;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    return whole;
  }
}

/** A whole packet: the payload of one physical packet, or of several that continue each other. */
export interface Packet {
  /** The sequence id of its last part. */
  readonly sequenceId: number;
  readonly payload: Buffer;
}

/** A packet announced more bytes than the assembler accepts. */
export class PacketTooLargeError extends Error {}
