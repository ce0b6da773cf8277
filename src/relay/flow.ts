import type { Duplex } from 'node:stream';
import type { PacketScanner } from '../protocol/packetScanner.js';
import { PlainOutlet, type Outlet } from './outlet.js';
import { onPeerEnd } from './peerEnd.js';
import { HEADROOM_BYTES, type ReadBuffer } from './readBuffer.js';
import { Sink } from './sink.js';
import { turns } from './turns.js';

/** What came of the place at which a scan stopped: scan on, wait for `unblock`, or it was the chunk's end. */
export type Settled = 'onward' | 'blocked' | 'exhausted';

/**
 * One direction of a session: bytes from one socket, shown to a scanner, and written to the other.
 *
 *     chunk   [... written ... at)[at ... undecided ... end)
 *
 * Bytes stay undecided for one of three reasons: a packet's header is not whole yet (then they are put before the
 * next read), somebody has to decide what happens at `at` (then the flow is *blocked*, and nothing is read
 * meanwhile), or there are too many packets for one turn of the event loop (then it waits for its next turn, and nothing
 * is read meanwhile). Whenever the sink has not taken all it was given, the source is paused: at most one read is held.
 */
export abstract class Flow {
  protected readonly sink: Sink;
  /** Where decided bytes go. */
  protected outlet: Outlet;
  protected isBlocked = false;
  protected isClosed = false;
  /** Bytes are undecided because they wait for the next turn of the event loop. */
  private isOutOfTurn = false;

  private chunk: Buffer = NOTHING;
  /** The buffer that `chunk` was read into; null where the chunk is the flow's own. */
  private buffer: ReadBuffer | null = null;
  private at = 0;
  private end = 0;
  private hasSourceEnded = false;

  constructor(
    protected source: Duplex,
    sink: Duplex,
    protected readonly scanner: PacketScanner,
  ) {
    this.sink = new Sink(sink, () => this.contain(() => this.sinkChanged()));
    this.outlet = new PlainOutlet(this.sink);
    this.awaitEnd(source, source);
  }

  /** Goes on between other streams: those that the connections have been encrypted in. */
  use(source: Duplex, sink: Duplex, sourceConnection: Duplex): void {
    if (source !== this.source) this.awaitEnd(source, sourceConnection);
    this.source = source;
    this.sink.use(sink);
  }

  /** Undecided bytes that are being held. */
  get heldBytes(): number {
    return this.end - this.at;
  }

  /** The undecided bytes, while the flow is blocked. */
  protected get held(): Buffer {
    return this.chunk.subarray(this.at, this.end);
  }

  /** Everything that was decided has been taken by the sink, and nothing is undecided. */
  get isEmpty(): boolean {
    return !this.sink.isFull && this.heldBytes === 0;
  }

  /** Whether what has come waits for a turn of the event loop. */
  get waitsForTurn(): boolean {
    return this.isOutOfTurn;
  }

  /** Takes a chunk that is the flow's own from now on. */
  accept(chunk: Buffer): void {
    this.scanner.newTurn();
    if (!this.isClosed) this.acceptPackets(chunk);
  }

  /** Takes `byteCount` bytes that were read into `buffer`. None of them is needed there when the next read lands. */
  acceptRead(buffer: ReadBuffer, byteCount: number): void {
    this.scanner.newTurn();
    if (this.isClosed) return;
    if (this.heldBytes > HEADROOM_BYTES || this.isBlocked || this.isOutOfTurn) {
      this.acceptPackets(Buffer.from(buffer.room.subarray(0, byteCount)));
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

  get readsPastSink(): boolean {
    return false;
  }

  own(): void {
    if (this.buffer !== null) this.holdOnly(Buffer.from(this.held));
  }

  /** Ends the flow: whatever comes or is held is dropped. */
  close(): void {
    this.isClosed = true;
    this.isOutOfTurn = false;
    this.holdOnly(NOTHING);
  }

  /** Goes on after whatever blocked the flow has been decided. */
  unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.pump();
    this.goOn();
  }

  /** Looks again at what is held, after the scanner has become transparent. */
  flushHeld(): void {
    this.isOutOfTurn = false;
    if (this.isBlocked) this.unblock();
    else if (this.heldBytes > 0) this.pump();
  }

  /** Writes what is still held, where it is not being decided on: no more is going to come behind it. */
  flushRest(): void {
    if (this.isBlocked || this.isOutOfTurn || this.isClosed) return;
    this.outlet.release();
    if (this.heldBytes > 0) this.outlet.forward(this.held);
    this.at = this.end;
  }

  /** Writes packets that the source did not send. */
  inject(packets: Buffer): void {
    this.outlet.inject(packets);
  }

  /** Packets of our own, as they have to be to follow on what was written. */
  wrap(packets: Buffer): Buffer {
    return this.outlet.wrap(packets);
  }

  /** Runs what belongs to this flow; an error that it throws ends the session, and no more. */
  protected abstract contain(work: () => void): void;

  /** Decides on bytes of the chunk from `at` on; see `PacketScanner.scan`. */
  protected scan(chunk: Buffer, at: number, end: number): number {
    return this.scanner.scan(chunk, at, end);
  }

  /** Decides on what the scanner stopped for. */
  protected abstract settle(): Settled;

  /** Passes on bytes that were decided, unless they are to be discarded. */
  protected deliver(bytes: Buffer): void {
    this.outlet.forward(bytes);
  }

  /** Whether more is read while the flow is blocked. */
  protected get readsOn(): boolean {
    return false;
  }

  /** The flow is blocked, or more has come while it was. */
  protected onMoreHeld(): void {
    if (!this.readsOn) this.source.pause();
  }

  /** Whether what is read next may have to go to the sink: as long as that has no room, nothing is read then. */
  protected get needsRoom(): boolean {
    return true;
  }

  /** Takes bytes of packets that are the flow's own from now on. */
  protected acceptPackets(chunk: Buffer): void {
    this.holdOnly(this.heldBytes === 0 ? chunk : Buffer.concat([this.held, chunk]));
    if (this.isBlocked) this.onMoreHeld();
    else if (!this.isOutOfTurn) this.pump();
  }

  /** Decides on what is held, as far as that goes. */
  protected pump(): void {
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
        if (this.scanner.isOutOfTurn) this.awaitTurn();
        else this.park();
        return;
      }
      if (settled === 'blocked') {
        this.isBlocked = true;
        this.own(); // once it goes on, it may read before all of this is written
        this.outlet.flush();
        this.onMoreHeld();
        return;
      }
    }
  }

  /** Holds these bytes and no others, undecided; they are the flow's own. */
  protected holdOnly(chunk: Buffer): void {
    this.chunk = chunk;
    this.at = 0;
    this.end = chunk.length;
    this.buffer = null;
  }

  /** Gives back the memory of what was decided, where that is most of a chunk of the flow's own. */
  protected trim(): void {
    if (this.buffer === null && 2 * this.heldBytes < this.chunk.length) this.holdOnly(Buffer.from(this.held));
  }

  /** Leaves the next turn to others. */
  private awaitTurn(): void {
    this.isOutOfTurn = true;
    if (this.buffer !== null) this.holdOnly(Buffer.from(this.held));
    this.source.pause();
    turns.next(() => this.contain(() => this.takeTurn()));
  }

  private takeTurn(): void {
    if (!this.isOutOfTurn) return;
    this.isOutOfTurn = false;
    this.scanner.newTurn();
    this.pump();
    this.goOn();
    if (!this.isClosed) this.caughtUp();
  }

  /** What had to wait for its turn has been dealt with, or some of it. */
  protected caughtUp(): void {}

  /** Goes on with what had to wait for the flow itself: the source's end, or what it sends next. */
  protected goOn(): void {
    this.finish();
    this.resumeSource();
  }

  /** Whether the flow has to get on itself before more may come. */
  protected get isWaiting(): boolean {
    return this.isOutOfTurn || (this.isBlocked && !this.readsOn);
  }

  /** Moves undecided bytes out of the way of the next read, which lands in the same buffer. */
  private park(): void {
    const { buffer, heldBytes } = this;
    if (heldBytes === 0) {
      this.holdOnly(NOTHING); // what came may be large, and nothing of it is needed any more
    } else if (buffer === null) {
      return;
    } else if (heldBytes <= HEADROOM_BYTES) {
      buffer.whole.copy(buffer.whole, HEADROOM_BYTES - heldBytes, this.at, this.end);
      this.at = HEADROOM_BYTES - heldBytes;
      this.end = HEADROOM_BYTES;
    } else {
      this.holdOnly(Buffer.from(this.held));
    }
  }

  private awaitEnd(source: Duplex, connection: Duplex): void {
    onPeerEnd(source, () => this.contain(() => this.sourceEnded()), connection);
  }

  /** The sink has begun, or ended, to take no more. */
  protected sinkChanged(): void {
    if (this.hasRoom) this.resumeSource();
    else if (this.needsRoom) this.source.pause();
  }

  /** The sink may be given more. */
  protected get hasRoom(): boolean {
    return !this.sink.isFull;
  }

  /** Reads on, where nothing speaks against it. */
  protected resumeSource(): void {
    if ((this.hasRoom || !this.needsRoom) && !this.isWaiting && !this.isClosed) this.source.resume();
  }

  /** The source has nothing more to say. */
  protected sourceEnded(): void {
    this.hasSourceEnded = true;
    this.finish();
  }

  private finish(): void {
    if (!this.hasSourceEnded || this.isBlocked || this.isWaiting || this.isClosed) return;
    this.flushRest(); // a close in the middle of a packet is relayed as one
    this.sink.end();
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
