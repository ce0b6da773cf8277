import type { Socket } from 'node:net';
import { frameNumber, type Compression } from '../protocol/compression.js';
import type { PacketScanner } from '../protocol/packetScanner.js';
import type { FrameNumbers, Leg } from '../session/frameNumbers.js';
import { FrameQueue } from '../session/frameQueue.js';
import { FrameOpener } from './frameOpener.js';
import { PlainOutlet, type Outlet } from './outlet.js';
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
 *
 * Where the two ends compress, frames are opened and their contents are the chunks; what goes out is the frames:
 *
 *     source -> FrameOpener -> contents -> scan -> FrameQueue -> sink
 *
 * Then a flow holds at most what a FrameOpener holds, and two frames with their contents: one whose last bytes are not
 * decided on because they are the front of a packet's header, and the next one. What is kept back is kept compressed.
 */
export abstract class Flow {
  /** Bytes that were written to the sink. */
  forwardedBytes = 0;

  protected outlet: Outlet = new PlainOutlet((bytes) => this.write(bytes));
  /** What opens the source's frames; null where packets come without. */
  private frames: { readonly opener: FrameOpener; readonly queue: FrameQueue } | null = null;
  private bytesBeforeFrames = 0;
  private chunk: Buffer = NOTHING;
  /** The buffer that `chunk` was read into; null where the chunk is the flow's own. */
  private buffer: ReadBuffer | null = null;
  private at = 0;
  private end = 0;
  protected isBlocked = false;
  private isClosed = false;
  private isSinkFull = false;
  private sinkFullSinceMs = 0;
  private pastStallMs = 0;
  private hasSourceEnded = false;
  private readonly flushed = (): void => this.onFlushed();

  constructor(
    protected readonly source: Socket,
    protected readonly sink: Socket,
    protected readonly scanner: PacketScanner,
    /** The leg that the source is on. */
    private readonly leg: Leg,
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
    if (this.frames === null) this.acceptPackets(chunk);
    else this.acceptFrames(chunk);
  }

  /** Takes `byteCount` bytes that were read into `buffer`. None of them is needed there when the next read lands. */
  acceptRead(buffer: ReadBuffer, byteCount: number): void {
    if (this.isClosed) return;
    if (this.frames !== null) {
      this.acceptFrames(buffer.room.subarray(0, byteCount));
      return;
    }
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

  /** What comes behind the bytes that were decided on comes in frames, and goes out in frames. */
  beginFrames(compression: Compression, numbers: FrameNumbers): void {
    if (this.scanner.isTransparent) return;
    const behind = Buffer.from(this.held);
    this.holdOnly(NOTHING);
    this.bytesBeforeFrames = this.forwardedBytes;
    const queue = new FrameQueue(this.leg, numbers, (bytes) => this.write(bytes));
    this.frames = { queue, opener: new FrameOpener(compression, () => this.onOpened()) };
    this.outlet = queue;
    this.acceptFrames(behind);
  }

  /** Whether the source's frames can pass unopened from here on. */
  get canPassFrames(): boolean {
    return this.frames?.queue.canPass ?? true;
  }

  /** Packets of our own, as they have to be to follow on what has gone to the sink so far. */
  wrap(packets: Buffer): Buffer {
    return this.outlet.wrap(packets);
  }

  private acceptPackets(chunk: Buffer): void {
    this.chunk = this.heldBytes === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.at = 0;
    this.end = this.chunk.length;
    this.buffer = null;
    if (!this.isBlocked) this.pump();
    else this.onMoreHeld();
  }

  /** Ends the flow: whatever comes or is held is dropped. */
  close(): void {
    this.isClosed = true;
    this.frames = null;
    this.holdOnly(NOTHING);
  }

  /** Goes on after whatever blocked the flow has been decided. */
  unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.pump();
    this.takeFrames();
    this.finish();
    this.resumeSource();
  }

  /** Looks again at what is held, after the scanner has become transparent. */
  flushHeld(): void {
    if (this.isBlocked) this.unblock();
    else if (this.heldBytes > 0) this.pump();
    this.takeFrames();
  }

  /** Writes what is still held, where it is not being decided on: no more is going to come behind it. */
  flushRest(): void {
    if (this.isBlocked || this.isClosed) return;
    this.outlet.release();
    if (this.heldBytes > 0) this.outlet.forward(this.held);
    this.at = this.end;
    if (this.frames !== null && !this.frames.opener.isBusy) this.write(this.frames.opener.rest());
  }

  /** Writes packets that the source did not send. */
  inject(packets: Buffer): void {
    this.outlet.inject(packets);
  }

  /** Decides on bytes of the chunk from `at` on; see `PacketScanner.scan`. */
  protected scan(chunk: Buffer, at: number, end: number): number {
    return this.scanner.scan(chunk, at, end);
  }

  /** Decides on what the scanner stopped for. */
  protected abstract settle(): Settled;

  /** Where decided bytes go: to the sink, unless they are to be discarded. */
  protected deliver(bytes: Buffer): void {
    this.outlet.forward(bytes);
  }

  /** A frame does not hold what it declares: has to make the scanner transparent, or to close the flow. */
  protected abstract unreadable(frame: Buffer, offsetBytes: number): void;

  /** Whether a command begins with a frame that has come. */
  protected beginsCommand(_frameNumber: number): boolean {
    return false;
  }

  /** Frames were dealt with that had come before, after the other sessions had their turn. */
  protected caughtUp(): void {}

  /** Whether more is taken in while the flow is blocked. */
  protected get readsOn(): boolean {
    return false;
  }

  /** The flow is blocked, or more has come while it was. */
  protected onMoreHeld(): void {
    if (!this.readsOn) this.source.pause();
  }

  /** The sink has stopped taking what it is given, or has taken all of it again. */
  protected sinkFull(_isFull: boolean): void {}

  protected write(bytes: Buffer): void {
    if (this.sink.destroyed || this.sink.writableEnded || bytes.length === 0) return;
    this.forwardedBytes += bytes.length;
    this.sink.write(bytes, this.flushed);
    // What is corked is going out in a moment.
    if (this.sink.writableLength > 0 && this.sink.writableCorked === 0) this.waitForSink();
  }

  private acceptFrames(chunk: Buffer): void {
    this.frames!.opener.add(chunk);
    this.takeFrames();
  }

  /** Takes in the frames that are there, as far as it goes; what they let out leaves in one write. */
  private takeFrames(): void {
    if (this.frames === null) return;
    this.sink.cork();
    while (this.frames !== null && (!this.isBlocked || this.readsOn) && this.takeFrame(this.frames)) continue;
    this.sink.uncork();
    if (this.sink.writableLength > 0 && !this.isClosed) this.waitForSink();
    this.frames?.opener.own();
    this.frames?.queue.own();
    if (this.frames !== null) this.holdOnly(Buffer.from(this.held));
    if (this.frames?.opener.isBusy) this.source.pause();
  }

  /** Returns false where there is none to take. */
  private takeFrame({ opener, queue }: NonNullable<Flow['frames']>): boolean {
    if (this.scanner.isTransparent && !opener.isBusy) {
      this.endFrames(opener);
      return false;
    }
    const frame = opener.next();
    if (frame === null) return false;
    if (frame.content === null) {
      opener.putBack(frame.bytes);
      this.unreadable(frame.bytes, this.bytesBeforeFrames + opener.takenBytes);
      return this.scanner.isTransparent;
    }
    queue.push(frame.bytes, frame.content, this.beginsCommand(frameNumber(frame.bytes)));
    if (frame.content.length > 0) this.acceptPackets(frame.content);
    return true;
  }

  /** From here on frames pass unopened. */
  private endFrames(opener: FrameOpener): void {
    this.isBlocked = false;
    if (this.heldBytes > 0) this.pump();
    this.outlet.release();
    this.frames = null;
    this.outlet = new PlainOutlet((bytes) => this.write(bytes));
    this.write(opener.rest());
  }

  private onOpened(): void {
    if (this.isClosed) return;
    this.takeFrames();
    this.caughtUp();
    this.finish();
    this.resumeSource();
  }

  private holdOnly(chunk: Buffer): void {
    this.chunk = chunk;
    this.at = 0;
    this.end = chunk.length;
    this.buffer = null;
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
        this.outlet.flush();
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
      this.holdOnly(Buffer.from(this.held));
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
    const isWaiting = this.isSinkFull || (this.isBlocked && !this.readsOn) || this.isOpening;
    if (!isWaiting && !this.isClosed) this.source.resume();
  }

  private get isOpening(): boolean {
    return this.frames?.opener.isBusy ?? false;
  }

  private finish(): void {
    if (!this.hasSourceEnded || this.isBlocked || this.isClosed || this.isOpening) return;
    this.flushRest(); // a close in the middle of a packet is relayed as one
    this.sink.end();
  }
}

const NOTHING = Buffer.alloc(0);
