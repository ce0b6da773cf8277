import {
  declaredContentBytes, open, openNow, storedContent, type Compression,
} from '../../protocol/compression.js';
import { FrameReader } from '../../protocol/frameReader.js';
import { world } from '../../world/world.js';

/**
 * Opens the frames of one direction, one after the other.
 *
 * It holds at most one incomplete frame, one chunk of frames that wait for their turn, and one frame that is being
 * opened, with its content. The protocol limits a frame, and its content, to 16 MiB.
 */
export class FrameOpener {
  /** It cannot give a frame now. It calls `resume` when it can again. */
  isBusy = false;
  /** The number of bytes of the frames that were taken. */
  takenBytes = 0;

  private readonly reader = new FrameReader();
  private opened: OpenedFrame | null = null;
  private turnBytes = 0;

  /** @param resume is called when `isBusy` becomes false */
  constructor(private readonly compression: Compression, private readonly resume: () => void) {}

  /** Adds the stream's next bytes. They must not change until `own` is called. */
  add(chunk: Buffer): void {
    this.reader.add(chunk);
    this.turnBytes = 0;
  }

  /** Returns the next frame, opened. Null if more bytes have to come first, or if it is busy. */
  next(): OpenedFrame | null {
    const { opened } = this;
    if (opened !== null) {
      this.opened = null;
      return opened;
    }
    if (this.isBusy) return null;
    if (this.turnBytes >= MAX_BYTES_PER_TURN) return this.wait();
    const bytes = this.reader.next();
    if (bytes === null) return null;
    this.takenBytes += bytes.length;
    const contentBytes = declaredContentBytes(bytes);
    this.turnBytes += BYTES_FOR_A_FRAME + contentBytes;
    const stored = storedContent(bytes);
    if (stored !== null) return { bytes, content: stored, isStored: true };
    if (contentBytes > MAX_BYTES_AT_ONCE) return this.openLater(Buffer.from(bytes));
    return { bytes, content: openNow(this.compression, bytes), isStored: false };
  }

  /** Copies the bytes that are not taken yet, because the memory that they came in will be overwritten. */
  own(): void {
    this.reader.own();
  }

  /** Puts back the frame that was taken last. */
  putBack(bytes: Buffer): void {
    this.reader.putBack(bytes);
    this.takenBytes -= bytes.length;
  }

  /** Takes all bytes that are left, unopened. Must not be called while it is busy. */
  rest(): Buffer {
    if (this.opened !== null) this.putBack(this.opened.bytes);
    this.opened = null;
    return this.reader.rest();
  }

  private wait(): null {
    this.isBusy = true;
    world.turns.next(() => {
      this.turnBytes = 0;
      this.goOn();
    });
    return null;
  }

  private openLater(bytes: Buffer): null {
    this.isBusy = true;
    const { compression } = this;
    const work = { inThread: () => open(compression, bytes), here: () => openNow(compression, bytes) };
    void world.aside(work).then((content) => {
      this.opened = { bytes, content, isStored: false };
      this.goOn();
    });
    return null;
  }

  private goOn(): void {
    this.isBusy = false;
    this.resume();
  }
}

/** An opened frame. */
export interface OpenedFrame {
  /** The frame as it came. The bytes must not change while the frame is in use. */
  readonly bytes: Buffer;
  /** The content; null if it is not what the frame declares. */
  readonly content: Buffer | null;
  /** The content is a part of `bytes`. Otherwise it has its own memory. */
  readonly isStored: boolean;
}

/** A frame with more content is opened in another thread: opening this much takes about a millisecond. */
const MAX_BYTES_AT_ONCE = 256 * 1024;
/** After this much content, the other sessions get a turn. */
const MAX_BYTES_PER_TURN = 512 * 1024;
/** The fixed cost of opening a frame, as the number of content bytes that cost the same. */
const BYTES_FOR_A_FRAME = 4 * 1024;
