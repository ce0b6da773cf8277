import type { Duplex } from 'node:stream';
import type { PacketScanner } from '../../protocol/packetScanner.js';
import type { Containment } from '../containment.js';
import type { Direction } from './direction.js';
import { FramedInlet, type Diverted, type FrameReceiver, type Framing } from './framedInlet.js';
import { PlainOutlet, type Outlet } from './outlet.js';
import { HEADROOM_BYTES, type ReadBuffer, type ReadTarget } from './readBuffer.js';
import type { Room } from './room.js';
import { SocketSink } from './socketSink.js';
import { SocketSource } from './socketSource.js';
import { UndecidedBytes } from './undecidedBytes.js';
import { world } from '../../world/world.js';

/**
 * One direction of a session: it reads bytes from one socket, shows them to a scanner, and writes them to the other.
 *
 *     source -> [FramedInlet ->] UndecidedBytes -> scan -> Outlet -> sink
 *
 * Its `Direction` makes the decisions. Bytes are undecided for one of three reasons. A packet's header is incomplete:
 * the bytes wait for the next read. A decision is missing: the flow is *blocked*, and reads on only while few bytes are
 * undecided (`maxWaitingBytes`). One turn of the event loop brought too many packets: the flow waits for its next turn,
 * and reads nothing meanwhile. While there is no room, the source is paused if the next bytes need room (`Room`). So a
 * flow holds at most one read, except where it reads on while it is blocked.
 */
export class Flow implements ReadTarget, FrameReceiver {
  readonly source: SocketSource;
  readonly sink: SocketSink;
  /** Writes the decided bytes. */
  outlet: Outlet;
  readonly undecided = new UndecidedBytes();
  isBlocked = false;
  isClosed = false;
  /** Opens the frames that come; null while packets come without frames. */
  private inlet: FramedInlet | null = null;
  /** Bytes are undecided because they wait for the next turn of the event loop. */
  private isOutOfTurn = false;
  private hasSourceEnded = false;

  constructor(
    source: Duplex,
    sink: Duplex,
    private readonly scanner: PacketScanner,
    private readonly direction: Direction,
    private readonly room: Room,
    private readonly containment: Pick<Containment, 'contain'>,
  ) {
    this.source = new SocketSource(source, () => containment.contain(() => direction.sourceEnded()));
    this.sink = new SocketSink(sink, () => containment.contain(() => this.roomChanged()));
    this.outlet = new PlainOutlet(this.sink);
  }

  /** Continues on other streams, for example on TLS streams after both connections were encrypted. */
  use(source: Duplex, sink: Duplex, sourceConnection: Duplex): void {
    this.source.use(source, sourceConnection);
    this.sink.use(sink);
  }

  /** From now on, all bytes after the decided ones come in frames and go out in frames. */
  beginFrames(framing: Framing): void {
    if (this.isTransparent) return;
    const rest = Buffer.from(this.undecided.bytes);
    this.undecided.drop();
    this.inlet = new FramedInlet(framing, this, this.sink, () => this.containment.contain(() => this.framesOpened()));
    this.outlet = this.inlet.outlet;
    this.accept(rest);
  }

  /** Returns the bytes that have come and are not decided. The flow must get no more bytes until `takeBack`. */
  divert(): Diverted {
    const packets = Buffer.from(this.undecided.bytes);
    this.outlet.drop(packets);
    this.undecided.drop();
    return { packets, frames: this.inlet?.divert() ?? null };
  }

  /** Ends `divert`: the flow takes the next bytes again. */
  takeBack(): void {
    this.inlet?.takeBack();
  }

  /** The number of undecided bytes. */
  get undecidedBytes(): number {
    return this.undecided.byteCount;
  }

  /** The sink has taken everything that was written to it, and no byte waits here. */
  get isEmpty(): boolean {
    return !this.sink.isFull && !this.sink.isGathering && this.undecidedBytes === 0 && !this.isOpening;
  }

  get readsPastSink(): boolean {
    return !this.sink.hasTakenAll && this.room.readsPastSink(this.isBlocked);
  }

  /** More bytes may be written. */
  get hasRoom(): boolean {
    return !this.sink.isFull && !this.room.isShut;
  }

  /** Bytes wait for a turn of the event loop, or frames wait to be opened. */
  get waitsForTurn(): boolean {
    return this.isOutOfTurn || this.isOpening;
  }

  /** The flow has work of its own to finish before it reads more. */
  get isWaiting(): boolean {
    return this.waitsForTurn || (this.isBlocked && !this.readsOn);
  }

  get isTransparent(): boolean {
    return this.scanner.isTransparent;
  }

  /** Takes a chunk. Its memory belongs to the flow from now on. */
  accept(chunk: Buffer): void {
    this.scanner.newTurn();
    if (this.inlet !== null) this.takeFrames(chunk);
    else if (!this.isClosed) this.acceptPackets(chunk, true);
  }

  /**
   * Takes `byteCount` bytes that were read into `buffer`. The flow needs none of them there when the next read lands.
   */
  acceptRead(buffer: ReadBuffer, byteCount: number): void {
    this.scanner.newTurn();
    if (this.inlet !== null) {
      this.takeFrames(buffer.room.subarray(0, byteCount));
    } else if (this.isClosed) {
      return;
    } else if (this.undecidedBytes > HEADROOM_BYTES || this.isBlocked || this.isOutOfTurn) {
      this.acceptPackets(Buffer.from(buffer.room.subarray(0, byteCount)), true);
    } else {
      this.undecided.takeRead(buffer, byteCount);
      this.pump();
    }
  }

  acceptPackets(chunk: Buffer, isOwned: boolean): void {
    this.undecided.add(chunk, isOwned);
    if (this.isBlocked) this.waitBlocked();
    else if (!this.isOutOfTurn) this.pump();
  }

  own(): void {
    this.undecided.own();
  }

  /** Ends the flow: undecided bytes and all later ones are dropped. */
  close(): void {
    this.isClosed = true;
    this.isOutOfTurn = false;
    this.undecided.drop();
    this.inlet = null;
  }

  /** Continues after the decision that blocked the flow has been made. */
  unblock(): void {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.pump();
    this.goOn();
  }

  /** Scans the undecided bytes again after the scanner has become transparent. */
  flushUndecided(): void {
    this.isOutOfTurn = false;
    if (this.isBlocked) this.unblock();
    else if (this.undecidedBytes > 0) this.pump();
    this.takeFrames(null);
  }

  /**
   * Writes the bytes held back and the undecided bytes, because no more bytes will follow. Does nothing if the
   * direction does not allow it, or while the flow is blocked or waits for its turn.
   */
  flushRest(): void {
    if (this.isClosed || !this.direction.mayWriteRest() || this.isBlocked || this.isOutOfTurn) return;
    this.outlet.release();
    if (this.undecidedBytes > 0) this.outlet.forward(this.undecided.bytes);
    this.undecided.drop();
    if (this.inlet !== null && !this.isOpening) this.sink.write(this.inlet.rest());
  }

  /** Reads on, unless the flow waits, is closed, or needs room that is missing. */
  resumeSource(): void {
    const { room } = this;
    if ((!this.hasRoom && room.isNeeded) || room.isPausing || this.isWaiting || this.isClosed) return;
    this.source.resume();
  }

  /** The sink or the room takes no more bytes, or takes them again. */
  roomChanged(): void {
    if (this.hasRoom) this.resumeSource();
    else if (this.room.isNeeded) this.source.pause();
    this.direction.roomChanged(this.hasRoom);
  }

  /** Relays the end of the source, once all bytes are out. */
  endSource(): void {
    this.hasSourceEnded = true;
    this.finish();
  }

  endFrames(): void {
    const { inlet } = this;
    this.isBlocked = false;
    if (this.undecidedBytes > 0) this.pump();
    this.outlet.release();
    this.outlet = new PlainOutlet(this.sink);
    this.inlet = null;
    if (inlet !== null) this.sink.write(inlet.rest());
  }

  private get readsOn(): boolean {
    return this.undecidedBytes < this.direction.maxWaitingBytes;
  }

  private get isOpening(): boolean {
    return this.inlet !== null && this.inlet.isBusy;
  }

  private waitBlocked(): void {
    if (this.direction.mayPause() && !this.readsOn) this.source.pause();
  }

  /** Decides on the undecided bytes until the scan can go no further. */
  private pump(): void {
    const { undecided, scanner, direction } = this;
    for (;;) {
      direction.scanBegins();
      const to = scanner.scan(undecided.chunk, undecided.at, undecided.end);
      if (to > undecided.at) direction.deliver(undecided.decide(to));
      const settled = this.isClosed ? 'exhausted' : direction.settle();
      if (this.isClosed) return;
      if (settled === 'exhausted') {
        if (scanner.isOutOfTurn) this.awaitTurn();
        else undecided.park();
        return;
      }
      if (settled === 'blocked') {
        this.isBlocked = true;
        undecided.own(); // after `unblock`, a read may land before all of these bytes are written
        this.outlet.flush();
        this.waitBlocked();
        return;
      }
    }
  }

  /** Waits for the next turn, so that other sessions can run first. */
  private awaitTurn(): void {
    this.isOutOfTurn = true;
    this.undecided.own();
    this.source.pause();
    world.turns.next(() => this.containment.contain(() => this.takeTurn()));
  }

  private takeTurn(): void {
    if (!this.isOutOfTurn) return;
    this.isOutOfTurn = false;
    this.scanner.newTurn();
    this.pump();
    this.goOn();
    if (!this.isClosed) this.direction.caughtUp();
  }

  /** Continues work that waited for the flow: takes frames, relays the source's end, and reads on. */
  private goOn(): void {
    this.takeFrames(null);
    this.finish();
    this.resumeSource();
  }

  private finish(): void {
    if (!this.hasSourceEnded || this.isBlocked || this.isWaiting || this.isClosed) return;
    this.flushRest(); // a source may close in the middle of a packet: the front of that packet is relayed
    this.sink.end();
  }

  /** @param chunk the next bytes that the source has sent; null for none */
  private takeFrames(chunk: Buffer | null): void {
    if (this.inlet === null) return;
    if (chunk !== null) this.inlet.add(chunk);
    this.inlet.take();
    if (this.inlet === null) return;
    this.undecided.own();
    this.undecided.trim();
    if (this.isWaiting) this.source.pause();
  }

  private framesOpened(): void {
    if (this.isClosed) return;
    this.scanner.newTurn();
    this.goOn();
    this.direction.caughtUp();
  }
}
