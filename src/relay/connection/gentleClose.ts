import type { Socket } from 'node:net';

/** How long a client that reads slowly is given to take what is queued for it. */
const TAKING_TIMEOUT_MS = 30_000;

/** How long a client is then given to close, too. */
const GOODBYE_TIMEOUT_MS = 2000;

/**
 * Closes a client's connection so that everything that was written arrives: behind it goes a FIN, and what the client
 * still sends is read and thrown away. A connection that is closed with something unread is reset by the kernel (Linux,
 * `tcp_close`), and a reset takes with it what the client has not received. A client that does not take it, or does not
 * close, is not waited for any longer.
 * @param client where it is written to: the connection, or the TLS on it
 */
export function closeGently(client: Socket, connection: Socket, lastBytes: Buffer | null = null): void {
  const destroy = (): void => void connection.destroy();
  let timer = setTimeout(destroy, TAKING_TIMEOUT_MS);
  connection.once('close', () => clearTimeout(timer));
  const taken = (): void => {
    clearTimeout(timer);
    if (client.readableEnded || connection.destroyed) {
      destroy();
      return;
    }
    timer = setTimeout(destroy, GOODBYE_TIMEOUT_MS);
    client.once('end', destroy);
  };
  if (lastBytes === null) client.end(taken);
  else client.end(lastBytes, taken);
  client.resume();
}
