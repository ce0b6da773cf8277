import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { QueueView } from '../pace/clientLook.js';
import { pendingBytes } from './clientSocket.js';
import type { SocketQueueReader, SocketQueues } from '../pace/socketQueues.js';

/** What waits for the client of these connections. */
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

/** A session's sockets, as far as they tell what waits. */
interface Sockets {
  /** Over which the client is written to: its TCP socket, or the TLS on it. */
  readonly client: Duplex;
  readonly clientTcp: Socket;
  readonly upstreamTcp: Socket;
}
