/** Bytes that grow at their end. */
export class GrowingBytes {
  #bytes: Buffer;
  length = 0;

  /** @param roomBytes what fits without a larger buffer */
  constructor(roomBytes = 0) {
    this.#bytes = Buffer.allocUnsafe(roomBytes);
  }

  append(source: Buffer, from = 0, to = source.length): void {
    const length = this.length + to - from;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * length);
      copyBytes(this.#bytes, 0, this.length, larger, 0);
      this.#bytes = larger;
    }
    copyBytes(source, from, to, this.#bytes, this.length);
    this.length = length;
  }

  clear(): void {
    this.length = 0;
  }

  /** They are valid until the next change. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  copyTo(target: Buffer, at: number): void {
    copyBytes(this.#bytes, 0, this.length, target, at);
  }
}

/** Scans a chunk between two offsets. Returns the one up to which all is decided. */
export type Scan = (chunk: Buffer, from: number, end: number) => number;

// Bytes around a read and after it. A scanner that reads there, or keeps a view of passed bytes, sees these.
const RUBBISH = 0xff;
const HEADROOM_BYTES = 7;
const TAILROOM_BYTES = 5;
/** So that undecided bytes that grow by one get a larger chunk seldom. */
const SPARE_BYTES = 64 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/** The memory into which reads go. It holds rubbish between two reads. */
export class ReadMemory {
  #chunk = NOTHING;

  /** @returns a chunk for reads that end here */
  upTo(end: number): Buffer {
    if (this.#chunk.length < end + TAILROOM_BYTES) {
      this.#chunk = Buffer.alloc(end + TAILROOM_BYTES + Math.min(end, SPARE_BYTES), RUBBISH);
    }
    return this.#chunk;
  }
}

/** One direction's reads. Each reuses the memory of the last one. */
export class Reads {
  readonly undecided = new GrowingBytes();

  /** @param memory of no other reads at the same time */
  constructor(private readonly memory: ReadMemory) {}

  /** Shows undecided bytes again, and those of a new read after them. */
  show(scan: Scan, bytes = NOTHING, from = 0, to = bytes.length): void {
    const { undecided } = this;
    const readFrom = HEADROOM_BYTES + undecided.length;
    const end = readFrom + to - from;
    const chunk = this.memory.upTo(end);
    undecided.copyTo(chunk, HEADROOM_BYTES);
    copyBytes(bytes, from, to, chunk, readFrom);
    const decidedTo = scan(chunk, HEADROOM_BYTES, end);
    undecided.clear();
    undecided.append(chunk, decidedTo, end);
    spoilBytes(chunk, HEADROOM_BYTES, end);
  }
}

/** For a few bytes, a call of a buffer's method takes longer than a loop. */
const FEW_BYTES = 16;

export const copyBytes = (source: Buffer, from: number, to: number, target: Buffer, at: number): void => {
  if (to - from > FEW_BYTES) source.copy(target, at, from, to);
  else for (let index = from; index < to; index += 1) target[at + index - from] = source[index]!;
};

/** Puts rubbish where a read was. */
export const spoilBytes = (target: Buffer, from: number, to: number): void => {
  if (to - from > FEW_BYTES) target.fill(RUBBISH, from, to);
  else for (let index = from; index < to; index += 1) target[index] = RUBBISH;
};
