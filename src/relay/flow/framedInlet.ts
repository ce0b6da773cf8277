import type { Compression } from '../../protocol/compression.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Peer } from '../../protocol/peer.js';
import { FramedOutlet, type FramePlace } from './framedOutlet.js';
import { FrameOpener } from './frameOpener.js';
import type { SocketSink } from './socketSink.js';

/**
 * The inlet of compressed frames. It opens the frames of one direction, and gives their contents to the flow. Each
 * frame waits in the outlet until its content is decided:
 *
 *     source -> FrameOpener -> contents -> scan -> FramedOutlet -> sink
 *
 * Besides the bytes in its FrameOpener, a flow of frames holds at most two frames with their contents, and a second
 * copy of one content: a frame that ends inside a packet's header waits for the next frame. Frames that are held back
 * stay compressed.
 */
export class FramedInlet {
  readonly outlet: FramedOutlet;
  private readonly opener: FrameOpener;
  /** The number of bytes that were written before the first frame. */
  private readonly offsetBytes: number;
  private isDiverted = false;
  /** Further frames pass unopened. */
  private isOver = false;

  /** @param resume is called when frames that waited to be opened can be taken */
  constructor(
    private readonly framing: Framing,
    private readonly receiver: FrameReceiver,
    private readonly sink: SocketSink,
    resume: () => void,
  ) {
    this.outlet = new FramedOutlet(framing.peer, framing.numbers, (bytes) => sink.write(bytes));
    this.opener = new FrameOpener(framing.compression, resume);
    this.offsetBytes = sink.writtenBytes;
  }

  /** Whether frames wait to be opened. */
  get isBusy(): boolean {
    return this.opener.isBusy;
  }

  /** Adds the source's next bytes. They may change after the next `take`. */
  add(chunk: Buffer): void {
    this.opener.add(chunk);
  }

  /** Gives the receiver frame after frame, until none is complete or the receiver has to wait. */
  take(): void {
    const { receiver } = this;
    this.sink.together(() => {
      while (!this.isOver && !receiver.isClosed && !receiver.isWaiting) if (!this.takeOne()) break;
    });
    this.opener.own();
    this.outlet.own();
  }

  /** Hands the framing over, with the bytes of unopened frames. Takes no frames until `takeBack`. */
  divert(): DivertedFrames {
    this.isDiverted = true;
    const { compression, numbers } = this.framing;
    return { compression, numbers, waiting: this.rest() };
  }

  /** Ends `divert`. */
  takeBack(): void {
    this.isDiverted = false;
  }

  /** Takes all bytes that are left, unopened. Must not be called while it is busy. */
  rest(): Buffer {
    return this.opener.rest();
  }

  /** Returns whether there may be one more. */
  private takeOne(): boolean {
    const { opener, receiver, framing: { conversation, peer, place } } = this;
    if (this.isDiverted) return false;
    if (receiver.isTransparent) {
      this.isOver = true;
      receiver.endFrames();
      return false;
    }
    const frame = opener.next();
    if (frame === null) return false;
    const { bytes, content, isStored } = frame;
    if (content === null) {
      opener.putBack(bytes);
      conversation.giveUpFrames(peer, NOT_AS_DECLARED, bytes, this.offsetBytes + opener.takenBytes);
      return true;
    }
    this.outlet.push(bytes, content, place());
    if (content.length > 0) receiver.acceptPackets(content, !isStored);
    return true;
  }
}

/** The compressed frames of one direction. */
export interface Framing {
  /** The peer that the frames come from. */
  readonly peer: Peer;
  readonly compression: Compression;
  readonly numbers: FrameNumbers;
  readonly conversation: Pick<Conversation, 'giveUpFrames'>;
  /** Returns the place that the next frame has in the count of frame numbers. */
  readonly place: () => FramePlace;
}

/** The flow that takes the contents of frames. */
export interface FrameReceiver {
  /** It takes nothing more. */
  readonly isClosed: boolean;
  /** It can take no content now. */
  readonly isWaiting: boolean;
  /** It decides nothing any more: all further bytes pass. */
  readonly isTransparent: boolean;
  /**
   * Takes bytes of packets.
   * @param isOwned whether the chunk's memory belongs to the receiver from now on
   */
  acceptPackets(chunk: Buffer, isOwned: boolean): void;
  /** From now on, frames pass unopened. */
  endFrames(): void;
}

/** The bytes and the framing that a flow hands over to the code that continues in its place. */
export interface Diverted {
  /** Bytes of packets that have come and are not decided. */
  readonly packets: Buffer;
  /** Null without compression. */
  readonly frames: DivertedFrames | null;
}

/** The framing of both directions, and the bytes of unopened frames. */
export interface DivertedFrames {
  readonly compression: Compression;
  readonly numbers: FrameNumbers;
  readonly waiting: Buffer;
}

const NOT_AS_DECLARED = 'a frame that does not hold what it declares';
