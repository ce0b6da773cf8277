import { ByteQueue } from './byteQueue.js';
import type { KernelSocket, SocketListener } from './kernelSocket.js';
import type { Link } from './link.js';
import type { Random } from './random.js';
import type { PlannedEvent, Scheduler } from './scheduler.js';

/** A model's end of a connection. */
export class NetEnd implements SocketListener {
  onConnected: () => void = () => undefined;
  onBytes: (bytes: Buffer) => void = () => undefined;
  /** The other end sends no more (FIN). */
  onEnd: () => void = () => undefined;
  /** The connection is over: both directions have ended, or it was reset. */
  onClosed: (how: 'reset' | 'closed') => void = () => undefined;
  /** The kernel has taken all that was written. */
  onDrained: () => void = () => undefined;
  /** The most bytes of one read. */
  readBytes = 64 * 1024;
  /** The time from the arrival of bytes to their read, in ms. */
  readAfterMs = (): number => 0.02 * this.random.fraction();
  private readonly pending = new ByteQueue();
  private isConnected = false;
  private isPaused = false;
  private isEnding = false;
  private hasHeardEnd = false;
  private isOver = false;
  private planned: PlannedEvent | null = null;

  constructor(
    /** For the story. */
    readonly name: string,
    private readonly socket: KernelSocket, readonly link: Link, private readonly scheduler: Scheduler,
    private readonly random: Random,
  ) {
    socket.listen(this);
    this.isConnected = socket === link.to;
  }

  get localAddress(): string {
    return this.socket.ends.local.host;
  }

  get localPort(): number {
    return this.socket.ends.local.port;
  }

  get remoteAddress(): string {
    return this.socket.ends.remote.host;
  }

  get remotePort(): number {
    return this.socket.ends.remote.port;
  }

  /** It is not over, and this end has not ended. */
  get isOpen(): boolean {
    return !this.isOver && !this.isEnding;
  }

  /** Bytes that were written and that the kernel has not taken. */
  get pendingBytes(): number {
    return this.pending.byteCount;
  }

  /** Bytes that have come and were not read. */
  get unreadBytes(): number {
    return this.socket.unreadBytes;
  }

  /** Writes bytes after all earlier ones. Does nothing once this end has ended. */
  write(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.pending.push(Buffer.from(bytes));
    this.flush();
  }

  /** Sends no more: a FIN follows what was written. */
  end(): void {
    if (!this.isOpen) return;
    this.isEnding = true;
    this.flush();
  }

  /** Closes at once, as a program that ends: what the kernel has still goes out, unless something is unread. */
  close(): void {
    if (this.isOver) return;
    this.socket.close();
    this.over('closed', false);
  }

  /** Closes at once with a reset. */
  reset(): void {
    if (this.isOver) return;
    this.socket.reset();
    this.over('reset', false);
  }

  /** Reads nothing until `resume`: then the kernel's buffer fills. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.changed();
  }

  /** The connection is established. */
  connected(): void {
    this.isConnected = true;
    if (this.isOver) return;
    this.onConnected();
    this.flush();
    this.changed();
  }

  /** There will be no connection. */
  failed(_: string): void {
    if (!this.isOver) this.over('reset', true);
  }

  changed(): void {
    if (this.isOver || !this.isConnected || this.planned?.work != null) return;
    const canRead = !this.isPaused && !this.hasHeardEnd && this.socket.isReadable;
    const canWrite = this.pendingBytes > 0 && this.socket.isWritable;
    if (!canRead && !canWrite && !this.socket.isBroken) return;
    this.planned = this.scheduler.after(this.readAfterMs(), this.act);
  }

  private readonly act = (): void => {
    if (this.isOver) return;
    if (!this.isPaused && !this.hasHeardEnd) this.readOnce();
    else if (this.socket.isBroken && this.pendingBytes === 0) this.over('reset', true);
    this.flush();
    this.changed();
  };

  private readOnce(): void {
    const got = this.socket.read(this.random.chance(0.2) ? this.random.between(1, this.readBytes) : this.readBytes);
    if (got === null) return;
    if (typeof got !== 'string') {
      this.onBytes(got);
    } else if (got === 'FIN' && !this.socket.isBroken) {
      this.hasHeardEnd = true;
      this.onEnd();
      this.closeIfEnded();
    } else {
      this.over('reset', true);
    }
  }

  private flush(): void {
    if (!this.isConnected || this.isOver) return;
    const before = this.pendingBytes;
    while (this.pendingBytes > 0) {
      const piece = this.pending.take(PIECE_BYTES);
      const taken = this.socket.write(piece);
      if (typeof taken === 'string') {
        this.pending.clear();
        if (this.isPaused || this.hasHeardEnd) this.over('reset', true);
        return; // what came before the reset is read first
      }
      if (taken < piece.length) {
        this.pending.putBack(piece.subarray(taken));
        return;
      }
    }
    if (before > 0) this.onDrained();
    if (this.isEnding && this.pendingBytes === 0) {
      this.socket.shutdown();
      this.closeIfEnded();
    }
  }

  private closeIfEnded(): void {
    if (!this.isEnding || this.pendingBytes > 0 || !this.hasHeardEnd || this.isOver) return;
    this.socket.close();
    this.over('closed', true);
  }

  private over(how: 'reset' | 'closed', isNews: boolean): void {
    this.isOver = true;
    this.pending.clear();
    this.socket.close();
    if (isNews) this.onClosed(how);
  }
}

const PIECE_BYTES = 64 * 1024;
