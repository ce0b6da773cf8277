import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { QueueView } from '../pace/clientLook.js';
import { pendingBytes } from './clientSocket.js';
import type { SocketQueueReader, SocketQueues } from '../pace/socketQueues.js';

/** The bytes that wait for the client of a session. */
export class ClientQueue implements QueueView {
  readonly isServerFar: boolean;

  constructor(
    private readonly sockets: Sockets,
    private readonly reader: SocketQueueReader,
  ) {
    const { localAddress, remoteAddress } = sockets.upstreamTcp;
    this.isServerFar = localAddress !== remoteAddress; // over loopback, as over a Unix socket, both ends have the same
  }

  look(): Promise<SocketQueues> {
    return this.reader.lookAt(this.sockets.clientTcp);
  }

  get pendingBytes(): number {
    const { client, clientTcp } = this.sockets;
    return client === clientTcp ? pendingBytes(clientTcp) : client.writableLength;
  }

  get intervalMs(): number {
    return this.reader.intervalMs;
  }
}

/** The sockets of a session that tell how many bytes wait. */
interface Sockets {
  /** The socket to which bytes for the client are written: its TCP socket, or the TLS socket on it. */
  readonly client: Duplex;
  readonly clientTcp: Socket;
  readonly upstreamTcp: Socket;
}
