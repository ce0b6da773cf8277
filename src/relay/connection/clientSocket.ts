import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { bring, type BufferedSocket, ReadBuffer, readInto } from '../flow/readBuffer.js';

/** The internals of a Node socket that are used here. Node does not document them. */
interface HandleHolder {
  _handle?: object | null;
}
interface FromHandle extends SocketConstructorOpts {
  readonly handle: object;
  readonly onread?: OnReadOpts;
  /** Reads nothing until it is resumed. */
  readonly pauseOnCreate?: boolean;
}

/**
 * Takes over an accepted connection and reads it into one buffer (`onread`). Node has no such option for sockets that a
 * server accepts: for each read it allocates 64 KiB and shrinks them, which costs a fifth to a third of a small query.
 * Therefore a second socket is made around the first one's handle. If a release of Node has no such handle, the first
 * socket stays, and its bytes are copied.
 * @param accepted has read nothing yet, and must not be used afterwards
 * @param onRead is called with the number of bytes that a read has put into the buffer
 */
export function adoptClient(accepted: Socket, onRead: (byteCount: number) => void): BufferedSocket {
  const buffer = new ReadBuffer();
  const handle = takeHandle(accepted);
  if (handle === null) {
    accepted.on('data', (chunk: Buffer) => bring(chunk, buffer, onRead));
    accepted.resume(); // the server has paused it
    return { socket: accepted, buffer };
  }
  const options: FromHandle = { handle, allowHalfOpen: true, onread: readInto(buffer, onRead) };
  return { socket: new Socket(options), buffer };
}

/**
 * Takes over a connection that another process has accepted and sent here. Node has begun to read it, but nothing can
 * have come yet. A second socket around its handle is paused, like a socket that a server of this process has accepted.
 * @param received in this same turn of the event loop; it must not be used afterwards
 */
export function adoptSent(received: Socket): Socket {
  const handle = takeHandle(received);
  if (handle === null) return received;
  const options: FromHandle = { handle, allowHalfOpen: true, pauseOnCreate: true };
  return new Socket(options);
}

/** Node's internal state of a write under way. Node does not document it either. */
interface WriteProgress {
  readonly _handle?: { readonly writeQueueSize?: number } | null;
  readonly _writableState?: { readonly writelen?: number };
}

/**
 * The bytes that were written to a socket and that the kernel has not taken. If the kernel has taken a part of a write,
 * `writableLength` still counts the whole write; so does this function if a release of Node does not tell the rest.
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
  accepted.destroy(); // for its server it has gone
  return handle;
}
