import { HEADER_BYTES } from '../../src/protocol/framing.js';
import { EOF_PAYLOAD_BYTES, FirstByte } from '../../src/protocol/packets.js';

/** The layout of a response for a client without CLIENT_DEPRECATE_EOF. */
export type ResponseKind = 'result' | 'prepare';

/** The first packet of a PREPARE's answer: status, statement id, then the numbers of columns and parameters. */
const COLUMN_COUNT = 5;
const PARAMETER_COUNT = 7;
const PREPARE_BYTES = 9;

/** Finds the end of a response in chunks of any size. It looks at each packet's front and skips the rest. */
export class ResultEnd {
  /** Bytes of the response so far. */
  bytes = 0;
  /** The front of the first packet's payload, with the statement id of a PREPARE. */
  readonly firstPayload = Buffer.alloc(PREPARE_BYTES);

  private readonly header = Buffer.alloc(HEADER_BYTES + 1);
  private headerBytes = 0;
  private payloadOffset = 0;
  private payloadLength = 0;
  private isFirst = true;
  private eofsLeft = 2;

  constructor(private readonly kind: ResponseKind) {}

  /** Takes the next bytes. Returns true once the response has ended. */
  feed(chunk: Uint8Array, length: number): boolean {
    this.bytes += length;
    for (let at = 0; at < length; ) {
      if (this.headerBytes < this.header.length) {
        this.header[this.headerBytes] = chunk[at]!;
        this.headerBytes += 1;
        if (this.headerBytes <= HEADER_BYTES) {
          at += 1;
          continue;
        }
        this.payloadOffset = 0;
        this.payloadLength = this.header.readUIntLE(0, 3);
      }
      const passed = Math.min(length - at, this.payloadLength - this.payloadOffset);
      if (this.isFirst) this.keepFirst(chunk.subarray(at, at + passed));
      this.payloadOffset += passed;
      at += passed;
      if (this.payloadOffset < this.payloadLength) return false;
      this.headerBytes = 0;
      if (this.endsWith(this.header[HEADER_BYTES]!)) return true;
    }
    return false;
  }

  /** Keeps the front of the first payload. */
  private keepFirst(passed: Uint8Array): void {
    const wanted = passed.subarray(0, Math.max(0, PREPARE_BYTES - this.payloadOffset));
    if (wanted.length > 0) this.firstPayload.set(wanted, this.payloadOffset);
  }

  /** A packet is complete; `firstByte` is its first byte. */
  private endsWith(firstByte: number): boolean {
    const { isFirst, payloadLength } = this;
    this.isFirst = false;
    if (firstByte === FirstByte.ERR) return true;
    if (isFirst) {
      if (firstByte !== FirstByte.OK) return false;
      this.eofsLeft = this.kind === 'prepare' ? this.definitionLists() : 0;
    } else if (firstByte === FirstByte.EOF && payloadLength <= EOF_PAYLOAD_BYTES) {
      this.eofsLeft -= 1;
    }
    return this.eofsLeft === 0;
  }

  private definitionLists(): number {
    const counts = [COLUMN_COUNT, PARAMETER_COUNT].map((offset) => this.firstPayload.readUInt16LE(offset));
    return counts.filter((count) => count > 0).length;
  }
}
