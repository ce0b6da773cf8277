import type { QueueView } from '../pace/clientLook.js';
import { pendingBytes } from '../connection/clientSocket.js';
import type { Legs } from '../connection/connections.js';
import type { SocketQueueReader, SocketQueues } from '../pace/socketQueues.js';

/** What waits for the client of these connections. */
export class ClientQueue implements QueueView {
  readonly isServerFar: boolean;

  constructor(
    private readonly legs: Pick<Legs, 'client' | 'clientTcp' | 'upstreamTcp'>,
    private readonly reader: SocketQueueReader,
  ) {
    const { localAddress, remoteAddress } = legs.upstreamTcp;
    this.isServerFar = localAddress !== remoteAddress; // over loopback, as over a Unix socket, both ends have the same
  }

  look(): Promise<SocketQueues> {
    return this.reader.lookAt(this.legs.clientTcp);
  }

  get pendingBytes(): number {
    const { client, clientTcp } = this.legs;
    return client === clientTcp ? pendingBytes(clientTcp) : client.writableLength;
  }

  get intervalMs(): number {
    return this.reader.intervalMs;
  }
}
