import type { OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** The address of one end of a connection. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The input from the other end in order: bytes, a FIN, or a reset. */
type Coming = Buffer | 'FIN' | 'RST';

/** The size of the buffers of a connection: a write waits when they are full. */
const BUFFER_BYTES = 64 * 1024;

/** The largest read. */
const READ_BYTES = 64 * 1024;

/** Deliveries that are due, over all connections. */
let dueCount = 0;

/**
 * One end of a connection in memory: a stream with the members of `net.Socket` that sessions use. What is written
 * arrives in a later turn of the event loop. As with the kernel's sockets, a write waits once the buffers are full, an
 * end that closes with something unread resets the connection, and so does one that is written to after it has closed.
 */
export class MemorySocket extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  private other: MemorySocket | null = null;
  private coming: Coming[] = [];
  private comingBytes = 0;
  private wantsMore: boolean;
  private isDue = false;
  private wasReset = false;
  /** Completes a write for which there was no room. */
  private written: (() => void) | null = null;

  /** @param onread as the option of `net.Socket`: what comes is read into its buffer, and no `data` is emitted */
  constructor(
    private readonly ends: { readonly local: Address, readonly remote: Address }, private readonly onread?: OnReadOpts,
  ) {
    super({ allowHalfOpen: true });
    this.wantsMore = onread !== undefined;
  }

  /** Makes the two ends of one connection. What comes before one of them is read waits for it. */
  join(other: MemorySocket): void {
    this.other = other;
    other.other = this;
  }

  get localAddress(): string {
    return this.ends.local.host;
  }

  get localPort(): number {
    return this.ends.local.port;
  }

  get remoteAddress(): string {
    return this.ends.remote.host;
  }

  get remotePort(): number {
    return this.ends.remote.port;
  }

  setKeepAlive(): this {
    return this;
  }

  resetAndDestroy(): this {
    this.other?.arrive('RST');
    this.wasReset = true;
    return this.destroy();
  }

  override resume(): this {
    super.resume();
    this.deliverLater();
    return this;
  }

  override _read(): void {
    this.wantsMore = true;
    this.deliverLater();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.bytesWritten += chunk.length;
    const { other } = this;
    if (this.wasReset || other === null) return done(failure('EPIPE'));
    if (other.destroyed) {
      this.arrive('RST');
      return done();
    }
    if (chunk.length > 0) other.arrive(Buffer.from(chunk));
    if (other.comingBytes < BUFFER_BYTES) done();
    else this.written = done;
  }

  override _final(done: () => void): void {
    this.other?.arrive('FIN');
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const isUnread = this.comingBytes > 0 || this.readableLength > 0;
    if (!this.wasReset) this.other?.arrive(isUnread ? 'RST' : 'FIN');
    this.coming = [];
    this.comingBytes = 0;
    this.other?.roomMade();
    done(error);
  }

  private arrive(what: Coming): void {
    if (this.destroyed) return;
    this.coming.push(what);
    if (what === 'RST') this.wasReset = true;
    else if (what !== 'FIN') this.comingBytes += what.length;
    this.deliverLater();
  }

  private deliverLater(): void {
    if (this.isDue || this.coming.length === 0) return;
    this.isDue = true;
    dueCount += 1;
    setImmediate(() => {
      this.isDue = false;
      dueCount -= 1;
      this.deliver();
    });
  }

  /** Delivers input as long as the reader wants it. */
  private deliver(): void {
    while (this.canDeliver) {
      const next = this.coming.shift()!;
      if (next === 'RST') this.destroy(failure('ECONNRESET'));
      else if (next === 'FIN') this.endReading();
      else this.bring(next);
    }
  }

  private get canDeliver(): boolean {
    const isWanted = this.onread === undefined ? this.wantsMore : !this.isPaused();
    return isWanted && this.coming.length > 0 && !this.destroyed;
  }

  private endReading(): void {
    if (this.readableEnded) return; // it reported that before it closed
    this.push(null);
    this.read(0);
  }

  private bring(bytes: Buffer): void {
    const { onread } = this;
    const room = typeof onread?.buffer === 'function' ? onread.buffer() : onread?.buffer;
    const taken = bytes.subarray(0, room?.length ?? READ_BYTES);
    if (taken.length < bytes.length) this.coming.unshift(bytes.subarray(taken.length));
    this.comingBytes -= taken.length;
    this.bytesRead += taken.length;
    if (onread === undefined || room === undefined) {
      this.wantsMore = this.push(taken);
    } else {
      room.set(taken);
      onread.callback(taken.length, room);
    }
    this.other?.roomMade();
  }

  /** The other end has read something, or has gone. */
  private roomMade(): void {
    const { written, other } = this;
    if (written === null || (other !== null && other.comingBytes >= BUFFER_BYTES)) return;
    this.written = null;
    written();
  }
}

/** Both ends of a connection in memory: the accepted one, of which nothing is read yet, and the one that connected. */
export const memoryPair = (
  client: Address = { host: '10.0.0.7', port: 40_000 }, listener: Address = { host: '10.0.0.1', port: 3306 },
): { readonly accepted: Socket, readonly connected: Socket } => {
  const accepted = new MemorySocket({ local: listener, remote: client });
  const connected = new MemorySocket({ local: client, remote: listener });
  accepted.join(connected);
  return { accepted: asSocket(accepted), connected: asSocket(connected) };
};

/** The missing members are those that no session uses. */
export const asSocket = (end: MemorySocket): Socket => end as unknown as Socket;

/** Waits until all bytes in memory have arrived, and their consequences. */
export const settled = async (): Promise<void> => {
  for (let quietTurns = 0; quietTurns < QUIET_TURNS; quietTurns = dueCount > 0 ? 0 : quietTurns + 1) await nextTurn();
};

/** The consequences of one delivery may take a few turns before the next delivery. */
const QUIET_TURNS = 5;

const failure = (code: string): Error => Object.assign(new Error(`in memory: ${code}`), { code });
