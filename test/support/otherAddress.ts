import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import type { Lifetime } from './guard.js';
import type { Server } from './servers.js';

// Connections to a server from another address than 127.0.0.1, whose failed logins no server counts.

/** The address from which these connections come. */
export const OTHER_ADDRESS = '127.0.0.5';

/** A way to a server. */
export interface Forwarder {
  readonly port: number;
  /** Resolves when the server has seen the end of this many connections in total. */
  closed(count: number): Promise<void>;
}

/** Passes connections on to a server, from the other address; it ends with `t`. */
export const startForwarder = async (t: Lifetime, port: number): Promise<Forwarder> => {
  let closedCount = 0;
  let tell = (): void => {};
  const forwarder = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ host: '127.0.0.1', port, localAddress: OTHER_ADDRESS, allowHalfOpen: true });
    client.on('error', () => server.destroy()).pipe(server);
    server.on('error', () => client.destroy()).pipe(client);
    server.on('close', () => {
      client.destroy();
      closedCount += 1;
      tell();
    });
    client.on('close', () => server.end());
  }).listen(0, '127.0.0.1');
  await once(forwarder, 'listening');
  t.teardown(() => forwarder.close());
  return {
    port: (forwarder.address() as AddressInfo).port,
    closed: async (count) => {
      while (closedCount < count) await new Promise<void>((resolve) => (tell = resolve));
    },
  };
};

/**
 * Connects from the other address and leaves. Returns the payload of the server's packet once the server has closed,
 * too.
 */
export const visit = async (server: Server): Promise<Buffer> => {
  const socket = connect({ host: '127.0.0.1', port: server.port, localAddress: OTHER_ADDRESS });
  const [bytes] = await once(socket, 'data') as [Buffer];
  socket.end();
  await once(socket, 'close');
  return bytes.subarray(HEADER_BYTES);
};
