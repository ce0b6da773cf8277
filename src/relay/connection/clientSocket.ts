import { type OnReadOpts, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { bring, type BufferedSocket, ReadBuffer, readInto } from '../flow/readBuffer.js';
import { SET_BY_NODE } from './socketOptions.js';

/**
 * An accepted connection that is read into one buffer (`onread`), and not before it is resumed. Node has no such option
 * for sockets that a server accepts: for each read it allocates 64 KiB and shrinks them, which costs a fifth to a third
 * of a small query.
 */
export class ClientSocket extends Socket {
  readonly buffer: ReadBuffer;
  /** Gets the number of bytes that a read has put into the buffer. Before the takeover they are emitted as data. */
  onRead = (byteCount: number): void => void this.emit('data', this.buffer.take(byteCount));

  /** @param handle of a connection that nobody reads */
  constructor(handle: object) {
    const buffer = new ReadBuffer();
    const onread = readInto(buffer, (byteCount) => this.onRead(byteCount));
    const options: FromHandle = { handle, allowHalfOpen: true, pauseOnCreate: true, ...SET_BY_NODE, onread };
    super(options);
    this.buffer = buffer;
    this.setNoDelay(true);
  }
}

/** The internals of a Node socket that are used here. Node does not document them. */
interface HandleHolder {
  _handle?: object | null;
}
interface FromHandle extends SocketConstructorOpts {
  readonly handle: object;
  readonly onread: OnReadOpts;
  /** Reads nothing until it is resumed. */
  readonly pauseOnCreate: boolean;
}

/** The internals of a Node server: its handle calls `onconnection` for each connection. */
interface ListeningServer {
  readonly _handle?: { onconnection?: OnConnection | null } | null;
}
type OnConnection = (this: object, status: number, connection?: object) => void;

/**
 * Makes a `ClientSocket` of each connection that a listening server accepts, in place of Node's own socket. If a
 * release of Node has no such handle, the server goes on emitting its own.
 */
export function acceptClients(server: Server, accepted: (client: Socket) => void): void {
  const { _handle: handle } = server as ListeningServer;
  const ofNode = handle?.onconnection;
  if (typeof ofNode !== 'function') return;
  handle!.onconnection = function onconnection(status, connection) {
    if (connection === undefined) ofNode.call(this, status);
    else accepted(new ClientSocket(connection));
  };
}

/**
 * Takes over an accepted connection. If it is not a `ClientSocket`, its bytes are copied into a buffer.
 * @param accepted nobody else reads it any more
 * @param onRead is called with the number of bytes that a read has put into the buffer
 */
export function adoptClient(accepted: Socket, onRead: (byteCount: number) => void): BufferedSocket {
  const buffer = accepted instanceof ClientSocket ? accepted.buffer : new ReadBuffer();
  if (accepted instanceof ClientSocket) accepted.onRead = onRead;
  else accepted.on('data', (chunk: Buffer) => bring(chunk, buffer, onRead));
  if (accepted.isPaused()) accepted.resume();
  return { socket: accepted, buffer };
}

/**
 * Takes over a connection that another process has accepted and sent here. Node has begun to read it, but nothing can
 * have come yet. Therefore a second socket is made around its handle.
 * @param received in this same turn of the event loop; it must not be used afterwards
 */
export function adoptSent(received: Socket): Socket {
  const handle = takeHandle(received);
  return handle === null ? received : new ClientSocket(handle);
}

/**
 * Takes the bytes that Node has read from a socket and not emitted. Afterwards it reads none until it is resumed.
 * Since Node 26 each `read` returns only one piece of them.
 */
export function takeRest(socket: Socket): Buffer[] {
  if (socket instanceof ClientSocket) return []; // Node keeps none
  socket.pause();
  const pieces: Buffer[] = [];
  for (let piece: unknown; (piece = socket.read()) !== null;) pieces.push(piece as Buffer);
  return pieces;
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
