import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { TLSSocket, type ConnectionOptions, type Server as TlsServer } from 'node:tls';
import { ByteQueue } from './byteQueue.js';
import type { EventLoop } from './eventLoop.js';
import { errnoOf, STREAM_STATE, type StreamRequest, type UpperHandle } from './nodeInternals.js';
import { StreamHandle } from './streamHandle.js';
import { handleOf, type TcpHandle } from './tcpHandle.js';

/**
 * A stand-in for TLS, whose bytes are random for each connection: a handshake of one message from either end, in the
 * form of a TLS record, and then all bytes in clear. They come in records of at most 16 KiB.
 */
export const TLS_CLIENT_HELLO = Buffer.from([0x16, 3, 1, 0, 1, 1]);
export const TLS_SERVER_HELLO = Buffer.from([0x16, 3, 3, 0, 1, 2]);

const RECORD_BYTES = 16 * 1024;

/** The handle of the stage, above that of the connection. */
class TlsHandle extends StreamHandle implements UpperHandle {
  /** Is called once the other end's hello has come, or cannot come any more. */
  greeted: (isWell: boolean) => void = () => undefined;
  private hasHello = false;
  private readonly coming = new ByteQueue();
  private end: number | null = null;

  constructor(private readonly below: Socket, private readonly loop: EventLoop, private readonly hello: Buffer) {
    super();
    handleOf(below)!.upper = this;
  }

  private get lower(): TcpHandle | null {
    return handleOf(this.below);
  }

  get writeQueueSize(): number {
    return this.lower?.writeQueueSize ?? 0;
  }

  receive(bytes: Buffer): void {
    this.coming.push(bytes);
    if (!this.hasHello && this.coming.byteCount >= this.hello.length) {
      this.hasHello = true;
      this.greeted(this.coming.take(this.hello.length).equals(this.hello));
    }
    this.deliver();
  }

  ended(status: number): void {
    this.end = status;
    if (!this.hasHello) this.greeted(false);
    this.deliver();
  }

  readStart(): number {
    this.reading = true;
    this.lower?.readStart();
    if (this.coming.byteCount > 0 || this.end !== null) this.loop.soon(() => this.deliver());
    return 0;
  }

  readStop(): number {
    this.reading = false;
    return this.lower?.readStop() ?? 0;
  }

  shutdown(request: StreamRequest): number {
    return this.lower?.shutdown(request) ?? errnoOf('ENOTCONN');
  }

  close(closed: () => void): void {
    if (this.lower === null) {
      this.loop.soon(closed);
      return;
    }
    this.below.once('close', () => closed.call(this));
    this.below.destroy();
  }

  getsockname(out: object): number {
    return this.lower?.getsockname(out) ?? errnoOf('ENOTCONN');
  }

  getpeername(out: object): number {
    return this.lower?.getpeername(out) ?? errnoOf('ENOTCONN');
  }

  setKeepAlive(isOn: boolean): number {
    return this.lower?.setKeepAlive(isOn) ?? 0;
  }

  /** Node's TLS never completes a write in the call itself. */
  write(request: StreamRequest, bytes: Buffer): number {
    const complete = (status: number): void => this.loop.soon(() => request.oncomplete(status));
    const status = this.lower?.write({ oncomplete: complete }, bytes) ?? errnoOf('EPIPE');
    if (status !== 0) return status;
    if (STREAM_STATE.state[STREAM_STATE.kLastWriteWasAsync] === 0) complete(0);
    this.bytesWritten += bytes.length;
    this.tellWrite(bytes.length, true);
    return 0;
  }

  /** Gives what has come, a record at a time, as long as somebody reads. */
  private deliver(): void {
    while (this.reading && this.hasHello && this.coming.byteCount > 0) {
      this.giveBytes(this.coming.take(Math.min(RECORD_BYTES, this.room?.length ?? RECORD_BYTES)));
    }
    const { end } = this;
    if (!this.reading || end === null || this.coming.byteCount > 0) return;
    this.end = null;
    this.giveEnd(end);
  }
}

/** A socket of the stage. It is an instance of `TLSSocket`, of which it shares no code. */
class StageSocket extends Socket {
  readonly encrypted = true;
  readonly authorized = true;
  readonly _parent: Socket;
  readonly handle: TlsHandle;

  constructor(below: Socket, loop: EventLoop, hello: Buffer) {
    const handle = new TlsHandle(below, loop, hello);
    super({ handle, allowHalfOpen: below.allowHalfOpen, manualStart: true } as object);
    this._parent = below;
    this.handle = handle;
    below.on('close', () => this.destroy());
  }

  getProtocol(): string {
    return 'TLSv1.3';
  }

  getCipher(): { readonly name: string } {
    return { name: 'TLS_OF_THE_SIMULATION' };
  }

  getPeerCertificate(): object {
    return {};
  }
}

Object.setPrototypeOf(StageSocket.prototype, TLSSocket.prototype);

const asTls = (socket: StageSocket): TLSSocket => socket as unknown as TLSSocket;

/** Begins a handshake as a client, as `connect` of `node:tls`. */
export const connectStage = (loop: EventLoop, { socket: below }: ConnectionOptions): TLSSocket => {
  const socket = new StageSocket(below as Socket, loop, TLS_SERVER_HELLO);
  socket.handle.greeted = (isWell) => {
    if (isWell) loop.soon(() => socket.emit('secureConnect'));
    else socket.destroy(new Error('the server\'s hello is not one'));
  };
  below!.write(TLS_CLIENT_HELLO);
  process.nextTick(() => socket.read(0));
  return asTls(socket);
};

/** A server of the stage, as `createServer` of `node:tls`. */
export const createStageServer = (loop: EventLoop): TlsServer => {
  const server = new EventEmitter();
  server.on('connection', (below: Socket) => {
    const socket = new StageSocket(below, loop, TLS_CLIENT_HELLO);
    socket.handle.greeted = (isWell) => {
      if (!isWell) {
        server.emit('tlsClientError', Object.assign(new Error('no hello'), { code: 'ECONNRESET' }), asTls(socket));
        socket.destroy();
        return;
      }
      below.write(TLS_SERVER_HELLO);
      loop.soon(() => server.emit('secureConnection', asTls(socket)));
    };
    process.nextTick(() => {
      for (let early: Buffer | null; (early = below.read() as Buffer | null) !== null;) socket.handle.receive(early);
      socket.read(0);
    });
  });
  return Object.assign(server, { setSecureContext: () => undefined }) as unknown as TlsServer;
};
