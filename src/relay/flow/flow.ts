import type { Duplex } from 'node:stream';
import type { PacketScanner } from '../../protocol/packetScanner.js';
import type { Containment } from '../containment.js';
import { PlainOutlet, type Outlet } from './outlet.js';
import { onPeerEnd } from './socketEnd.js';
import { HEADROOM_BYTES, type ReadBuffer } from './readBuffer.js';
import { SocketSink } from './socketSink.js';
import { UndecidedBytes } from './undecidedBytes.js';
import { world } from '../../world/world.js';

/**
 * One direction of a session: it reads bytes from one socket, shows them to a scanner, and writes them to the other.
 *
 * Bytes are undecided for one of three reasons. A packet's header is incomplete: the bytes wait for the next read. A
 * decision is missing: the flow is *blocked*, and reads nothing more unless `readsOn` says so. One turn of the event
 * loop brought too many packets: the flow waits for its next turn, and reads nothing meanwhile. While the sink has no
 * room, the source is paused if the next bytes need room (`needsRoom`). So a flow holds at most one read, except where
 * it reads on while it is blocked.
 */
export abstract class Flow {
  protected readonly sink: SocketSink;
  /** Writes the decided bytes. */
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
    private readonly containment: Pick<Containment, 'contain'>,
  ) {
    this.sink = new SocketSink(sink, () => this.contain(() => this.sinkChanged()));
    this.outlet = new PlainOutlet(this.sink);
    this.awaitEnd(source, source);
  }

  /** Continues on other streams, for example on TLS streams after both connections were encrypted. */
  use(source: Duplex, sink: Duplex, sourceConnection: Duplex): void {
    if (source !== this.source) this.awaitEnd(source, sourceConnection);
    this.source = source;
    this.sink.use(sink);
  }

  /** The number of undecided bytes. */
  get heldBytes(): number {
    return this.undecided.byteCount;
  }

  /** The undecided bytes, as a view. */
  protected get held(): Buffer {
    return this.undecided.bytes;
  }

  /** The sink has taken everything that was written to it, and no byte is undecided. */
  get isEmpty(): boolean {
    return !this.sink.isFull && !this.sink.isGathering && this.heldBytes === 0;
  }

  get isSinkFull(): boolean {
    return this.sink.isFull;
  }

  /** Whether bytes wait for a turn of the event loop. */
  get waitsForTurn(): boolean {
    return this.isOutOfTurn;
  }

  /** Takes a chunk. Its memory belongs to the flow from now on. */
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

  /**
   * Takes `byteCount` bytes that were read into `buffer`. The flow needs none of them there when the next read lands.
   */
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

  /** Ends the flow: undecided bytes and all later ones are dropped. */
  close(): void {
    this.isClosed = true;
    this.isOutOfTurn = false;
    this.undecided.drop();
  }

  /** Continues after the decision that blocked the flow has been made. */
  unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.pump();
    this.goOn();
  }

  /** Scans the undecided bytes again after the scanner has become transparent. */
  flushHeld(): void {
    this.isOutOfTurn = false;
    if (this.isBlocked) this.unblock();
    else if (this.heldBytes > 0) this.pump();
  }

  /**
   * Writes the bytes held back and the undecided bytes, because no more bytes will follow. Does nothing while the flow
   * is blocked or waits for its turn.
   */
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

  /** Returns packets of Sluice's own in the form in which they can follow the written bytes. */
  wrap(packets: Buffer): Buffer {
    return this.outlet.wrap(packets);
  }

  /** Runs `work` for this flow. An error that it throws ends this session and no other. */
  protected contain(work: () => void): void {
    this.containment.contain(work);
  }

  /** Decides on the chunk's bytes from `at` to `end`; see `PacketScanner.scan`. */
  protected scan(chunk: Buffer, at: number, end: number): number {
    return this.scanner.scan(chunk, at, end);
  }

  /** Makes the decision that the scanner stopped for. */
  protected abstract settle(): Settled;

  /** Passes decided bytes on. A subclass may discard them or hold them back. */
  protected deliver(bytes: Buffer): void {
    this.outlet.forward(bytes);
  }

  /** Whether the source is read while the flow is blocked. */
  protected get readsOn(): boolean {
    return false;
  }

  /** Called when the flow is blocked, and when more bytes come while it is. */
  protected onMoreHeld(): void {
    if (!this.readsOn) this.source.pause();
  }

  /** Whether the next bytes may have to go to the sink. If so, nothing is read while the sink has no room. */
  protected get needsRoom(): boolean {
    return true;
  }

  /**
   * Takes bytes of packets.
   * @param isOwned whether the chunk's memory belongs to the flow from now on
   */
  protected acceptPackets(chunk: Buffer, isOwned = true): void {
    this.undecided.add(chunk, isOwned);
    if (this.isBlocked) this.onMoreHeld();
    else if (!this.isOutOfTurn) this.pump();
  }

  /** Decides on the undecided bytes until the scan can go no further. */
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
        undecided.own(); // after `unblock`, a read may land before all of these bytes are written
        this.outlet.flush();
        this.onMoreHeld();
        return;
      }
    }
  }

  /** Waits for the next turn, so that other sessions can run first. */
  private awaitTurn(): void {
    this.isOutOfTurn = true;
    this.undecided.own();
    this.source.pause();
    world.turns.next(() => this.contain(() => this.takeTurn()));
  }

  private takeTurn(): void {
    if (!this.isOutOfTurn) return;
    this.isOutOfTurn = false;
    this.scanner.newTurn();
    this.pump();
    this.goOn();
    if (!this.isClosed) this.caughtUp();
  }

  /** Called after a waiting turn was served: some or all of the bytes that waited have been scanned. */
  protected caughtUp(): void {}

  /** Continues work that waited for the flow: relays the source's end, and reads on. */
  protected goOn(): void {
    this.finish();
    this.resumeSource();
  }

  /** Whether the flow has work of its own to finish before it reads more. */
  protected get isWaiting(): boolean {
    return this.isOutOfTurn || (this.isBlocked && !this.readsOn);
  }

  private awaitEnd(source: Duplex, connection: Duplex): void {
    onPeerEnd(source, () => this.contain(() => this.sourceEnded()), connection);
  }

  /** The sink has become full, or has taken everything again. */
  protected sinkChanged(): void {
    if (this.hasRoom) this.resumeSource();
    else if (this.needsRoom) this.source.pause();
  }

  /** The sink may be given more bytes. */
  protected get hasRoom(): boolean {
    return !this.sink.isFull;
  }

  /** Reads on, unless the flow waits, is closed, or needs room that is missing. */
  protected resumeSource(): void {
    if ((this.hasRoom || !this.needsRoom) && !this.isWaiting && !this.isClosed) this.source.resume();
  }

  /** The source has ended. */
  protected sourceEnded(): void {
    this.hasSourceEnded = true;
    this.finish();
  }

  private finish(): void {
    if (!this.hasSourceEnded || this.isBlocked || this.isWaiting || this.isClosed) return;
    this.flushRest(); // a source may close in the middle of a packet: the front of that packet is relayed
    this.sink.end();
  }
}

/** What to do after a scan has stopped: scan on, wait for `unblock`, or wait for more bytes or the next turn. */
export type Settled = 'onward' | 'blocked' | 'exhausted';
