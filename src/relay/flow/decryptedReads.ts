import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { bring, HEADROOM_BYTES, ReadBuffer, type ReadsInto, type ReadTarget, readInto } from './readBuffer.js';

/**
 * Where the records of an encrypted connection land. TLS brings 16 KiB at a time, and many of them in one turn of the
 * event loop. In a large buffer they land one behind the other, and what they bring is written together:
 *
 *     [0, headroom)[headroom ... written and not taken yet ... readAt)[record)[nextAt ... where the next one lands
 *
 * Node goes on with the records that it has, also when the socket was told to read no more. So as soon as its peer's
 * socket does not take all that lies in a buffer, the records land in another one.
 */
export class DecryptedReads extends ReadBuffer {
  /** What this turn of the event loop has brought so far. */
  private turnBytes = 0;

  override deliver(byteCount: number, target: ReadTarget): void {
    if (!this.isLarge) {
      super.deliver(byteCount, target);
      return;
    }
    this.readAt = this.nextAt;
    const end = this.readAt + byteCount;
    const isUsedUp = this.whole.length - end < MAX_RECORD_BYTES;
    // What lies at the begin has to be out before anything is put there.
    if (isUsedUp) target.flushTurn();
    this.nextAt = isUsedUp && !target.isSinkFull ? HEADROOM_BYTES : end;
    target.gatherTurn();
    super.deliver(byteCount, target);
    if (isUsedUp) target.flushTurn();
  }

  override adapt(readBytes: number, target: ReadTarget, isComplete: boolean, maxReadBytes: number): void {
    if (isComplete) target.flushTurn();
    if (this.isLarge && target.isSinkFull) this.leave(target);
    super.adapt(readBytes, target, isComplete, maxReadBytes);
    if (this.isLarge) this.room = this.whole.subarray(this.nextAt);
  }

  override whenDelivered(readBytes: number, read: (byteCount: number) => void): void {
    if (this.turnBytes === 0) {
      setImmediate(() => {
        const { turnBytes } = this;
        this.turnBytes = 0;
        read(turnBytes);
      });
    }
    this.turnBytes += readBytes;
  }

  /** Lets nothing more land in the buffer: out of it is still being written. */
  private leave(target: ReadTarget): void {
    if (this.lent === null) {
      this.lend(target);
      return;
    }
    target.own();
    this.share();
  }
}

/**
 * Has a TLS socket read into a buffer, as the option `onread` does for a socket of `node:net`. Node takes no such
 * option for TLS on an existing socket, so the keys of the properties are taken from one that has it. A chunk for
 * each record would have the collector trace the whole heap every few dozen MB. A release of Node that does not have
 * these keys makes chunks, and they are copied.
 * @param onRead is called with the number of bytes that a record has brought into the buffer
 */
export function readDecrypted(socket: TLSSocket, onRead: (byteCount: number) => void): ReadBuffer {
  const reads = new DecryptedReads();
  const into = readInto(reads, onRead);
  if (!useBuffer(socket as TLSSocket & BufferUser, into)) {
    socket.on('data', (chunk: Buffer) => bring(chunk, reads, onRead));
    return reads;
  }
  for (let chunk: unknown; (chunk = socket.read()) !== null;) {
    const early = chunk as Buffer;
    process.nextTick(() => bring(early, reads, onRead));
  }
  return reads;
}

/** What a socket of Node's reads into, which is not in its documentation. */
interface BufferUser {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Buffer) => void } | null;
  [key: symbol]: unknown;
}

/** @returns whether the socket reads into the buffer from now on */
function useBuffer(socket: BufferUser, { buffer, callback }: ReadsInto): boolean {
  const { _handle: handle } = socket;
  if (KEYS === null || typeof handle?.useUserBuffer !== 'function') return false;
  const room = buffer();
  socket[KEYS.buffer] = room;
  socket[KEYS.generator] = buffer;
  socket[KEYS.callback] = callback;
  handle.useUserBuffer(room);
  return true;
}

/** The option of a socket's that is documented for connecting alone. */
interface Reading extends SocketConstructorOpts {
  readonly onread: OnReadOpts;
}

interface Keys {
  readonly buffer: symbol;
  readonly generator: symbol;
  readonly callback: symbol;
}

const KEYS: Keys | null = findKeys();

function findKeys(): Keys | null {
  const options: Reading = { onread: { buffer: () => Buffer.alloc(0), callback: () => true } };
  const socket = new Socket(options);
  const symbols = Object.getOwnPropertySymbols(socket);
  const find = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const [buffer, generator, callback] = ['kBuffer', 'kBufferGen', 'kBufferCb'].map(find);
  return buffer && generator && callback ? { buffer, generator, callback } : null;
}

/** RFC 8446, 5.1. */
const MAX_RECORD_BYTES = 16 * 1024;
