import type { Socket } from 'node:net';
import { HEADROOM_BYTES, type ReadBuffer } from './readBuffer.js';

/** What came of the place at which a scan stopped: scan on, wait for `unblock`, or it was the chunk's end. */
export type Settled = 'onward' | 'blocked' | 'exhausted';

/**
 * One direction of a session: bytes from one socket, shown to a scanner, and written to the other.
 *
 *     chunk   [... written ... at)[at ... undecided ... end)
 *
 * Bytes stay undecided for one of two reasons: a packet's header is not whole yet (then they are put before the next
 * read), or somebody has to decide what happens at `at` (then the flow is *blocked*, and nothing is read meanwhile).
 * Whenever the sink has not taken all it was given, the source is paused: at most one read is held.
 */
export abstract class Flow {
  /** Bytes that were written to the sink. */
  forwardedBytes = 0;

  private chunk: Buffer = NOTHING;
  /** The buffer that `chunk` was read into; null where the chunk is the flow's own. */
  private buffer: ReadBuffer | null = null;
  private at = 0;
  private end = 0;
  private isBlocked = false;
  private isClosed = false;
  private isSinkFull = false;
  private sinkFullSinceMs = 0;
  private pastStallMs = 0;
  private hasSourceEnded = false;
  private readonly flushed = (): void => this.onFlushed();

  constructor(
    protected readonly source: Socket,
    protected readonly sink: Socket,
    private readonly now: () => number,
  ) {
    source.on('end', () => {
      this.hasSourceEnded = true;
      this.finish();
    });
  }

  /** Undecided bytes that are being held. */
  get heldBytes(): number {
    return this.end - this.at;
  }

  /** The undecided bytes, while the flow is blocked. */
  protected get held(): Buffer {
    return this.chunk.subarray(this.at, this.end);
  }

  /** How long the sink has not been taking what it was given, all in all, in ms. */
  get totalStallMs(): number {
    return this.pastStallMs + this.stalledMs;
  }

  /** How long the sink has not been taking what it was given now, in ms; 0 where it has taken all. */
  get stalledMs(): number {
    return this.isSinkFull ? this.now() - this.sinkFullSinceMs : 0;
  }

  /** Everything that was decided has been taken by the sink, and nothing is undecided. */
  get isEmpty(): boolean {
    return !this.isSinkFull && this.heldBytes === 0;
  }

  /** Takes a chunk that is the flow's own from now on. */
  accept(chunk: Buffer): void {
    if (this.isClosed) return;
    this.chunk = this.heldBytes === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.at = 0;
    this.end = this.chunk.length;
    this.buffer = null;
    if (!this.isBlocked) this.pump();
    else this.onMoreHeld();
  }

  /** Takes `byteCount` bytes that were read into `buffer`. None of them is needed there when the next read lands. */
  acceptRead(buffer: ReadBuffer, byteCount: number): void {
    if (this.isClosed) return;
    if (this.heldBytes > HEADROOM_BYTES) {
      this.accept(Buffer.from(buffer.room.subarray(0, byteCount)));
      return;
    }
    // What was held stands right before the room already (`park`), unless it came in a chunk of its own.
    if (this.buffer === null) this.chunk.copy(buffer.whole, HEADROOM_BYTES - this.heldBytes, this.at, this.end);
    this.at = HEADROOM_BYTES - this.heldBytes;
    this.end = HEADROOM_BYTES + byteCount;
    this.chunk = buffer.whole;
    this.buffer = buffer;
    this.pump();
  }

  /** Ends the flow: whatever comes or is held is dropped. */
  close(): void {
    this.isClosed = true;
    this.chunk = NOTHING;
    this.at = this.end = 0;
  }

  /** Goes on after whatever blocked the flow has been decided. */
  unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.pump();
    this.finish();
    this.resumeSource();
  }

  /** Looks again at what is held, after the scanner has become transparent. */
  flushHeld(): void {
    if (this.isBlocked) this.unblock();
    else if (this.heldBytes > 0) this.pump();
  }

  /** Writes what is still held, where it is not being decided on: no more is going to come behind it. */
  flushRest(): void {
    if (this.isBlocked || this.isClosed) return;
    if (this.heldBytes > 0) this.write(this.held);
    this.at = this.end;
  }

  /** Writes bytes that the source did not send. */
  inject(bytes: Buffer): void {
    this.write(bytes);
  }

  /** Decides on bytes of the chunk from `at` on; see `PacketScanner.scan`. */
  protected abstract scan(chunk: Buffer, at: number, end: number): number;

  /** Decides on what the scanner stopped for. */
  protected abstract settle(): Settled;

  /** Where decided bytes go: to the sink, unless they are to be discarded. */
  protected deliver(bytes: Buffer): void {
    this.write(bytes);
  }

  /** More bytes have come while the flow was blocked. The source stays open only as long as this allows. */
  protected onMoreHeld(): void {
    this.source.pause();
  }

  /** The sink has stopped taking what it is given, or has taken all of it again. */
  protected sinkFull(_isFull: boolean): void {}

  protected write(bytes: Buffer): void {
    if (this.sink.destroyed || this.sink.writableEnded) return;
    this.forwardedBytes += bytes.length;
    this.sink.write(bytes, this.flushed);
    if (this.sink.writableLength > 0) this.waitForSink();
  }

  private pump(): void {
    for (;;) {
      const to = this.scan(this.chunk, this.at, this.end);
      if (to > this.at) {
        const decided = this.chunk.subarray(this.at, to);
        this.at = to;
        this.deliver(decided);
      }
      const settled = this.isClosed ? 'exhausted' : this.settle();
      if (this.isClosed) return;
      if (settled === 'exhausted') {
        this.park();
        return;
      }
      if (settled === 'blocked') {
        this.isBlocked = true;
        this.onMoreHeld();
        return;
      }
    }
  }

  /** Moves undecided bytes out of the way of the next read, which lands in the same buffer. */
  private park(): void {
    const { buffer, heldBytes } = this;
    if (buffer === null || heldBytes === 0) return;
    if (heldBytes <= HEADROOM_BYTES) {
      buffer.whole.copy(buffer.whole, HEADROOM_BYTES - heldBytes, this.at, this.end);
      this.at = HEADROOM_BYTES - heldBytes;
      this.end = HEADROOM_BYTES;
    } else {
      this.chunk = Buffer.from(this.held);
      this.at = 0;
      this.end = heldBytes;
      this.buffer = null;
    }
  }

  private waitForSink(): void {
    if (this.isSinkFull) return;
    this.isSinkFull = true;
    this.sinkFullSinceMs = this.now();
    this.source.pause();
    this.sinkFull(true);
  }

  private onFlushed(): void {
    if (!this.isSinkFull || this.sink.writableLength > 0) return;
    this.isSinkFull = false;
    this.pastStallMs += this.now() - this.sinkFullSinceMs;
    this.sinkFull(false);
    this.resumeSource();
  }

  private resumeSource(): void {
    if (!this.isBlocked && !this.isSinkFull && !this.isClosed) this.source.resume();
  }

  private finish(): void {
    if (!this.hasSourceEnded || this.isBlocked || this.isClosed) return;
    this.flushRest(); // a close in the middle of a packet is relayed as one
    this.sink.end();
  }
}

const NOTHING = Buffer.alloc(0);
