import { frameNumber, renumber, storedContent, storedFrame } from '../../protocol/compression.js';
import { otherPeer, type Peer } from '../../protocol/peer.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Outlet } from './outlet.js';

/**
 * The outlet of packets in compressed frames. It holds the frames of one direction until the last byte of their content
 * is decided.
 *
 *     content of the first frame   [... done ...)[... to be forwarded ...)[... kept ...)[... undecided ...)
 *
 * A frame whose whole content is forwarded goes out as it came. A frame is split into stored frames if a part of it is
 * dropped, if packets are inserted, or if a part cannot wait for the decision on the rest.
 */
export class FramedOutlet implements Outlet {
  private readonly frames: QueuedFrame[] = [];
  /** The number of bytes after the decided ones that wait for `release` or `dropKept`. */
  private keptBytes = 0;

  /**
   * @param from the peer whose connection the frames come from
   * @param write takes each piece that goes out on the other connection
   */
  constructor(
    private readonly from: Peer,
    private readonly numbers: FrameNumbers,
    private readonly write: (bytes: Buffer) => void,
  ) {}

  /**
   * Adds the next frame.
   * @param bytes the frame as it came; they must not change until `own` is called
   * @param content the frame's content; it must not change, unless it is a part of `bytes`
   */
  push(bytes: Buffer, content: Buffer, place: FramePlace): void {
    this.frames.push({
      bytes, content, contentBytes: content.length, place,
      decidedBytes: 0, doneBytes: 0, hasBegun: false, isOwned: false,
    });
    this.finishFrames();
  }

  /** Forwards the next bytes of content. */
  forward({ length }: Buffer): void {
    this.decide(length, false);
  }

  /** Drops the next bytes of content. */
  drop({ length }: Buffer): void {
    this.decide(length, true);
  }

  /** Holds back the next bytes of content. The bytes that follow wait behind them. */
  keep({ length }: Buffer): void {
    this.keptBytes += length;
    // Kept bytes are forwarded or dropped together, so a frame that lies within them is never split.
    let leftBytes = this.keptBytes;
    for (const frame of this.frames) {
      leftBytes -= frame.contentBytes - frame.decidedBytes;
      if (leftBytes < 0) return;
      if (frame.decidedBytes === 0) frame.content = null;
    }
  }

  /** Forwards the kept bytes. */
  release(): void {
    if (this.keptBytes > 0) this.decide(this.keptBytes, false);
    this.keptBytes = 0;
  }

  /** Drops the kept bytes. */
  dropKept(): void {
    if (this.keptBytes > 0) this.decide(this.keptBytes, true);
    this.keptBytes = 0;
  }

  /** Inserts packets after all decided bytes. They have at most 0xFFFFFF bytes. */
  inject(packets: Buffer): void {
    this.flush();
    this.write(this.wrap(packets));
  }

  /** Returns packets in a frame that continues the written ones. Towards the server, the packets begin a command. */
  wrap(packets: Buffer): Buffer {
    const { numbers, from } = this;
    return storedFrame(from === 'client' ? numbers.restart() : numbers.insert(otherPeer(from)), packets);
  }

  /** Returns a packet that begins a command, in a frame. With it, both ends restart the count. */
  wrapCommand(packet: Buffer): Buffer {
    return storedFrame(this.numbers.restart(), packet);
  }

  /** Returns packets in a frame that answers the frames that have come. */
  wrapAnswer(packets: Buffer): Buffer {
    return storedFrame(this.numbers.insert(this.from), packets);
  }

  /** Returns packets in a frame that answers a command. That command came in frame 0 and is not forwarded. */
  wrapRefusal(packets: Buffer): Buffer {
    return storedFrame(1, packets);
  }

  /** Whether the next frames could be forwarded as they come, with their numbers. */
  get canPassBytes(): boolean {
    return !this.numbers.differ && (this.from === 'client' || this.frames[0]?.hasBegun !== true);
  }

  /** Writes the decided part of the first frame, without waiting for the decision on its rest. */
  flush(): void {
    const [frame] = this.frames;
    if (frame !== undefined) this.writePart(frame);
  }

  /** The outlet has no decided or kept bytes left. */
  get isSettled(): boolean {
    const [first] = this.frames;
    return this.keptBytes === 0 && (first === undefined || first.doneBytes === first.decidedBytes);
  }

  /** Copies the queued bytes, because the memory that they came in will be overwritten. */
  own(): void {
    for (let index = this.frames.length - 1; index >= 0; index -= 1) {
      const frame = this.frames[index]!;
      if (frame.isOwned) return;
      frame.isOwned = true;
      frame.bytes = Buffer.from(frame.bytes);
      if (frame.content !== null) frame.content = storedContent(frame.bytes) ?? frame.content;
    }
  }

  private decide(byteCount: number, isDropped: boolean): void {
    if (isDropped) this.flush();
    let leftBytes = byteCount;
    for (const frame of this.frames) {
      if (leftBytes === 0) break;
      const decidedBytes = Math.min(leftBytes, frame.contentBytes - frame.decidedBytes);
      frame.decidedBytes += decidedBytes;
      leftBytes -= decidedBytes;
      if (isDropped) this.noteDropped(frame);
    }
    this.finishFrames();
  }

  /**
   * The decided bytes of a frame's content are done. A client counts on from the frame in which its dropped command
   * came, also if a command before it came in the same frame.
   */
  private noteDropped(frame: QueuedFrame): void {
    frame.doneBytes = frame.decidedBytes;
    if (this.from === 'client') this.numbers.drop('client', frameNumber(frame.bytes));
  }

  /** Removes the completely decided frames at the front. */
  private finishFrames(): void {
    for (;;) {
      const [frame] = this.frames;
      if (frame === undefined || frame.decidedBytes < frame.contentBytes) return;
      if (frame.doneBytes === 0) this.writeWhole(frame);
      else this.writePart(frame);
      if (!frame.hasBegun) this.numbers.drop(this.from, frameNumber(frame.bytes));
      this.frames.shift();
    }
  }

  private writeWhole(frame: QueuedFrame): void {
    const number = this.nextNumber(frame);
    frame.hasBegun = true;
    if (number !== frameNumber(frame.bytes)) renumber(frame.bytes, number);
    this.write(frame.bytes);
  }

  private writePart(frame: QueuedFrame): void {
    if (frame.decidedBytes === frame.doneBytes) return;
    const part = frame.content!.subarray(frame.doneBytes, frame.decidedBytes);
    this.write(storedFrame(this.nextNumber(frame), part));
    frame.hasBegun = true;
    frame.doneBytes = frame.decidedBytes;
  }

  private nextNumber(frame: QueuedFrame): number {
    const { numbers, from } = this;
    const number = frameNumber(frame.bytes);
    // A client's frame is only split before a command, and a command restarts the count.
    if (frame.hasBegun) return from === 'client' ? numbers.restart() : numbers.insert('client');
    if (frame.place === 'next') return numbers.relay(from, number);
    return from === 'client' ? numbers.ask(number) : numbers.begin(number);
  }
}

/** The place of a frame in the stream, which determines its number. */
export type FramePlace =
  /** A command: its frames have the same numbers on both connections. */
  | 'command'
  /** The first frame of a response: its number is the same on both connections, regardless of earlier frames. */
  | 'first'
  /**
   * A further frame of a response, or a frame of the upload that a response asked for: it continues each connection's
   * count.
   */
  | 'next';

/** A frame that is not completely decided. */
interface QueuedFrame {
  /** The frame as it came. */
  bytes: Buffer;
  /** Null if the frame can only be forwarded or dropped as a whole. */
  content: Buffer | null;
  readonly contentBytes: number;
  readonly place: FramePlace;
  /** The decided bytes of the content, and how many of these are done: written or dropped. */
  decidedBytes: number;
  doneBytes: number;
  /** The frame or its first part has been written. */
  hasBegun: boolean;
  /** The memory of `bytes` belongs to the outlet. */
  isOwned: boolean;
}
