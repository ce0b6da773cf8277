import type { Socket } from 'node:net';
import { world } from '../../world/world.js';

/** The longest wait for a slow client to read the bytes that are queued for it. */
const TAKING_TIMEOUT_MS = 30_000;

/** The longest wait after that for the client to close. */
const GOODBYE_TIMEOUT_MS = 2000;

/**
 * Closes a client's connection so that all written bytes arrive. A FIN follows them, and the bytes that the client
 * still sends are read and dropped. If bytes were left unread at the close, the kernel would reset the connection
 * (Linux, `tcp_close`), and the reset would discard bytes that the client has not received. The wait is bounded.
 * @param client the connection, or the TLS on it
 */
export function closeGently(client: Socket, connection: Socket, lastBytes: Buffer | null = null): void {
  const destroy = (): void => void connection.destroy();
  let timer = world.after(TAKING_TIMEOUT_MS, destroy);
  connection.once('close', () => world.cancel(timer));
  const taken = (): void => {
    world.cancel(timer);
    if (client.readableEnded || connection.destroyed) {
      destroy();
      return;
    }
    timer = world.after(GOODBYE_TIMEOUT_MS, destroy);
    client.once('end', destroy);
  };
  if (lastBytes === null) client.end(taken);
  else client.end(lastBytes, taken);
  client.resume();
}
