import type { Socket } from 'node:net';
import type { EventLoop } from './eventLoop.js';
import type { Address, KernelSocket, SocketErrorCode, SocketListener } from './kernelSocket.js';
import type { Link } from './link.js';
import type { ConnectErrorCode, Network } from './network.js';
import { ENDS_AT_HANGUP, errnoOf, type ConnectRequest, type StreamRequest, type UpperHandle } from './nodeInternals.js';
import { StreamHandle } from './streamHandle.js';

/**
 * A TCP handle of libuv above a simulated kernel. Node's own `net.Socket` and `net.Server` run on it, so all that they
 * do with streams, ends and errors is as in production. Each callback comes in the poll phase of a process's loop.
 */
export class TcpHandle extends StreamHandle implements SocketListener {
  onconnection: ((status: number, client: TcpHandle) => void) | null = null;
  /** A stage of encryption above it, which gets what is read. */
  upper: UpperHandle | null = null;
  private readonly writes: Write[] = [];
  private isPolled = false;
  private isShutting = false;
  private hasEnded = false;
  private isClosed = false;
  private unbind: (() => void) | null = null;
  private connecting: ConnectRequest | null = null;

  constructor(
    private readonly loop: EventLoop, private readonly network: Network, private readonly host: string,
    private socket: KernelSocket | null, private local: Address | null = null,
  ) {
    super();
    this.own();
    loop.onDeath(() => this.die());
  }

  /** Bytes of writes that the kernel has not taken. */
  get writeQueueSize(): number {
    return this.writes.reduce((sum, { rest }) => sum + rest.length, 0);
  }

  /** Takes the kernel's socket out, to give it to another process. */
  takeSocket(): KernelSocket {
    const { socket } = this;
    this.socket = null;
    this.isClosed = true;
    return socket!;
  }

  changed(): void {
    if (this.isPolled || this.isClosed || !this.isInterested) return;
    this.isPolled = true;
    this.loop.poll(() => this.poll());
  }

  readStart(): number {
    this.reading = true;
    this.changed();
    return 0;
  }

  readStop(): number {
    this.reading = false;
    return 0;
  }

  /** libuv sends the FIN in the next poll phase. Until then it refuses a reset (`uv_tcp_close_reset`). */
  shutdown(request: StreamRequest): number {
    this.isShutting = true;
    this.loop.poll(() => {
      this.isShutting = false;
      if (!this.isClosed) this.socket!.shutdown();
      request.oncomplete(this.isClosed ? errnoOf('ECANCELED') : 0);
    });
    return 0;
  }

  close(closed?: () => void): void {
    if (this.isClosed) return;
    this.unbind?.();
    this.socket?.close();
    this.finish(closed);
  }

  reset(closed?: () => void): number {
    if (this.isShutting) return errnoOf('EINVAL');
    if (this.isClosed) return 0;
    this.socket?.reset();
    this.finish(closed);
    return 0;
  }

  connect(request: ConnectRequest, host: string, port: number): number {
    this.local = { host: this.host, port: this.network.freePort() };
    const link = this.network.link(this.local, { host, port });
    this.socket = link.from;
    this.connecting = request;
    this.network.open(link, (error) => this.loop.poll(() => this.connected(request, error)));
    return 0;
  }

  connect6(request: ConnectRequest, host: string, port: number): number {
    return this.connect(request, host, port);
  }

  listen(): number {
    const at = this.local!;
    this.unbind = this.network.bind(at, {
      connected: (link) => this.loop.poll(() => this.accept(link)),
    });
    return this.unbind === null ? errnoOf('EADDRINUSE') : 0;
  }

  getsockname(out: object): number {
    return describe(this.socket?.ends.local ?? this.local, out);
  }

  getpeername(out: object): number {
    return describe(this.socket?.ends.remote ?? null, out);
  }

  setKeepAlive(isOn: boolean): number {
    if (this.socket !== null) this.socket.keepsAlive = isOn;
    return 0;
  }

  private own(): void {
    this.socket?.listen(this);
  }

  private get isInterested(): boolean {
    const { socket } = this;
    if (socket === null || this.connecting !== null) return false;
    const canRead = this.reading && !this.hasEnded && socket.isReadable;
    return canRead || (this.writes.length > 0 && socket.isWritable);
  }

  private connected(request: ConnectRequest, error: ConnectErrorCode | null): void {
    if (this.isClosed) return;
    this.connecting = null;
    if (error === null) this.own();
    request.oncomplete(error === null ? 0 : errnoOf(error), this, request, true, true);
    this.changed();
  }

  private accept(link: Link): void {
    if (this.isClosed) {
      link.to.reset();
      return;
    }
    this.onconnection!(0, new TcpHandle(this.loop, this.network, this.host, link.to));
  }

  /** `uv__stream_io`: reads first, then writes. */
  private poll(): void {
    this.isPolled = false;
    if (this.isClosed) return;
    this.readAll();
    if (!this.isClosed && this.writes.length > 0 && this.socket!.isWritable) this.writeRest();
    this.changed();
  }

  /** `uv__read`: at most 32 reads, and no further one after a read that did not fill its buffer. */
  private readAll(): void {
    const socket = this.socket!;
    for (let count = 0; count < MAX_READS && this.reading && !this.hasEnded && !this.isClosed; count += 1) {
      const roomBytes = this.room?.length ?? READ_BYTES;
      const got = socket.read(roomBytes);
      if (got === null) return;
      if (typeof got === 'string') return this.ended(got);
      this.bring(got);
      if (got.length === roomBytes) continue;
      // POLLHUP after a partial read counts as an end.
      const isAtHangup = socket.isBroken && socket.unreadBytes === 0;
      if (ENDS_AT_HANGUP && isAtHangup && this.reading && !this.isClosed) this.ended('FIN');
      return;
    }
  }

  private ended(how: 'FIN' | SocketErrorCode): void {
    this.hasEnded = true;
    const status = errnoOf(how === 'FIN' ? 'EOF' : how);
    if (this.upper === null) this.giveEnd(status);
    else this.upper.ended(status);
  }

  private bring(bytes: Buffer): void {
    if (this.upper === null) {
      this.giveBytes(bytes);
      return;
    }
    this.bytesRead += bytes.length;
    this.upper.receive(bytes);
  }

  write(request: StreamRequest, bytes: Buffer): number {
    this.tellWrite(bytes.length, false);
    if (this.isClosed) return errnoOf('EBADF');
    const taken = this.writes.length === 0 ? this.socket!.write(bytes) : 0;
    if (typeof taken === 'string') return errnoOf(taken);
    this.bytesWritten += bytes.length;
    if (taken === bytes.length && this.writes.length === 0) return 0;
    this.tellWrite(bytes.length, true);
    this.writes.push({ request, rest: bytes.subarray(taken) });
    this.changed();
    return 0;
  }

  private writeRest(): void {
    for (let first = this.writes[0]; first !== undefined; first = this.writes[0]) {
      const taken = this.socket!.write(first.rest);
      if (typeof taken === 'number' && taken < first.rest.length) {
        first.rest = first.rest.subarray(taken);
        return;
      }
      this.writes.shift();
      first.request.oncomplete(typeof taken === 'string' ? errnoOf(taken) : 0);
      if (this.isClosed) return;
    }
  }

  private finish(closed?: () => void): void {
    this.isClosed = true;
    const { writes } = this;
    this.loop.closing(() => {
      for (const { request } of writes.splice(0)) request.oncomplete(errnoOf('ECANCELED'));
      closed?.call(this);
    });
  }

  /** The process is gone: the kernel closes what it had open. */
  private die(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.unbind?.();
    this.socket?.close();
  }
}

const MAX_READS = 32;
/** What libuv offers for a read when there is no buffer of the user's. */
const READ_BYTES = 64 * 1024;

/** A write that the kernel has taken in part. */
interface Write {
  readonly request: StreamRequest;
  rest: Buffer;
}

const describe = (address: Address | null, out: object): number => {
  if (address === null) return errnoOf('ENOTCONN');
  Object.assign(out, { address: address.host, port: address.port, family: 'IPv4' });
  return 0;
};

/** The handle below a socket of Node; null if it has none. */
export const handleOf = (socket: Socket): TcpHandle | null =>
  (socket as Socket & { readonly _handle?: TcpHandle | null })._handle ?? null;
