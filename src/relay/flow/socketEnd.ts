import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/**
 * Calls `ended` once the peer has ended its side of the connection (FIN).
 *
 * Node also emits `end` when a reset follows the last bytes: libuv takes POLLHUP after a partial read for an end. An
 * empty write tells the two apart: on a connection that was reset, it fails with an error. Then `ended` is not called.
 * @param connection the connection under a TLS stream: TLS does not report such an error
 */
export function onPeerEnd(stream: Duplex, ended: () => void, connection = stream): void {
  stream.on('end', () => {
    const isTold = stream.writableLength > 0 || stream.writableEnded; // a pending write fails anyway
    if (isTold) ended();
    else connection.write('', (error) => (error ? undefined : ended()));
  });
}

/**
 * Closes a connection with a reset (RST).
 *
 * If its FIN is just going out, the reset waits for it. Between shutdown(2) and its completion, libuv refuses a reset
 * with EINVAL (`uv_tcp_close_reset`). Node 20 then forgets the connection and leaves its descriptor open for good.
 *
 * @param end the stream that is written to: the connection, or the TLS stream on it
 */
export function reset(connection: Socket, end = connection): void {
  const isEnding = end.writableEnded && !end.writableFinished && end.writableLength === 0;
  if (isEnding) end.once('finish', () => connection.resetAndDestroy());
  else connection.resetAndDestroy();
}
