import type { Duplex } from 'node:stream';
import { frameNumber, type Compression } from '../../protocol/compression.js';
import type { PacketScanner } from '../../protocol/packetScanner.js';
import { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Peer } from '../../protocol/peer.js';
import { FrameQueue, type FramePlace } from './framedOutlet.js';
import { Flow } from './flow.js';
import { FrameOpener } from './frameOpener.js';
import { PlainOutlet } from './outlet.js';
import type { ReadBuffer } from './readBuffer.js';

/**
 * A flow that may turn to compressed frames. From then on the chunks that it decides on are what is in the frames,
 * and what it writes is the frames:
 *
 *     source -> FrameOpener -> contents -> scan -> FrameQueue -> sink
 *
 * Beside what a FrameOpener holds, it holds two frames with their contents at most, and one of these contents once
 * more: a frame that ends inside a packet's header waits for the next. What is kept back is kept compressed.
 */
export abstract class FramedFlow extends Flow {
  /** Null as long as packets come without frames. */
  private frames: Frames | null = null;
  private isDiverted = false;

  /** @param peer the one that `source` is on */
  constructor(source: Duplex, sink: Duplex, private readonly peer: Peer, scanner: PacketScanner) {
    super(source, sink, scanner);
  }

  /** All behind the bytes that were decided on comes, and goes out, in frames. */
  beginFrames(compression: Compression, numbers: FrameNumbers): void {
    if (this.scanner.isTransparent) return;
    const behind = Buffer.from(this.held);
    this.undecided.drop();
    const queue = new FrameQueue(this.peer, numbers, (bytes) => this.sink.write(bytes));
    const opener = new FrameOpener(compression, () => this.contain(() => this.onOpened()));
    this.frames = { opener, queue, compression, numbers, offsetBytes: this.sink.writtenBytes };
    this.outlet = queue;
    this.accept(behind);
  }

  /** Gives all that has come and is not decided on; until `takeBack` nothing more must. */
  protected divert(): Diverted {
    this.isDiverted = true;
    const packets = Buffer.from(this.held);
    this.outlet.drop(packets);
    this.undecided.drop();
    if (this.frames === null) return { packets, frames: null };
    const { compression, numbers, opener } = this.frames;
    return { packets, frames: { compression, numbers, waiting: opener.rest() } };
  }

  /** Goes on with what comes next. */
  takeBack(): void {
    this.isDiverted = false;
  }

  override get waitsForTurn(): boolean {
    return super.waitsForTurn || this.isOpening;
  }

  /** Whether frames that have come wait to be opened. */
  private get isOpening(): boolean {
    return this.frames !== null && this.frames.opener.isBusy;
  }

  override get isEmpty(): boolean {
    return super.isEmpty && !this.isOpening;
  }

  /** Whether what is going to come could be written as it comes. */
  get canPassFrames(): boolean {
    return this.frames?.queue.canPassFrames ?? true;
  }

  override accept(chunk: Buffer): void {
    if (this.frames === null) super.accept(chunk);
    else this.acceptFrames(this.frames, chunk);
  }

  override acceptRead(buffer: ReadBuffer, byteCount: number): void {
    if (this.frames === null) super.acceptRead(buffer, byteCount);
    else this.acceptFrames(this.frames, buffer.room.subarray(0, byteCount));
  }

  override close(): void {
    super.close();
    this.frames = null;
  }

  override flushHeld(): void {
    super.flushHeld();
    this.takeFrames();
  }

  override flushRest(): void {
    super.flushRest();
    if (!this.isWaiting && this.frames !== null) this.sink.write(this.frames.opener.rest());
  }

  /** What a frame that has just come is to the count. */
  protected abstract placeOf(frameNumber: number): FramePlace;

  /** A frame does not hold what it declares: makes the scanner transparent, or closes the flow. */
  protected abstract unreadable(frame: Buffer, offsetBytes: number): void;

  protected override get isWaiting(): boolean {
    return super.isWaiting || this.isOpening;
  }

  protected override goOn(): void {
    this.takeFrames();
    super.goOn();
  }

  private acceptFrames({ opener }: Frames, chunk: Buffer): void {
    this.scanner.newTurn();
    opener.add(chunk);
    this.takeFrames();
  }

  /** Takes in the frames that are there, as far as that goes. */
  private takeFrames(): void {
    if (this.frames === null) return;
    this.sink.together(() => {
      while (this.frames !== null && !this.isWaiting) if (!this.takeFrame(this.frames)) break;
    });
    if (this.frames === null) return;
    this.frames.opener.own();
    this.frames.queue.own();
    this.undecided.own();
    this.undecided.trim();
    if (this.isWaiting) this.source.pause();
  }

  /** Returns false where none is there. */
  private takeFrame({ opener, queue, offsetBytes }: Frames): boolean {
    if (this.isDiverted) return false;
    if (this.scanner.isTransparent) {
      this.endFrames(opener);
      return false;
    }
    const frame = opener.next();
    if (frame === null) return false;
    if (frame.content === null) {
      opener.putBack(frame.bytes);
      this.unreadable(frame.bytes, offsetBytes + opener.takenBytes);
      return true;
    }
    queue.push(frame.bytes, frame.content, this.placeOf(frameNumber(frame.bytes)));
    if (frame.content.length > 0) this.acceptPackets(frame.content, !frame.isStored);
    return true;
  }

  /** From here on frames pass unopened. */
  private endFrames(opener: FrameOpener): void {
    this.isBlocked = false;
    if (this.heldBytes > 0) this.pump();
    this.outlet.release();
    this.outlet = new PlainOutlet(this.sink);
    this.frames = null;
    this.sink.write(opener.rest());
  }

  private onOpened(): void {
    if (this.isClosed) return;
    this.scanner.newTurn();
    this.goOn();
    this.caughtUp();
  }
}

/** What a flow goes through whose ends compress. */
interface Frames {
  readonly opener: FrameOpener;
  readonly queue: FrameQueue;
  readonly compression: Compression;
  readonly numbers: FrameNumbers;
  /** Bytes that came before the first frame. */
  readonly offsetBytes: number;
}

/** What somebody is given who goes on in a flow's place. */
export interface Diverted {
  /** Bytes of packets that have come and are not decided on. */
  readonly packets: Buffer;
  /** How both directions are framed, and what has come of frames that are not opened; null where there are none. */
  readonly frames: {
    readonly compression: Compression;
    readonly numbers: FrameNumbers;
    readonly waiting: Buffer;
  } | null;
}

/**
 * From here on both directions of a session come, and go out, in frames.
 * @param responses knows whether a response is under way
 */
export function beginFrames(
  compression: Compression, requests: FramedFlow, responses: FramedFlow & { readonly isAnswering: boolean },
): void {
  const numbers = new FrameNumbers(() => responses.isAnswering);
  for (const flow of [requests, responses]) flow.beginFrames(compression, numbers);
}
