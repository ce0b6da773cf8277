import {
  declaredContentBytes, open, openNow, storedContent, type Compression,
} from '../../protocol/compression.js';
import { FrameReader } from '../../protocol/frameReader.js';
import { turns } from './turns.js';

/**
 * Opens the frames of one direction, one after the other.
 *
 * Bounded: one frame that is not whole yet, one chunk of frames whose turn has not come, and one frame that is being
 * opened, with its content. The protocol bounds a frame, and its content, to 16 MiB.
 */
export class FrameOpener {
  /** It says so itself when frames can be taken again. */
  isBusy = false;
  /** Bytes of frames that were taken, in the stream. */
  takenBytes = 0;

  private readonly reader = new FrameReader();
  private opened: OpenedFrame | null = null;
  private turnBytes = 0;

  /** @param resume is called when it is no longer busy */
  constructor(private readonly compression: Compression, private readonly resume: () => void) {}

  /** Adds the stream's next bytes. They have to stay as they are until `own` is called. */
  add(chunk: Buffer): void {
    this.reader.add(chunk);
    this.turnBytes = 0;
  }

  /** The next frame, opened. Null where more has to come first, or where it is busy. */
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

  /** Copies what is not taken yet: the memory that it came in is going to be overwritten. */
  own(): void {
    this.reader.own();
  }

  /** Puts a frame back that was taken last. */
  putBack(bytes: Buffer): void {
    this.reader.putBack(bytes);
    this.takenBytes -= bytes.length;
  }

  /** Takes everything that is there as it came, unopened; not while it is busy. */
  rest(): Buffer {
    if (this.opened !== null) this.putBack(this.opened.bytes);
    this.opened = null;
    return this.reader.rest();
  }

  private wait(): null {
    this.isBusy = true;
    turns.next(() => {
      this.turnBytes = 0;
      this.goOn();
    });
    return null;
  }

  private openLater(bytes: Buffer): null {
    this.isBusy = true;
    void open(this.compression, bytes).then((content) => {
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

/** A frame that was opened. */
export interface OpenedFrame {
  /** The frame as it came. They have to stay as they are as long as it is needed. */
  readonly bytes: Buffer;
  /** What is in it; null where that is not what it declares. */
  readonly content: Buffer | null;
  /** The content is a part of `bytes`; else it has memory of its own. */
  readonly isStored: boolean;
}

/** A frame with more content is opened in a thread of its own: this much takes about a millisecond. */
const MAX_BYTES_AT_ONCE = 256 * 1024;
/** After so much content the other sessions have their turn. */
const MAX_BYTES_PER_TURN = 512 * 1024;
/** What a frame costs, whatever is in it, is what so much content costs. */
const BYTES_FOR_A_FRAME = 4 * 1024;
