import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { bring, HEADROOM_BYTES, ReadBuffer, type ReadsInto, type ReadTarget, readInto } from './readBuffer.js';
import { world } from '../../world/world.js';

/**
 * The memory that the records of a TLS connection land in. TLS brings 16 KiB at a time, and many records in one turn of
 * the event loop. In a large buffer they land one after the other, and their bytes are written together:
 *
 *     [0, headroom)[headroom ... written and not taken yet ... readAt)[record)[nextAt ... where the next one lands
 *
 * Node delivers the records that it already has even after the socket was paused. So once the other socket does not
 * take all bytes of a buffer, further records land in another one.
 */
export class DecryptedReads extends ReadBuffer {
  /** The bytes that this turn of the event loop has brought so far. */
  private turnBytes = 0;

  override deliver(byteCount: number, target: ReadTarget): void {
    if (!this.isLarge) {
      super.deliver(byteCount, target);
      return;
    }
    this.readAt = this.nextAt;
    const end = this.readAt + byteCount;
    const isUsedUp = this.whole.length - end < MAX_RECORD_BYTES;
    // The bytes at the start must be out before new ones land there.
    if (isUsedUp) target.sink.endGathering();
    this.nextAt = isUsedUp && !target.sink.isFull ? HEADROOM_BYTES : end;
    target.sink.gatherTurn();
    super.deliver(byteCount, target);
    if (isUsedUp) target.sink.endGathering();
  }

  override adapt(readBytes: number, target: ReadTarget, isComplete: boolean, maxReadBytes: number): void {
    if (isComplete) target.sink.endGathering();
    if (this.isLarge && target.sink.isFull) this.leave(target);
    super.adapt(readBytes, target, isComplete, maxReadBytes);
    if (this.isLarge) this.room = this.whole.subarray(this.nextAt);
  }

  override whenDelivered(readBytes: number, read: (byteCount: number) => void): void {
    if (this.turnBytes === 0) {
      world.soon(() => {
        const { turnBytes } = this;
        this.turnBytes = 0;
        read(turnBytes);
      });
    }
    this.turnBytes += readBytes;
  }

  /** Lets no more records land in the buffer: its bytes are still being written. */
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
 * Makes a TLS socket read into a buffer, as the option `onread` does for a socket of `node:net`. Node takes no such
 * option for TLS on an existing socket, so the property keys are copied from a socket that has the option. With one
 * chunk for each record, the garbage collector would trace the whole heap every few dozen MB. If a release of Node
 * lacks these keys, it makes chunks, and these are copied.
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

/** The undocumented properties through which a socket of Node reads into a buffer. */
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

/** The socket option `onread`, which Node documents for connecting only. */
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

/** The largest plaintext of a TLS record, in bytes (RFC 8446, 5.1). */
const MAX_RECORD_BYTES = 16 * 1024;
