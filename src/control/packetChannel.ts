import type { Socket } from 'node:net';
import { encodePacket, HEADER_BYTES } from '../protocol/framing.js';
import { PacketSplitter } from '../protocol/packetSplitter.js';
import { world } from '../world/world.js';

/**
 * Sends and receives whole packets over a socket, for one conversation at a time. The first error destroys the socket,
 * and every later call fails with it.
 */
export class PacketChannel {
  private readonly splitter = new PacketSplitter();
  private receiver: Receiver | null = null;
  private failure: Error | null = null;
  /** The sequence id of the next packet, in either direction. */
  private sequenceId = 0;
  private readonly onData = (chunk: Buffer): void => this.accept(chunk);
  private readonly onError = (error: Error): void => this.fail(error);
  private readonly onEnd = (): void => this.fail(new Error('the server closed the connection'));

  /**
   * @param isLocal whether it is a Unix socket. No third party can read it, and servers accept clear passwords over it.
   */
  constructor(private socket: Socket, readonly isLocal = false) {
    this.listen();
  }

  /** Whether a command may be sent. */
  get isOpen(): boolean {
    return this.failure === null;
  }

  /**
   * Sends the first packet of a command. Throws if the channel has failed or the server has sent a packet without a
   * request.
   */
  startCommand(payload: Buffer): void {
    if (this.splitter.waitingBytes > 0) this.fail(new Error('the server sent a packet without a request'));
    this.sequenceId = 0;
    this.send(payload);
  }

  /** Sends the next packet. Throws if the channel has failed. */
  send(payload: Buffer): void {
    if (this.failure !== null) throw this.failure;
    this.socket.write(encodePacket(this.nextSequenceId(), payload));
  }

  /** Resolves with the payload of the next packet. */
  receive(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) return reject(this.failure);
      this.receiver = { resolve, reject };
      this.deliver();
    });
  }

  /**
   * Continues over TLS, after an SSLRequest. All clear bytes must have been received before, because later ones have no
   * proof of their origin.
   */
  async encrypt(encrypt: Encrypt): Promise<void> {
    const { socket } = this;
    if (this.splitter.waitingBytes > 0) throw new Error('the server sent unencrypted bytes although TLS was agreed');
    // The handlers of errors and of the end stay: a deadline destroys this socket if the handshake hangs.
    socket.off('data', this.onData).pause();
    const encrypted = await Promise.race([encrypt.encrypt(socket), this.broken()]);
    this.receiver = null;
    socket.off('end', this.onEnd).off('close', this.onEnd);
    this.socket = encrypted;
    this.listen();
  }

  /** Runs `work`. If it takes longer than `timeoutMs`, the channel fails with an error that names `what`. */
  async within<T>(timeoutMs: number, what: string, work: () => Promise<T>): Promise<T> {
    const late = (): void => this.fail(new Error(`the server did not ${what} within ${timeoutMs} ms`));
    const timer = world.after(timeoutMs, late);
    try {
      return await work();
    } finally {
      world.cancel(timer);
    }
  }

  /** Destroys the socket. Only the first reason counts. */
  fail(error: Error): void {
    if (this.failure !== null) return;
    this.failure = error;
    this.splitter.rest();
    this.socket.destroy();
    this.receiver?.reject(error);
    this.receiver = null;
  }

  /** Closes the connection in order. `payload` is the last packet to the server. */
  close(payload: Buffer): void {
    if (this.failure !== null) return;
    this.failure = new Error('Sluice has closed the connection');
    this.socket.end(encodePacket(0, payload), () => this.socket.destroy());
  }

  private listen(): void {
    // An error after the failure changes nothing, but it needs a handler.
    this.socket.on('data', this.onData).on('error', this.onError);
    this.socket.on('end', this.onEnd).on('close', this.onEnd);
  }

  /** Rejects when the channel fails. */
  private broken(): Promise<never> {
    return new Promise((_, reject) => {
      this.receiver = { resolve: () => undefined, reject };
    });
  }

  private accept(chunk: Buffer): void {
    if (this.failure !== null) return;
    this.splitter.add(chunk);
    if (this.splitter.waitingBytes <= MAX_WAITING_BYTES) this.deliver();
    else this.fail(new Error('the server sent more than Sluice asked for'));
  }

  /** Delivers the first whole packet to the waiting call. */
  private deliver(): void {
    const { receiver, splitter } = this;
    if (receiver === null) return;
    const { announcedBytes } = splitter;
    if (announcedBytes !== null && announcedBytes > MAX_PAYLOAD_BYTES) {
      return this.fail(new Error(`the server sent a packet of ${announcedBytes} bytes`));
    }
    const packet = splitter.next();
    if (packet === null) return;
    if (packet[HEADER_BYTES - 1] !== this.nextSequenceId()) {
      return this.fail(new Error('the server sent packets out of order'));
    }
    this.receiver = null;
    receiver.resolve(packet.subarray(HEADER_BYTES));
  }

  private nextSequenceId(): number {
    const { sequenceId } = this;
    this.sequenceId = (sequenceId + 1) & 0xff;
    return sequenceId;
  }
}

/** The encryption of a connection. */
export interface Encrypt {
  /** Whether a server without TLS is refused. */
  readonly isRequired: boolean;
  /** Resolves when the server has proved its identity. */
  encrypt(socket: Socket): Promise<Socket>;
}

/** The largest packet that is accepted. Packets of a login or of a small result are far smaller. */
const MAX_PAYLOAD_BYTES = 16 * 1024;
const MAX_WAITING_BYTES = 4 * MAX_PAYLOAD_BYTES;

interface Receiver {
  resolve(payload: Buffer): void;
  reject(error: Error): void;
}
