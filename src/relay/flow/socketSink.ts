import type { Duplex } from 'node:stream';
import { world } from '../../world/world.js';

/** The stream that a flow writes to. */
export class SocketSink {
  /** The total number of written bytes. */
  writtenBytes = 0;
  /** The stream has not taken all bytes that were written. */
  isFull = false;

  /** An observer of the writes to a client; null for none. */
  watch: WriteWatch | null = null;

  /** Some bytes were lost, because the stream was destroyed before they were written. */
  private hasLost = false;
  /** Callbacks that run once all bytes have been taken. */
  private waiting: (() => void)[] = [];
  private readonly flushed = (): void => this.onFlushed();
  /** The bytes written in this turn of the event loop leave together. */
  isGathering = false;
  private readonly turnEnded = (): void => this.endGathering();

  /** @param changed is called when the stream stops taking bytes, and when it has taken all of them again */
  constructor(
    private socket: Duplex,
    private readonly changed: (isFull: boolean) => void,
  ) {
    socket.on('drain', this.flushed);
  }

  /** Writes to another stream from now on: the TLS stream on this one. All earlier bytes must be out. */
  use(socket: Duplex): void {
    if (socket === this.socket) return;
    this.endGathering();
    this.socket.off('drain', this.flushed);
    socket.on('drain', this.flushed);
    this.socket = socket;
  }

  /** The kernel has all bytes that were written. */
  get hasTakenAll(): boolean {
    const { writableFinished, writableLength } = this.socket;
    return !this.hasLost && (writableFinished || (!this.isFull && writableLength === 0));
  }

  /**
   * Calls `then` once the kernel has all written bytes, at once if it already has. Never calls it if the stream closes
   * first.
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
    // No callback: for each one, Node allocates an object and needs a turn of its queue, even if all bytes left at
    // once.
    socket.write(bytes);
    // Corked bytes go out in a moment.
    if (socket.writableLength > 0 && socket.writableCorked === 0) this.fill();
    if (this.watch !== null) this.watch.wrote(this.writtenBytes);
    if (this.isGathering && socket.writableLength >= MAX_GATHERED_BYTES) this.endGathering();
  }

  /** The bytes written during `work` leave in one write. */
  together(work: () => void): void {
    this.socket.cork();
    work();
    this.uncork();
  }

  /**
   * Bytes written from now to the end of this turn of the event loop leave in one write, or in a few if there are many.
   * TLS brings records of 16 KiB, many of them in a turn.
   */
  gatherTurn(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    this.socket.cork();
    world.soon(this.turnEnded);
  }

  /** Writes the bytes that were gathered in this turn. */
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

  /** Relays a FIN, after all bytes are out. */
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

  /** Below its high-water mark, a stream does not report when its bytes are gone. An empty write after them does. */
  private awaitFlush(): void {
    const { socket } = this;
    if (!socket.writableNeedDrain && !socket.writableEnded && !socket.destroyed) socket.write(NOTHING, this.flushed);
  }

  private onFlushed(): void {
    if (!this.isFull || this.socket.destroyed) return;
    if (this.socket.writableLength > 0) {
      this.awaitFlush(); // more bytes were written after it
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

/** An observer of each write. */
export interface WriteWatch {
  /** The total of written bytes is now `writtenBytes`. */
  wrote(writtenBytes: number): void;
  /** The stream does not take the bytes written to it. */
  filled(): void;
}

const NOTHING = Buffer.alloc(0);

/** Once this many bytes are gathered, they leave before the end of the turn. */
const MAX_GATHERED_BYTES = 256 * 1024;
