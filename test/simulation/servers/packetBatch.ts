import { HEADER_BYTES } from '../../../src/protocol/framing.js';

/** Packets that go out together. */
export class PacketBatch {
  byteCount = 0;
  private bytes = Buffer.alloc(0);

  add(sequenceId: number, payload: Buffer): void {
    const at = this.byteCount;
    this.byteCount += HEADER_BYTES + payload.length;
    if (this.byteCount > this.bytes.length) this.grow(at);
    this.bytes.writeUIntLE(payload.length, at, HEADER_BYTES - 1);
    this.bytes[at + HEADER_BYTES - 1] = sequenceId;
    payload.copy(this.bytes, at + HEADER_BYTES);
  }

  /** Takes all packets. They stay as they are until the next one is added. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.byteCount);
    this.byteCount = 0;
    return taken;
  }

  private grow(usedBytes: number): void {
    const larger = Buffer.allocUnsafe(2 * this.byteCount);
    this.bytes.copy(larger, 0, 0, usedBytes);
    this.bytes = larger;
  }
}
