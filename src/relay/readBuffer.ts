/**
 * Where a socket's reads land. A session has one buffer: it reads on only when everything that it read has been taken, so
 * a second would stand idle. It is small while little comes, because thousands of sessions wait for their next command at
 * the same time, and large while much comes, because that is what makes a byte cheap.
 *
 *     [0, headroom) bytes of the last read that are still undecided · [headroom, ...) where the next read lands
 */
const SMALL_BYTES = 8 * 1024;
const LARGE_BYTES = 1024 * 1024;

/** A packet header and all but the last byte that decides it fit before the next read, so nothing is moved to join them. */
export const HEADROOM_BYTES = 8;

/** Large buffers that nobody reads into at the moment, kept so that not each burst allocates its own. */
const spares: Buffer[] = [];
const MAX_SPARES = 8;

export class ReadBuffer {
  /** The whole buffer, headroom first. */
  whole: Buffer = Buffer.allocUnsafeSlow(HEADROOM_BYTES + SMALL_BYTES);
  /** The part that the socket may fill next. */
  room: Buffer = this.whole.subarray(HEADROOM_BYTES);

  /**
   * Suits the buffer's size to what the last read brought. Only to be called while nothing in the buffer is needed any more.
   * @param readBytes what the last read brought
   */
  adapt(readBytes: number): void {
    if (!this.isLarge && readBytes >= SMALL_BYTES) {
      this.use(spares.pop() ?? Buffer.allocUnsafeSlow(HEADROOM_BYTES + LARGE_BYTES));
    } else if (this.isLarge && readBytes < SMALL_BYTES / 2) {
      this.release();
      this.use(Buffer.allocUnsafeSlow(HEADROOM_BYTES + SMALL_BYTES));
    }
  }

  /** Gives a large buffer back, once nothing in it is needed any more and nothing is going to be read. */
  release(): void {
    if (this.isLarge && spares.length < MAX_SPARES) spares.push(this.whole);
    this.use(NOTHING);
  }

  private get isLarge(): boolean {
    return this.whole.length > HEADROOM_BYTES + SMALL_BYTES;
  }

  private use(bytes: Buffer): void {
    this.whole = bytes;
    this.room = bytes.subarray(HEADROOM_BYTES);
  }
}

const NOTHING = Buffer.alloc(0);
