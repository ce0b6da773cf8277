/**
 * A server that speaks the MySQL protocol and has tables of any size without stored rows. It is for a first run
 * without a database, for tests of behaviour that real servers do not show on demand, and for benchmarks, where it must
 * be the fast part. It accepts every login, and listens on the loopback address by default.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { QueryHook } from './commands.js';
import { DemoConnection } from './connection.js';

export interface DemoServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly onQuery?: QueryHook;
}

export interface DemoServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly connectionCount: number;
  /** Bytes that the kernel has taken, over all open connections. */
  readonly sentBytes: number;
  /** Bytes that wait in this process for clients that do not read. */
  readonly heldBytes: number;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

/** The most bytes that a connection holds for a client that does not read, besides one block. */
const SEND_BUFFER_BYTES = 256 * 1024;

/** Starts the server. Resolves when it listens; rejects if it cannot. */
export async function startDemoServer(options: DemoServerOptions = {}): Promise<DemoServer> {
  const sockets = new Set<Socket>();
  let lastConnectionId = 0;
  const listener = createServer({ noDelay: true, highWaterMark: SEND_BUFFER_BYTES }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    lastConnectionId += 1;
    new DemoConnection(socket, lastConnectionId, options.onQuery);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => resolve());
  });
  const { address: host, port } = listener.address() as AddressInfo;
  const sum = (bytesOf: (socket: Socket) => number): number =>
    [...sockets].reduce((total, socket) => total + bytesOf(socket), 0);
  return {
    address: { host, port },
    get connectionCount() {
      return sockets.size;
    },
    get sentBytes() {
      return sum((socket) => socket.bytesWritten - socket.writableLength);
    },
    get heldBytes() {
      return sum((socket) => socket.writableLength);
    },
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
