import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from './framing.js';

/**
 * Finds packet headers in a stream that arrives in pieces of any size, and never copies the bytes between them. It
 * keeps no part of a split header: it leaves those bytes, at most four, undecided and expects them again together with
 * the next ones.
 *
 *     chunk   [from ........ decided ........ returned offset)[ undecided ... end)
 *
 * A packet is *logical*: payloads of 0xFFFFFF bytes and the shorter one after them are one packet.
 */
export abstract class PacketScanner {
  /**
   * The scan stopped because it has reached its number of packets for one turn of the event loop. `newTurn` continues
   * it.
   */
  isOutOfTurn = false;

  private passesAll = false;
  /** The number of packets that may still be entered in this turn. Packets that `skim` skips do not count. */
  private packetsLeft = MAX_PACKETS_PER_TURN;

  /** Bytes of the current physical packet's payload that have not come yet. */
  protected payloadLeft = 0;
  /** The current physical packet is full, so the next header continues the same logical packet. */
  protected isContinued = false;

  /** The number of bytes that `packet` wants to see from the front of the current logical packet's payload. */
  private wantedBytes = 0;
  private packetBytes = 0;
  /**
   * The number of bytes that earlier scans have decided, and the offset in its chunk at which the present scan began.
   */
  private decidedBytes = 0;
  private scanFrom = 0;
  /** The front of a packet that is split over several chunks; null otherwise. */
  private front: Buffer | null = null;
  private frontBytes = 0;
  /** The packet that was entered last. Its chunk, and the end of that, are those of the present scan. */
  protected readonly start: PacketStart = {
    chunk: Buffer.alloc(0), at: 0, end: 0, payloadLength: 0, sequenceId: 0, firstByte: 0,
  };

  /**
   * Scans `chunk` from `from` to `end` and returns the offset up to which all bytes are decided. The bytes after it
   * have to be shown again: with more bytes after them, or, if the scanner stopped for a decision, after the decision.
   */
  scan(chunk: Buffer, from: number, end: number): number {
    this.scanFrom = from;
    this.start.chunk = chunk;
    this.start.end = end;
    const decidedTo = this.walk(chunk, from, end);
    this.start.chunk = NO_BYTES; // a session may be idle for long: keep no reference to its last chunk
    this.decidedBytes += decidedTo - from;
    return decidedTo;
  }

  /** A new turn of the event loop begins, or the bytes of a new read. */
  newTurn(): void {
    this.packetsLeft = MAX_PACKETS_PER_TURN;
  }

  /** Whether all bytes pass without a look at them. */
  get isTransparent(): boolean {
    return this.passesAll;
  }

  /**
   * Lets all further bytes pass without a look at them, and frees the memory that looking needed. There is no way back:
   * the scanner would have to guess where a packet begins.
   */
  passAll(): void {
    this.passesAll = true;
    this.front = null;
  }

  private walk(chunk: Buffer, from: number, end: number): number {
    let at = from;
    this.isOutOfTurn = false;
    this.beforeScan();
    while (!this.passesAll) {
      if (this.payloadLeft > 0) {
        at = this.passPayload(chunk, at, end);
        if (this.payloadLeft > 0) return at;
        if (!this.isContinued && !this.finishPacket()) return at;
        continue;
      }
      if (!this.isContinued) at = this.skim(chunk, at, end);
      if (this.payloadLeft > 0) return at;
      const available = end - at;
      if (available < HEADER_BYTES) return at;
      const payloadLength = chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16);
      if (payloadLength > 0 && available === HEADER_BYTES) return at;
      if (this.packetsLeft === 0) {
        this.isOutOfTurn = true;
        return at;
      }
      this.packetsLeft -= 1;
      if (!this.enterPacket(chunk, at, payloadLength)) {
        if (this.passesAll) break;
        return at;
      }
      at += HEADER_BYTES;
      if (payloadLength === 0 && !this.finishPacket()) return at;
    }
    return end;
  }

  /** Whether the logical packet that was entered last has passed completely. */
  get isBetweenPackets(): boolean {
    return this.payloadLeft === 0 && !this.isContinued;
  }

  /** Called at the start of every scan. */
  protected beforeScan(): void {}

  /**
   * A fast path over packets whose header is enough. Returns the offset at which it ends: always before a header,
   * or `end` after `passRest` if the last packet continues in the next chunk.
   */
  protected skim(_chunk: Buffer, at: number, _end: number): number {
    return at;
  }

  /** Called at the header of a logical packet. To see its payload, call `want()` and return 'enter'. */
  protected abstract begin(start: PacketStart): Entry;

  /** Called at the header of a further physical packet of the same logical one. */
  protected continue(_start: PacketStart): Entry {
    return 'enter';
  }

  /**
   * Called when the logical packet has passed. `front` is the wanted part of its payload, a view that is valid during
   * the call only. Returns false to stop the scan after the packet.
   */
  protected abstract packet(front: Buffer, packetBytes: number): boolean;

  /** Converts an offset in the present chunk to an offset in the whole stream, in bytes. */
  protected streamOffset(at: number): number {
    return this.decidedBytes + at - this.scanFrom;
  }

  /** For `skim`: the last packet that it skipped continues for `byteCount` bytes in the next chunk. */
  protected passRest(byteCount: number): void {
    this.payloadLeft = byteCount;
    this.wantedBytes = 0;
    this.frontBytes = 0;
  }

  /** Asks for the first `byteCount` bytes of the payload that begins here. */
  protected want(byteCount: number): void {
    this.wantedBytes = byteCount;
  }

  private enterPacket(chunk: Buffer, at: number, payloadLength: number): boolean {
    const start = this.start;
    start.at = at;
    start.payloadLength = payloadLength;
    start.sequenceId = chunk[at + 3]!;
    start.firstByte = payloadLength > 0 ? chunk[at + HEADER_BYTES]! : 0;
    if (!this.isContinued) {
      this.wantedBytes = 0;
      this.packetBytes = 0;
      this.frontBytes = 0;
    }
    if ((this.isContinued ? this.continue(start) : this.begin(start)) !== 'enter') return false;
    this.packetBytes += payloadLength;
    this.payloadLeft = payloadLength;
    this.isContinued = payloadLength === MAX_PAYLOAD_BYTES;
    return true;
  }

  private passPayload(chunk: Buffer, at: number, end: number): number {
    const passed = Math.min(this.payloadLeft, end - at);
    if (this.frontBytes < this.wantedBytes) this.keepFront(chunk, at, passed);
    this.payloadLeft -= passed;
    return at + passed;
  }

  private keepFront(chunk: Buffer, at: number, passed: number): void {
    const missing = Math.min(this.wantedBytes - this.frontBytes, passed);
    const isWhole = this.frontBytes === 0 && passed === this.payloadLeft && !this.isContinued;
    if (isWhole) this.front = chunk.subarray(at, at + missing);
    else chunk.copy(this.roomFor(missing), this.frontBytes, at, at + missing);
    this.frontBytes += missing;
  }

  /** The kept front with room for `more` bytes. Each physical packet may add to what the earlier ones announced. */
  private roomFor(more: number): Buffer {
    if (this.front !== null && this.front.length >= this.frontBytes + more) return this.front;
    const larger = Buffer.allocUnsafe(Math.min(this.wantedBytes, this.packetBytes));
    this.front?.copy(larger, 0, 0, this.frontBytes);
    this.front = larger;
    return larger;
  }

  private finishPacket(): boolean {
    const front = this.frontBytes > 0 ? this.front!.subarray(0, this.frontBytes) : NO_BYTES;
    this.front = null;
    return this.packet(front, this.packetBytes);
  }
}

/** The decision on a packet at its header. */
export type Entry =
  /** Scan the packet. */
  | 'enter'
  /** Not decided yet: show the same bytes again, with more after them. */
  | 'wait'
  /** Stop before it: somebody else has to decide. */
  | 'stop';

/** A packet's header, and the bytes around it. */
export interface PacketStart {
  chunk: Buffer;
  /** The offset of the header in `chunk`, and the end of the bytes that have come. */
  at: number;
  end: number;
  payloadLength: number;
  sequenceId: number;
  /** The first byte of the payload; 0 if the payload is empty. */
  firstByte: number;
}

/**
 * The most packets that a scan enters in one turn of the event loop. Each takes about 0.3 µs, one with a statement a
 * little more. That many of the smallest packets fit into 5 KiB; an ordinary read has far fewer.
 */
const MAX_PACKETS_PER_TURN = 1024;

const NO_BYTES = Buffer.alloc(0);
