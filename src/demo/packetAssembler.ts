import { HEADER_BYTES, MAX_PAYLOAD_BYTES, payloadLengthAt } from '../protocol/framing.js';

/** Joins chunks into packets, once a packet is complete. A large packet costs no more than its size. */
export class PacketAssembler {
  #bytes: Buffer = Buffer.alloc(0);
  #offset = 0;
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  /** The number of bytes needed before the next look. */
  #neededBytes = HEADER_BYTES;
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** @param maxPayloadBytes a packet that announces more makes `next` throw a PacketTooLargeError */
  constructor(private readonly maxPayloadBytes: number) {}

  /** Adds bytes that have arrived. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  /** The next whole packet, or null until more bytes have arrived. */
  next(): Packet | null {
    for (;;) {
      if (this.#bytes.length - this.#offset + this.#chunkBytes < this.#neededBytes) return null;
      this.join();
      const length = payloadLengthAt(this.#bytes, this.#offset);
      if (this.#partBytes + length > this.maxPayloadBytes) {
        throw new PacketTooLargeError(`Got a packet of more than ${this.maxPayloadBytes} bytes`);
      }
      const end = this.#offset + HEADER_BYTES + length;
      if (end > this.#bytes.length) {
        this.#neededBytes = HEADER_BYTES + length;
        if (this.#bytes.length - this.#offset + this.#chunkBytes < this.#neededBytes) return null;
        continue;
      }
      const sequenceId = this.#bytes[this.#offset + HEADER_BYTES - 1]!;
      const payload = this.#bytes.subarray(this.#offset + HEADER_BYTES, end);
      this.#offset = end;
      this.#neededBytes = HEADER_BYTES;
      const whole = this.withParts(payload);
      if (whole !== null) return { sequenceId, payload: whole };
    }
  }

  /** Adds a part to the earlier ones. Returns the whole packet if this part is the last: a part that is not full. */
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

  private join(): void {
    if (this.#chunks.length === 0) return;
    const left = this.#bytes.subarray(this.#offset);
    const isOneChunk = left.length === 0 && this.#chunks.length === 1;
    this.#bytes = isOneChunk ? this.#chunks[0]! : Buffer.concat([left, ...this.#chunks]);
    this.#offset = 0;
    this.#chunks = [];
    this.#chunkBytes = 0;
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
