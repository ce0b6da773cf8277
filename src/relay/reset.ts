import type { Socket } from 'node:net';

/**
 * Closes a connection with a reset (RST).
 *
 * Where its FIN is just going out, that comes first: Node 20 asked to reset a connection between shutdown(2) and the word that
 * it is done gets EINVAL from libuv (`uv_tcp_close_reset`), forgets the connection, and leaves its descriptor open for good.
 */
export function reset(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isEnding) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
