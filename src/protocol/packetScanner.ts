import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from './framing.js';

/**
 * Hops from packet header to packet header through a stream that arrives in pieces of any size, and never copies what
 * it hops over. It keeps nothing of a header that is split: it leaves those bytes undecided and wants them again, at
 * most four, with the next ones behind them.
 *
 *     chunk   [from ........ decided ........ returned offset)[ undecided ... end)
 *
 * A packet is *logical*: payloads of 0xFFFFFF bytes and the shorter one behind them are one packet.
 */
export abstract class PacketScanner {
  /** The scan stopped because it has looked at enough packets for one turn of the event loop: `newTurn` goes on. */
  isOutOfTurn = false;

  private passesAll = false;
  /** How many packets may still be entered in this turn; those that `skim` hops over do not count. */
  private packetsLeft = MAX_PACKETS_PER_TURN;

  /** Bytes of the current physical packet's payload that are still to come. */
  protected payloadLeft = 0;
  /** The current physical packet is full, so the next header continues the same logical packet. */
  protected isContinued = false;

  /** How many bytes at the front of the current logical packet's payload are wanted by `packet`. */
  private wantedBytes = 0;
  private packetBytes = 0;
  /** Bytes decided by all scans before the present one, and where the present one began in its chunk. */
  private decidedBytes = 0;
  private scanFrom = 0;
  /** Holds the front of a packet that is split over chunks; else null. */
  private front: Buffer | null = null;
  private frontBytes = 0;
  private readonly start: PacketStart = {
    chunk: Buffer.alloc(0), at: 0, end: 0, payloadLength: 0, sequenceId: 0, firstByte: 0,
  };

  /**
   * Looks at `chunk` from `from` to `end` and returns the offset up to which all is decided. What lies behind that has
   * to be shown again: with more bytes behind it, or, where a scanner stopped for a decision, once that has fallen.
   */
  scan(chunk: Buffer, from: number, end: number): number {
    this.scanFrom = from;
    const decidedTo = this.walk(chunk, from, end);
    this.start.chunk = NO_BYTES; // a session may be idle for long: nothing keeps what has passed
    this.decidedBytes += decidedTo - from;
    return decidedTo;
  }

  /** A turn of the event loop begins, or what a read has brought comes to be looked at. */
  newTurn(): void {
    this.packetsLeft = MAX_PACKETS_PER_TURN;
  }

  /** Bytes pass unlooked at. */
  get isTransparent(): boolean {
    return this.passesAll;
  }

  /**
   * Lets bytes pass unlooked at, from wherever the scanner is, and gives back what it kept for looking. Never taken
   * back: following is not resumed by guessing.
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
      if (!this.enterPacket(chunk, at, end, payloadLength)) {
        if (this.passesAll) break;
        return at;
      }
      at += HEADER_BYTES;
      if (payloadLength === 0 && !this.finishPacket()) return at;
    }
    return end;
  }

  /** Whether all of the logical packet that was entered last has passed. */
  get isBetweenPackets(): boolean {
    return this.payloadLeft === 0 && !this.isContinued;
  }

  /** Called at the start of every scan. */
  protected beforeScan(): void {}

  /**
   * A fast path over packets that need no more than a look at their header. Returns where it stopped, always in front
   * of a header, or `end` after `passRest` where the last packet goes on in the next chunk.
   */
  protected skim(_chunk: Buffer, at: number, _end: number): number {
    return at;
  }

  /** The header of a logical packet. To see its payload, set `want()` and enter. */
  protected abstract begin(start: PacketStart): Entry;

  /** The header of a further physical packet of the same logical one. */
  protected continue(_start: PacketStart): Entry {
    return 'enter';
  }

  /**
   * The logical packet has passed. `front` is what was wanted of its payload, a view that is only good during the call.
   * Returns false where the scan must stop behind it.
   */
  protected abstract packet(front: Buffer, packetBytes: number): boolean;

  /** The offset in the whole stream of an offset in the present chunk, in bytes. */
  protected streamOffset(at: number): number {
    return this.decidedBytes + at - this.scanFrom;
  }

  /** For `skim`: the last packet it hopped over goes on for `byteCount` bytes in the next chunk. */
  protected passRest(byteCount: number): void {
    this.payloadLeft = byteCount;
    this.wantedBytes = 0;
    this.frontBytes = 0;
  }

  /** Asks for the first `byteCount` bytes of the payload that begins now. */
  protected want(byteCount: number): void {
    this.wantedBytes = byteCount;
  }

  private enterPacket(chunk: Buffer, at: number, end: number, payloadLength: number): boolean {
    const start = this.start;
    start.chunk = chunk;
    start.at = at;
    start.end = end;
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

  /** The kept front with room for `more` bytes: each physical packet may bring more than the ones before announced. */
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

/** What a scanner does with the packet whose header it has just been shown. */
export type Entry =
  /** Go on into it. */
  | 'enter'
  /** Nothing can be said yet: show the same bytes again, with more behind them. */
  | 'wait'
  /** Stop in front of it: somebody else has to decide. */
  | 'stop';

/** A packet's header, and the bytes around it. */
export interface PacketStart {
  chunk: Buffer;
  /** Where the header begins in `chunk`, and where the bytes that are there end. */
  at: number;
  end: number;
  payloadLength: number;
  sequenceId: number;
  /** The first byte of the payload; 0 where the payload is empty. */
  firstByte: number;
}

/**
 * A packet that is entered takes about 0.3 µs, one that brings a statement some more. Of the smallest packets so many
 * fit into 5 KiB, and an ordinary read has far fewer.
 */
const MAX_PACKETS_PER_TURN = 1024;

const NO_BYTES = Buffer.alloc(0);
