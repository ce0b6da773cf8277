import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { bring, type BufferedSocket, ReadBuffer, readInto } from '../flow/readBuffer.js';

/** What stands behind a socket of Node's, and what one can be made from: neither is in its documentation. */
interface HandleHolder {
  _handle?: object | null;
}
interface FromHandle extends SocketConstructorOpts {
  readonly handle: object;
  readonly onread?: OnReadOpts;
  /** Reads nothing before it is told to. */
  readonly pauseOnCreate?: boolean;
}

/**
 * Takes over a connection that was accepted, and reads it into a buffer (`onread`). Node lets nobody say so for sockets
 * that a server accepts: for each read of one it allocates 64 KiB and shrinks them, which makes a fifth to a third of
 * what a small query costs. So a second socket is made around the first one's handle. Where a release of Node knows no
 * handle, the first one stays, and what it brings is copied.
 * @param accepted has not read anything yet, and is not to be used any more
 * @param onRead is called with the number of bytes that a read has brought into the buffer
 */
export function adoptClient(accepted: Socket, onRead: (byteCount: number) => void): BufferedSocket {
  const buffer = new ReadBuffer();
  const handle = takeHandle(accepted);
  if (handle === null) {
    accepted.on('data', (chunk: Buffer) => bring(chunk, buffer, onRead));
    accepted.resume(); // its server has paused it
    return { socket: accepted, buffer };
  }
  const options: FromHandle = { handle, allowHalfOpen: true, onread: readInto(buffer, onRead) };
  return { socket: new Socket(options), buffer };
}

/**
 * Takes over a connection that another process has accepted and sent here. Node has begun to read it, and nothing can
 * have come yet: a second socket around its handle stands still, as one does that a server of this process has
 * accepted.
 * @param received in this very turn of the event loop; it is not to be used any more
 */
export function adoptSent(received: Socket): Socket {
  const handle = takeHandle(received);
  if (handle === null) return received;
  const options: FromHandle = { handle, allowHalfOpen: true, pauseOnCreate: true };
  return new Socket(options);
}

/** What Node knows of a write that is under way, which is not in its documentation either. */
interface WriteProgress {
  readonly _handle?: { readonly writeQueueSize?: number } | null;
  readonly _writableState?: { readonly writelen?: number };
}

/**
 * Bytes that a socket was given and that the kernel has not taken. Of a write that the kernel has taken a part of,
 * `writableLength` counts the whole; where a release of Node does not tell the rest, so does this.
 */
export function pendingBytes(socket: Socket & WriteProgress): number {
  const inFlightBytes = socket._writableState?.writelen;
  const restBytes = socket._handle?.writeQueueSize;
  if (inFlightBytes === undefined || restBytes === undefined) return socket.writableLength;
  return socket.writableLength - inFlightBytes + Math.min(inFlightBytes, restBytes);
}

function takeHandle(accepted: Socket & HandleHolder): object | null {
  const { _handle: handle } = accepted;
  if (handle === undefined || handle === null) return null;
  accepted._handle = null;
  accepted.destroy(); // its server counts it as gone
  return handle;
}
