import type { Duplex } from 'node:stream';
import { frameNumber, type Compression } from '../../protocol/compression.js';
import type { Conversation } from '../../conversation/conversation.js';
import { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Peer } from '../../protocol/peer.js';
import type { Containment } from '../containment.js';
import { FramedOutlet, type FramePlace } from './framedOutlet.js';
import { Flow } from './flow.js';
import { FrameOpener } from './frameOpener.js';
import { PlainOutlet } from './outlet.js';
import type { ReadBuffer } from './readBuffer.js';

/**
 * A flow that can change to compressed frames. From then on it opens the frames, decides on their contents, and writes
 * frames:
 *
 *     source -> FrameOpener -> contents -> scan -> FramedOutlet -> sink
 *
 * Besides the bytes in its FrameOpener, it holds at most two frames with their contents, and a second copy of one
 * content: a frame that ends inside a packet's header waits for the next frame. Frames that are held back stay
 * compressed.
 */
export abstract class FramedFlow extends Flow {
  /** Null while packets come without frames. */
  private frames: Frames | null = null;
  private isDiverted = false;

  /**
   * @param peer the peer that `source` connects to
   * @param conversation its reader of this peer scans the bytes
   */
  constructor(
    source: Duplex, sink: Duplex, private readonly peer: Peer, protected readonly conversation: Conversation,
    containment: Pick<Containment, 'contain'>,
  ) {
    super(source, sink, conversation[peer], containment);
  }

  /** From now on, all bytes behind the decided ones come in frames and go out in frames. */
  beginFrames(compression: Compression, numbers: FrameNumbers): void {
    if (this.scanner.isTransparent) return;
    const behind = Buffer.from(this.held);
    this.undecided.drop();
    const queue = new FramedOutlet(this.peer, numbers, (bytes) => this.sink.write(bytes));
    const opener = new FrameOpener(compression, () => this.contain(() => this.onOpened()));
    this.frames = { opener, queue, compression, numbers, offsetBytes: this.sink.writtenBytes };
    this.outlet = queue;
    this.accept(behind);
  }

  /** Returns the bytes that have come and are not decided. The flow must get no more bytes until `takeBack`. */
  protected divert(): Diverted {
    this.isDiverted = true;
    const packets = Buffer.from(this.held);
    this.outlet.drop(packets);
    this.undecided.drop();
    if (this.frames === null) return { packets, frames: null };
    const { compression, numbers, opener } = this.frames;
    return { packets, frames: { compression, numbers, waiting: opener.rest() } };
  }

  /** Ends `divert`: the flow takes the next bytes again. */
  takeBack(): void {
    this.isDiverted = false;
  }

  override get waitsForTurn(): boolean {
    return super.waitsForTurn || this.isOpening;
  }

  /** Whether frames wait to be opened. */
  private get isOpening(): boolean {
    return this.frames !== null && this.frames.opener.isBusy;
  }

  override get isEmpty(): boolean {
    return super.isEmpty && !this.isOpening;
  }

  /** Whether the next bytes could be written unchanged. */
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

  /** Returns the place in the count of frame numbers that a new frame has. */
  protected abstract placeOf(frameNumber: number): FramePlace;

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

  /** Takes frames until none is left or the flow has to wait. */
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

  /** Takes one frame. Returns false if no frame can be taken. */
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
      this.conversation.giveUpFrames(this.peer, NOT_AS_DECLARED, frame.bytes, offsetBytes + opener.takenBytes);
      return true;
    }
    queue.push(frame.bytes, frame.content, this.placeOf(frameNumber(frame.bytes)));
    if (frame.content.length > 0) this.acceptPackets(frame.content, !frame.isStored);
    return true;
  }

  /** Ends the opening of frames: all further frames pass unopened. */
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

const NOT_AS_DECLARED = 'a frame that does not hold what it declares';

/** The state of a flow on connections that use compression. */
interface Frames {
  readonly opener: FrameOpener;
  readonly queue: FramedOutlet;
  readonly compression: Compression;
  readonly numbers: FrameNumbers;
  /** The number of bytes that were written before the first frame. */
  readonly offsetBytes: number;
}

/** The bytes and the framing that a flow hands over to the code that continues in its place. */
export interface Diverted {
  /** Bytes of packets that have come and are not decided. */
  readonly packets: Buffer;
  /** The framing of both directions, and the bytes of unopened frames; null without compression. */
  readonly frames: {
    readonly compression: Compression;
    readonly numbers: FrameNumbers;
    readonly waiting: Buffer;
  } | null;
}

/**
 * Changes both directions of a session to compressed frames.
 * @param responses tells whether a response is under way
 */
export function beginFrames(
  compression: Compression, requests: FramedFlow, responses: FramedFlow & { readonly isAnswering: boolean },
): void {
  const numbers = new FrameNumbers(() => responses.isAnswering);
  for (const flow of [requests, responses]) flow.beginFrames(compression, numbers);
}
