import type { Duplex } from 'node:stream';
import type { PacketScanner } from '../../protocol/packetScanner.js';
import { PlainOutlet, type Outlet } from './outlet.js';
import { onPeerEnd } from './socketEnd.js';
import { HEADROOM_BYTES, type ReadBuffer } from './readBuffer.js';
import { SocketSink } from './socketSink.js';
import { turns } from './turns.js';
import { UndecidedBytes } from './undecidedBytes.js';

/**
 * One direction of a session: bytes from one socket, shown to a scanner, and written to the other.
 *
 * Bytes stay undecided for one of three reasons: a packet's header is not whole yet (then they are put before the
 * next read), somebody has to decide what happens to them (then the flow is *blocked*, and nothing is read
 * meanwhile), or there are too many packets for one turn of the event loop (then it waits for its next turn, and
 * nothing is read meanwhile). Whenever the sink has not taken all it was given, the source is paused: at most one read
 * is held.
 */
export abstract class Flow {
  protected readonly sink: SocketSink;
  /** Where decided bytes go. */
  protected outlet: Outlet;
  protected isBlocked = false;
  protected isClosed = false;
  /** Bytes are undecided because they wait for the next turn of the event loop. */
  private isOutOfTurn = false;

  protected readonly undecided = new UndecidedBytes();
  private hasSourceEnded = false;

  constructor(
    protected source: Duplex,
    sink: Duplex,
    protected readonly scanner: PacketScanner,
  ) {
    this.sink = new SocketSink(sink, () => this.contain(() => this.sinkChanged()));
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
    return this.undecided.byteCount;
  }

  /** The undecided bytes, while the flow is blocked. */
  protected get held(): Buffer {
    return this.undecided.bytes;
  }

  /** Everything that was decided has been taken by the sink, and nothing is undecided. */
  get isEmpty(): boolean {
    return !this.sink.isFull && !this.sink.isGathering && this.heldBytes === 0;
  }

  get isSinkFull(): boolean {
    return this.sink.isFull;
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

  gatherTurn(): void {
    this.sink.gatherTurn();
  }

  flushTurn(): void {
    this.sink.endGathering();
  }

  /** Takes `byteCount` bytes that were read into `buffer`. None of them is needed there when the next read lands. */
  acceptRead(buffer: ReadBuffer, byteCount: number): void {
    this.scanner.newTurn();
    if (this.isClosed) return;
    if (this.heldBytes > HEADROOM_BYTES || this.isBlocked || this.isOutOfTurn) {
      this.acceptPackets(Buffer.from(buffer.room.subarray(0, byteCount)));
      return;
    }
    this.undecided.takeRead(buffer, byteCount);
    this.pump();
  }

  get readsPastSink(): boolean {
    return false;
  }

  own(): void {
    this.undecided.own();
  }

  /** Ends the flow: whatever comes or is held is dropped. */
  close(): void {
    this.isClosed = true;
    this.isOutOfTurn = false;
    this.undecided.drop();
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
    this.undecided.drop();
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

  /**
   * Takes bytes of packets.
   * @param isOwned their memory is the flow's own from now on
   */
  protected acceptPackets(chunk: Buffer, isOwned = true): void {
    this.undecided.add(chunk, isOwned);
    if (this.isBlocked) this.onMoreHeld();
    else if (!this.isOutOfTurn) this.pump();
  }

  /** Decides on what is held, as far as that goes. */
  protected pump(): void {
    const { undecided } = this;
    for (;;) {
      const to = this.scan(undecided.chunk, undecided.at, undecided.end);
      if (to > undecided.at) this.deliver(undecided.decide(to));
      const settled = this.isClosed ? 'exhausted' : this.settle();
      if (this.isClosed) return;
      if (settled === 'exhausted') {
        if (this.scanner.isOutOfTurn) this.awaitTurn();
        else undecided.park();
        return;
      }
      if (settled === 'blocked') {
        this.isBlocked = true;
        undecided.own(); // once it goes on, it may read before all of this is written
        this.outlet.flush();
        this.onMoreHeld();
        return;
      }
    }
  }

  /** Leaves the next turn to others. */
  private awaitTurn(): void {
    this.isOutOfTurn = true;
    this.undecided.own();
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

/** What to do after a scan has stopped: scan on, wait for `unblock`, or wait for more bytes. */
export type Settled = 'onward' | 'blocked' | 'exhausted';
