import type { Socket } from 'node:net';
import { encodePacket, HEADER_BYTES, payloadLengthAt } from '../protocol/framing.js';

/**
 * Whole packets, one after the other, over a socket, for one conversation at a time. The first thing that
 * goes wrong destroys the socket, and is what every later call fails with.
 */
export class PacketChannel {
  private waiting = NO_BYTES;
  private receiver: Receiver | null = null;
  private failure: Error | null = null;
  /** Of the next packet, whichever side sends it. */
  private sequenceId = 0;
  private readonly onData = (chunk: Buffer): void => this.accept(chunk);
  private readonly onError = (error: Error): void => this.fail(error);
  private readonly onEnd = (): void => this.fail(new Error('the server closed the connection'));

  /** @param isLocal whether it is a Unix socket: nobody listens in there, and servers take passwords as they are */
  constructor(private socket: Socket, readonly isLocal = false) {
    this.listen();
  }

  /** Whether a command may be sent. */
  get isOpen(): boolean {
    return this.failure === null;
  }

  /**
   * Sends the first packet of a command. Throws where the channel has failed or the server has spoken
   * unasked.
   */
  startCommand(payload: Buffer): void {
    if (this.waiting.length > 0) this.fail(new Error('the server said something unasked'));
    this.sequenceId = 0;
    this.send(payload);
  }

  /** Sends the next packet. Throws where the channel has failed. */
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
   * Goes on over TLS, after an SSLRequest. What came in the clear must have been taken: nobody vouches for
   * more.
   */
  async encrypt(encrypt: Encrypt): Promise<void> {
    const { socket } = this;
    if (this.waiting.length > 0) throw new Error('the server went on in the clear where TLS was agreed');
    // Errors and the end are still heard: a deadline destroys this socket while the handshake hangs.
    socket.off('data', this.onData).pause();
    const encrypted = await Promise.race([encrypt.encrypt(socket), this.broken()]);
    this.receiver = null;
    socket.off('end', this.onEnd).off('close', this.onEnd);
    this.socket = encrypted;
    this.listen();
  }

  /**
   * Runs `work`; when it takes longer than `timeoutMs`, the channel fails with an error that says `what` did
   * not happen.
   */
  async within<T>(timeoutMs: number, what: string, work: () => Promise<T>): Promise<T> {
    const late = (): void => this.fail(new Error(`the server did not ${what} within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Destroys the socket. Only the first reason counts. */
  fail(error: Error): void {
    if (this.failure !== null) return;
    this.failure = error;
    this.waiting = NO_BYTES;
    this.socket.destroy();
    this.receiver?.reject(error);
    this.receiver = null;
  }

  /** Closes in good order: `payload` is the last thing that the server hears. */
  close(payload: Buffer): void {
    if (this.failure !== null) return;
    this.failure = new Error('the connection has been closed here');
    this.socket.end(encodePacket(0, payload), () => this.socket.destroy());
  }

  private listen(): void {
    // An error that comes after the failure is no news, but it must be heard.
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
    this.waiting = this.waiting.length === 0 ? chunk : Buffer.concat([this.waiting, chunk]);
    if (this.waiting.length <= MAX_WAITING_BYTES) this.deliver();
    else this.fail(new Error('the server sent more than was asked for'));
  }

  /** Hands the first whole packet to who waits for it. */
  private deliver(): void {
    const { receiver, waiting } = this;
    if (receiver === null || waiting.length < HEADER_BYTES) return;
    const payloadLength = payloadLengthAt(waiting, 0);
    if (payloadLength > MAX_PAYLOAD_BYTES) {
      return this.fail(new Error(`the server sent a packet of ${payloadLength} bytes`));
    }
    const end = HEADER_BYTES + payloadLength;
    if (waiting.length < end) return;
    if (waiting[3] !== this.nextSequenceId()) {
      return this.fail(new Error('the server sent packets out of order'));
    }
    this.waiting = waiting.subarray(end);
    this.receiver = null;
    receiver.resolve(waiting.subarray(HEADER_BYTES, end));
  }

  private nextSequenceId(): number {
    const { sequenceId } = this;
    this.sequenceId = (sequenceId + 1) & 0xff;
    return sequenceId;
  }
}

/** How TLS is put on a connection. */
export interface Encrypt {
  /** Whether a server that does not offer it is not talked to. */
  readonly isRequired: boolean;
  /** Resolves when the server has proved who it is. */
  encrypt(socket: Socket): Promise<Socket>;
}

/**
 * Packets of a login or of a small result are far smaller; a server that sends a larger one is not
 * understood.
 */
const MAX_PAYLOAD_BYTES = 16 * 1024;
const MAX_WAITING_BYTES = 4 * MAX_PAYLOAD_BYTES;

const NO_BYTES: Buffer = Buffer.alloc(0);

interface Receiver {
  resolve(payload: Buffer): void;
  reject(error: Error): void;
}
