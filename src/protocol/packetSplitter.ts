import { HEADER_BYTES, payloadLengthAt } from './framing.js';

/**
 * Takes whole packets out of a stream that arrives in pieces of any size.
 *
 *     bytes   [... taken ... at)[at ... waiting ... end)[end ... room for more
 *
 * Its memory is at most twice the waiting bytes, and a byte is copied about twice, however small the pieces are. It
 * sets no bound: the code that adds bytes has to look at `announcedBytes` or `waitingBytes`, and end the connection
 * when they are too many.
 */
export class PacketSplitter {
  private bytes: Buffer = NO_BYTES;
  private at = 0;
  private end = 0;
  /** The memory of `bytes` was allocated here, and no packet was taken from it. */
  private isGrowing = false;

  /** @param isSecret whether bytes are overwritten where they were copied from, because a password may be in them */
  constructor(private readonly isSecret = false) {}

  /** Adds the stream's next bytes. They belong to this object from then on. */
  add(chunk: Buffer): void {
    if (this.waitingBytes === 0) {
      this.bytes = chunk;
      this.at = 0;
      this.end = chunk.length;
      this.isGrowing = false;
      return;
    }
    if (!this.isGrowing || this.end + chunk.length > this.bytes.length) this.grow(this.waitingBytes + chunk.length);
    chunk.copy(this.bytes, this.end);
    this.end += chunk.length;
    if (this.isSecret) chunk.fill(0);
  }

  /** The number of bytes that were added and not taken. */
  get waitingBytes(): number {
    return this.end - this.at;
  }

  /** The payload length that the next packet announces, in bytes; null until its header is complete. */
  get announcedBytes(): number | null {
    return this.waitingBytes < HEADER_BYTES ? null : payloadLengthAt(this.bytes, this.at);
  }

  /** The sequence id of the next packet; null until its header is complete. */
  get sequenceId(): number | null {
    return this.waitingBytes < HEADER_BYTES ? null : this.bytes[this.at + HEADER_BYTES - 1]!;
  }

  /** Takes the next packet, header included, as a view; null until it is complete. */
  next(): Buffer | null {
    const { announcedBytes, at } = this;
    if (announcedBytes === null || this.waitingBytes < HEADER_BYTES + announcedBytes) return null;
    this.at += HEADER_BYTES + announcedBytes;
    this.isGrowing = false;
    return this.bytes.subarray(at, this.at);
  }

  /** Takes all bytes that are there. */
  rest(): Buffer {
    const rest = this.bytes.subarray(this.at, this.end);
    this.bytes = NO_BYTES;
    this.at = 0;
    this.end = 0;
    return rest;
  }

  /** Moves the waiting bytes to memory for this many; for twice as many if a packet has grown before. */
  private grow(neededBytes: number): void {
    const larger = Buffer.allocUnsafe(this.isGrowing ? 2 * neededBytes : neededBytes);
    this.bytes.copy(larger, 0, this.at, this.end);
    if (this.isSecret) this.bytes.fill(0, this.at, this.end);
    this.end = this.waitingBytes;
    this.at = 0;
    this.bytes = larger;
    this.isGrowing = true;
  }
}

const NO_BYTES: Buffer = Buffer.alloc(0);
