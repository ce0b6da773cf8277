import { frameNumber, renumber, storedContent, storedFrame } from '../../protocol/compression.js';
import { otherPeer, type Peer } from '../../protocol/peer.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Outlet } from './outlet.js';

/** What a frame belongs to, which says how it is counted. */
export type FramePlace =
  /** A command: its frames have the same numbers on both connections. */
  | 'command'
  /** A response begins with it: its number is the same on both connections, whatever came before. */
  | 'first'
  /** A response, or the upload that it asked for, goes on: it follows on what each connection saw last. */
  | 'next';

/** A frame that is not wholly decided on. */
interface QueuedFrame {
  /** The frame as it came. */
  bytes: Buffer;
  /** Null where it can only be forwarded or dropped as a whole. */
  content: Buffer | null;
  readonly contentBytes: number;
  readonly place: FramePlace;
  /** How much of the content is decided on, and how much of that is dealt with: written on, or dropped. */
  decidedBytes: number;
  doneBytes: number;
  /** It, or its first part, has been written on. */
  hasBegun: boolean;
  /** `bytes` are the queue's own. */
  isOwned: boolean;
}

/**
 * The outlet of packets that are in compressed frames: the frames of one direction, from the arrival of their content
 * to the verdict on its last byte.
 *
 *     content of the first frame   [... done ...)[... to be forwarded ...)[... kept ...)[... undecided ...)
 *
 * A frame whose whole content is forwarded goes on as it came. Only where part of it is dropped, where something is put
 * in, or where it cannot wait for the verdict on its rest, its parts go on in stored frames of their own.
 */
export class FrameQueue implements Outlet {
  private readonly frames: QueuedFrame[] = [];
  /** So much behind what is decided waits for `release` or `dropKept`. */
  private keptBytes = 0;

  /**
   * @param from the connection that the frames come from
   * @param write takes what goes on to the other connection, piece by piece
   */
  constructor(
    private readonly from: Peer,
    private readonly numbers: FrameNumbers,
    private readonly write: (bytes: Buffer) => void,
  ) {}

  /**
   * Takes in the next frame.
   * @param bytes the frame as it came; they have to stay as they are until `own` is called
   * @param content what is in it, which has to stay as it is, unless it is a part of `bytes`
   */
  push(bytes: Buffer, content: Buffer, place: FramePlace): void {
    this.frames.push({
      bytes, content, contentBytes: content.length, place,
      decidedBytes: 0, doneBytes: 0, hasBegun: false, isOwned: false,
    });
    this.finishFrames();
  }

  /** The next bytes of content go on. */
  forward({ length }: Buffer): void {
    this.decide(length, false);
  }

  /** The next bytes of content go nowhere. */
  drop({ length }: Buffer): void {
    this.decide(length, true);
  }

  /** The next bytes of content wait, those that follow wait behind them. */
  keep({ length }: Buffer): void {
    this.keptBytes += length;
    // What is kept is forwarded or dropped at once, so frames that lie within it are not going to be parted.
    let leftBytes = this.keptBytes;
    for (const frame of this.frames) {
      leftBytes -= frame.contentBytes - frame.decidedBytes;
      if (leftBytes < 0) return;
      if (frame.decidedBytes === 0) frame.content = null;
    }
  }

  /** What was kept goes on. */
  release(): void {
    if (this.keptBytes > 0) this.decide(this.keptBytes, false);
    this.keptBytes = 0;
  }

  /** What was kept goes nowhere. */
  dropKept(): void {
    if (this.keptBytes > 0) this.decide(this.keptBytes, true);
    this.keptBytes = 0;
  }

  /** Puts packets in behind all that was decided. They have at most 0xFFFFFF bytes. */
  inject(packets: Buffer): void {
    this.flush();
    this.write(this.wrap(packets));
  }

  /** Packets as they have to be to follow on what has gone on so far; to the server they are a command. */
  wrap(packets: Buffer): Buffer {
    const { numbers, from } = this;
    return storedFrame(from === 'client' ? numbers.restart() : numbers.insert(otherPeer(from)), packets);
  }

  /** A packet that begins a command: with it both ends count frames afresh. */
  wrapCommand(packet: Buffer): Buffer {
    return storedFrame(this.numbers.restart(), packet);
  }

  /** Packets as they have to be to answer what has come so far. */
  wrapAnswer(packets: Buffer): Buffer {
    return storedFrame(this.numbers.insert(this.from), packets);
  }

  /** Packets as they have to be to answer a command that goes no further, and came in frame 0. */
  wrapRefusal(packets: Buffer): Buffer {
    return storedFrame(1, packets);
  }

  /** Whether what comes next could go on as it comes, with its numbers. */
  get canPassFrames(): boolean {
    return !this.numbers.differ && (this.from === 'client' || this.frames[0]?.hasBegun !== true);
  }

  /** Sends on the part of the first frame that is decided, without waiting for the verdict on its rest. */
  flush(): void {
    const [frame] = this.frames;
    if (frame !== undefined) this.writePart(frame);
  }

  /** Nothing of what was decided or kept is still here. */
  get isSettled(): boolean {
    const [first] = this.frames;
    return this.keptBytes === 0 && (first === undefined || first.doneBytes === first.decidedBytes);
  }

  /** Copies what is queued: the memory that it came in is going to be overwritten. */
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
      if (isDropped) frame.doneBytes = frame.decidedBytes;
    }
    this.finishFrames();
  }

  /** Takes out the frames at the front that are wholly decided on. */
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
    // What comes from a client is only ever parted in front of a command, and with that the count begins again.
    if (frame.hasBegun) return from === 'client' ? numbers.restart() : numbers.insert('client');
    if (frame.place === 'next') return numbers.relay(from, number);
    return from === 'client' ? numbers.ask(number) : numbers.begin(number);
  }
}
