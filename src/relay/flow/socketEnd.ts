import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/**
 * Calls `ended` once the peer has said all it has to say (FIN).
 *
 * Node also tells of an end where a reset has come behind the last bytes (libuv takes POLLHUP behind a partial read for
 * one). Writing nothing brings out which of the two it was: on a connection that was reset it fails, and its error says
 * so.
 * @param connection what the stream is encrypted in: TLS keeps such an error to itself
 */
export function onPeerEnd(stream: Duplex, ended: () => void, connection = stream): void {
  stream.on('end', () => {
    const isTold = stream.writableLength > 0 || stream.writableEnded; // what is being written fails by itself
    if (isTold) ended();
    else connection.write('', (error) => (error ? undefined : ended()));
  });
}

/**
 * Closes a connection with a reset (RST).
 *
 * Where its FIN is just going out, that comes first: Node 20 asked to reset a connection between shutdown(2) and the
 * word that it is done gets EINVAL from libuv (`uv_tcp_close_reset`), forgets the connection, and leaves its descriptor
 * open for good.
 *
 * @param end what is written to: the connection, or the TLS on it
 */
export function reset(connection: Socket, end = connection): void {
  const isEnding = end.writableEnded && !end.writableFinished && end.writableLength === 0;
  if (isEnding) end.once('finish', () => connection.resetAndDestroy());
  else connection.resetAndDestroy();
}
