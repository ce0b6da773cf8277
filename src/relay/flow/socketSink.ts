import type { Duplex } from 'node:stream';

/** The stream that a flow writes to. */
export class SocketSink {
  /** Bytes that were written. */
  writtenBytes = 0;
  /** It has not taken all that it was given. */
  isFull = false;

  /** Is told of what goes to a client. */
  watch: WriteWatch | null = null;

  /** Something written has gone nowhere: the stream was closed. */
  private hasLost = false;
  /** Are to be called once all has been taken. */
  private waiting: (() => void)[] = [];
  private readonly flushed = (): void => this.onFlushed();
  /** What is written in this turn of the event loop leaves together. */
  isGathering = false;
  private readonly turnEnded = (): void => this.endGathering();

  /**
   * @param changed is called when it has stopped taking what it is given, and when it has taken all of it again
   */
  constructor(
    private socket: Duplex,
    private readonly changed: (isFull: boolean) => void,
  ) {
    socket.on('drain', this.flushed);
  }

  /** Writes to another stream from here on: the one that this one is encrypted in. All that was written is out. */
  use(socket: Duplex): void {
    if (socket === this.socket) return;
    this.endGathering();
    this.socket.off('drain', this.flushed);
    socket.on('drain', this.flushed);
    this.socket = socket;
  }

  /** All that was written has been handed over to the kernel. */
  get hasTakenAll(): boolean {
    const { writableFinished, writableLength } = this.socket;
    return !this.hasLost && (writableFinished || (!this.isFull && writableLength === 0));
  }

  /**
   * Calls back once all that was written has been handed over, at once where it has; never where the stream closes
   * before.
   */
  whenTaken(then: () => void): void {
    if (this.hasTakenAll) then();
    else this.waiting.push(then);
  }

  write(bytes: Buffer): void {
    const { socket } = this;
    if (bytes.length === 0) return;
    if (socket.writableEnded) return;
    if (socket.destroyed) {
      this.hasLost = true;
      return;
    }
    this.writtenBytes += bytes.length;
    // No callback: for one, Node makes an object and a turn of its queue, also where all went at once.
    socket.write(bytes);
    // What is corked is going out in a moment.
    if (socket.writableLength > 0 && socket.writableCorked === 0) this.fill();
    if (this.watch !== null) this.watch.wrote(this.writtenBytes);
    if (this.isGathering && socket.writableLength >= MAX_GATHERED_BYTES) this.endGathering();
  }

  /** What is written during `work` leaves in one write. */
  together(work: () => void): void {
    this.socket.cork();
    work();
    this.uncork();
  }

  /**
   * What is written from here to the end of this turn of the event loop leaves in one write, or in a few where it is
   * much: what is read of TLS comes in records of 16 KiB, many of them in a turn.
   */
  gatherTurn(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    this.socket.cork();
    setImmediate(this.turnEnded);
  }

  /** Writes what was gathered in this turn. */
  endGathering(): void {
    if (!this.isGathering) return;
    this.isGathering = false;
    this.uncork();
  }

  private uncork(): void {
    const { socket } = this;
    socket.uncork();
    if (socket.writableLength === 0) this.tellTaken();
    else if (socket.writableCorked === 0 && !socket.destroyed) this.fill();
  }

  /** Relays a FIN, once all is out. */
  end(): void {
    this.socket.end();
  }

  private fill(): void {
    if (this.isFull) return;
    this.isFull = true;
    this.awaitFlush();
    this.watch?.filled();
    this.changed(true);
  }

  /** Of less than its high-water mark a stream tells nobody when it is gone: then an empty write behind it does. */
  private awaitFlush(): void {
    const { socket } = this;
    if (!socket.writableNeedDrain && !socket.writableEnded && !socket.destroyed) socket.write(NOTHING, this.flushed);
  }

  private onFlushed(): void {
    if (!this.isFull || this.socket.destroyed) return;
    if (this.socket.writableLength > 0) {
      this.awaitFlush(); // more was written behind it
      return;
    }
    this.isFull = false;
    this.tellTaken();
    this.changed(false);
  }

  private tellTaken(): void {
    if (this.waiting.length === 0 || !this.hasTakenAll) return;
    const { waiting } = this;
    this.waiting = [];
    for (const then of waiting) then();
  }
}

/** What has to be known of each write. */
export interface WriteWatch {
  /** So many bytes have been written all in all. */
  wrote(writtenBytes: number): void;
  /** The stream does not take what it is given. */
  filled(): void;
}

const NOTHING = Buffer.alloc(0);

/** More than that waits for the end of no turn. */
const MAX_GATHERED_BYTES = 256 * 1024;
