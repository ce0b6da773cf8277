import type { Socket } from 'node:net';

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
