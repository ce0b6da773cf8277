import { ByteQueue } from './byteQueue.js';
import type { Random } from './random.js';
import type { Wire } from './wire.js';

/**
 * One end of a TCP connection as a kernel has it: what a program has written and the other end has not acknowledged,
 * and what has come and no program has read. Sizes are bounded, and the rules are those of Linux:
 *
 * - a write takes what there is room for; a socket can be written again once a third of its buffer is free;
 * - an end whose receive buffer is full gets nothing more, until it has read enough for an update of its window;
 * - an end that is closed with something unread resets the connection, and so does one to which something comes after
 *   it was closed;
 * - after a reset, what had come before can still be read; then comes the error, once.
 */
export class KernelSocket {
  /** Bytes that were written and are not on their way. */
  private readonly unsent = new ByteQueue();
  private readonly received = new ByteQueue();
  private inFlightBytes = 0;
  /** The number of bytes that were sent so far, and up to which number the other end has room. */
  private sentBytes = 0;
  private sendUpToBytes: number;
  /** The number of bytes that have come, and up to which number this end has told the other that it has room. */
  private arrivedBytes = 0;
  private toldUpToBytes: number;
  private isShut = false;
  private isFinSent = false;
  private isFinAcknowledged = false;
  private wasFull = false;
  /** The error that the next call gets. */
  private error: SocketErrorCode | null = null;
  private readonly listeners: SocketListener[] = [];
  /** No program has it open any more. */
  isClosed = false;
  /** The other end has ended its direction. */
  hasFin = false;
  /** The connection was reset, or has timed out. */
  isBroken = false;
  keepsAlive = false;
  private other: KernelSocket | null = null;

  constructor(
    readonly ends: SocketEnds, private readonly sizes: BufferSizes, private readonly wire: Wire,
    private readonly random: Random,
  ) {
    this.sendUpToBytes = 0;
    this.toldUpToBytes = sizes.receiveBytes;
  }

  /** Makes the two ends of one connection, which is established. */
  join(other: KernelSocket): void {
    for (const [one, another] of [[this, other], [other, this]] as const) {
      one.other = another;
      one.sendUpToBytes = another.sizes.receiveBytes;
    }
  }

  /** Tells the program that has it open. Replaces an earlier listener. */
  listen(listener: SocketListener): void {
    this.listeners[0] = listener;
  }

  /** `tx_queue` of /proc/net/tcp: a FIN counts as a byte. */
  get unacknowledgedBytes(): number {
    const isFinLeft = this.isShut && !this.isFinAcknowledged && !this.isBroken;
    return this.queuedBytes + Number(isFinLeft);
  }

  /** `rx_queue`. */
  get unreadBytes(): number {
    return this.received.byteCount;
  }

  /** The other end has no room, and nothing is on its way: the kernel asks again and again whether it has. */
  get isProbing(): boolean {
    return this.unsent.byteCount > 0 && this.inFlightBytes === 0 && this.window <= 0 && !this.isBroken;
  }

  /** Bytes, a FIN or an error can be read. */
  get isReadable(): boolean {
    return this.received.byteCount > 0 || this.hasFin || this.isBroken;
  }

  /** A write would take bytes, or fail. */
  get isWritable(): boolean {
    return this.isBroken || 3 * this.queuedBytes <= 2 * this.sizes.sendBytes;
  }

  /** Nobody sees it any more: its program has closed it, and nothing is left to send. */
  get isGone(): boolean {
    return this.isClosed && (this.isBroken || (this.isFinAcknowledged && this.hasFin));
  }

  /** st of /proc/net/tcp, in hexadecimal. (Linux, net/tcp_states.h.) */
  get state(): string {
    if (this.isBroken) return TcpState.CLOSE;
    if (!this.isShut) return this.hasFin ? TcpState.CLOSE_WAIT : TcpState.ESTABLISHED;
    if (this.hasFin) return this.isFinAcknowledged ? TcpState.TIME_WAIT : TcpState.LAST_ACK;
    return this.isFinAcknowledged ? TcpState.FIN_WAIT2 : TcpState.FIN_WAIT1;
  }

  /** Takes bytes of the program, which must not change afterwards. Returns how many, or the error. */
  write(bytes: Buffer): number | SocketErrorCode {
    const { error } = this;
    this.error = null;
    if (error !== null) return error;
    if (this.isBroken || this.isShut) return 'EPIPE';
    const taken = bytes.subarray(0, Math.max(0, this.sizes.sendBytes - this.queuedBytes));
    this.wasFull ||= taken.length < bytes.length;
    this.unsent.push(taken);
    this.push();
    return taken.length;
  }

  /** Gives at most this many bytes to the program; `FIN` or an error if there are none and none will come. */
  read(most: number): Buffer | 'FIN' | SocketErrorCode | null {
    if (this.received.byteCount > 0) {
      const bytes = this.received.take(most);
      this.tellRoom();
      return bytes;
    }
    const { error } = this;
    this.error = null;
    if (error !== null) return error;
    return this.hasFin || this.isBroken ? 'FIN' : null;
  }

  /** Sends a FIN after all bytes. */
  shutdown(): void {
    if (this.isShut || this.isBroken) return;
    this.isShut = true;
    this.push();
  }

  /** The program closes it. Written bytes still go out, unless something was left unread. */
  close(): void {
    if (this.isClosed) return;
    if (this.unreadBytes > 0 || this.other === null) {
      this.reset();
      return;
    }
    this.isClosed = true;
    this.shutdown();
  }

  /** The program closes it with a reset. Written bytes that are not out are lost. */
  reset(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.sendReset();
  }

  /** The connection ends with an error, although the other end has said nothing. */
  fail(error: SocketErrorCode): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.error = error;
    this.unsent.clear();
    this.inFlightBytes = 0;
    if (this.isClosed) this.received.clear();
    this.tell();
  }

  /** The other end has reset the connection. */
  resetArrived(): void {
    this.fail(this.hasFin ? 'EPIPE' : 'ECONNRESET');
  }

  private get queuedBytes(): number {
    return this.unsent.byteCount + this.inFlightBytes;
  }

  private get window(): number {
    return this.sendUpToBytes - this.sentBytes;
  }

  private sendReset(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.unsent.clear();
    this.received.clear();
    this.inFlightBytes = 0;
    const { other } = this; // null while the connection is not established
    if (other !== null) this.wire.carry(0, () => other.resetArrived());
  }

  /** Sends as many bytes as the other end has room for, in segments of random lengths. */
  private push(): void {
    const { segmentBytes } = this.wire.traits;
    while (this.unsent.byteCount > 0 && this.window > 0) {
      const most = Math.min(this.unsent.byteCount, this.window, segmentBytes);
      const segment = this.unsent.take(this.random.chance(SPLIT_PART) ? this.random.between(1, most) : most);
      this.sentBytes += segment.length;
      this.inFlightBytes += segment.length;
      this.wire.carry(segment.length, () => this.other!.arrive(segment));
    }
    if (!this.isShut || this.isFinSent || this.unsent.byteCount > 0 || this.isBroken) return;
    this.isFinSent = true;
    this.wire.carry(0, () => this.other!.finArrived());
  }

  private arrive(segment: Buffer): void {
    if (this.isBroken) return;
    if (this.isClosed) {
      this.sendReset();
      return;
    }
    this.arrivedBytes += segment.length;
    this.received.push(segment);
    this.acknowledge(segment.length);
    this.tell();
  }

  private finArrived(): void {
    if (this.isBroken) return;
    this.hasFin = true;
    this.wire.carry(0, () => this.other!.finAcknowledged());
    this.tell();
  }

  private finAcknowledged(): void {
    this.isFinAcknowledged = true;
  }

  /** Acknowledges bytes that have come, and tells the other end how much room there is. */
  private acknowledge(byteCount: number): void {
    const upToBytes = this.arrivedBytes + this.sizes.receiveBytes - this.received.byteCount;
    this.toldUpToBytes = Math.max(this.toldUpToBytes, upToBytes);
    this.wire.carry(0, () => this.other!.acknowledged(byteCount, upToBytes));
  }

  private acknowledged(byteCount: number, upToBytes: number): void {
    if (this.isBroken) return;
    this.inFlightBytes -= byteCount;
    this.sendUpToBytes = Math.max(this.sendUpToBytes, upToBytes);
    this.push();
    if (this.wasFull && this.isWritable) {
      this.wasFull = false;
      this.tell();
    }
  }

  /** The program has read. A small gain of room is not worth a segment. (Linux, `__tcp_select_window`.) */
  private tellRoom(): void {
    if (this.isBroken) return;
    const upToBytes = this.arrivedBytes + this.sizes.receiveBytes - this.received.byteCount;
    const gainBytes = upToBytes - this.toldUpToBytes;
    if (gainBytes >= Math.min(this.wire.traits.segmentBytes, this.sizes.receiveBytes / 2)) this.acknowledge(0);
  }

  private tell(): void {
    this.listeners[0]?.changed();
  }
}

/** The part of the segments that are shorter than they might be. */
const SPLIT_PART = 0.3;

/** The states of a connection in /proc/net/tcp. */
export const TcpState = {
  ESTABLISHED: '01', FIN_WAIT1: '04', FIN_WAIT2: '05', TIME_WAIT: '06', CLOSE: '07', CLOSE_WAIT: '08', LAST_ACK: '09',
} as const;

/** The error codes of a connection. */
export type SocketErrorCode = 'ECONNRESET' | 'EPIPE' | 'ETIMEDOUT';

/** The program that has a socket open. */
export interface SocketListener {
  /** It can perhaps be read, or written again. */
  changed(): void;
}

/** An address and port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Both ends of a connection, from one of them. */
export interface SocketEnds {
  readonly local: Address;
  readonly remote: Address;
}

/** The sizes of a socket's buffers, in bytes. */
export interface BufferSizes {
  readonly sendBytes: number;
  readonly receiveBytes: number;
}
