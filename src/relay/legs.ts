import type { Socket } from 'node:net';
import { formatAddress } from '../config/address.js';
import { adoptClient } from './clientSocket.js';
import type { PaceWatch } from './pace.js';
import { onPeerEnd } from './peerEnd.js';
import type { ReadBuffer } from './readBuffer.js';
import { refuse } from './refusal.js';
import { reset } from './reset.js';
import type { Shared } from './shared.js';
import type { Remote } from './side/sideConnection.js';
import { connectUpstream } from './upstreamSocket.js';

/** What a session is told of its two connections. */
export interface LegsObserver {
  /** The client has sent this many bytes; they lie in `clientBuffer`. */
  clientRead(byteCount: number): void;
  /** The server has sent this many bytes; they lie in `upstreamBuffer`. */
  upstreamRead(byteCount: number): void;
  /** The server has accepted the connection. */
  connected(): void;
  /** The client has said all it has to say (FIN). */
  clientEnded(): void;
  /** The server has said all it has to say (FIN). */
  upstreamEnded(): void;
  /** The client's connection was reset or lost. */
  clientFailed(error: NodeJS.ErrnoException): void;
  /** The server cannot be reached, or its connection was reset or lost. */
  upstreamFailed(error: NodeJS.ErrnoException): void;
  /** Both connections are closed. Is called once. */
  closed(): void;
}

/** The two ends of the connection to the server. */
export interface UpstreamEnds {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** A client that has been told goodbye is waited for so long, before it is closed whatever it does. */
const GOODBYE_TIMEOUT_MS = 2000;

/** The two connections of a session: the client's, and the one to the upstream server. */
export class Legs {
  readonly client: Socket;
  readonly clientBuffer: ReadBuffer;
  readonly upstream: Socket;
  readonly upstreamBuffer: ReadBuffer;
  /** The client's address and port. */
  readonly clientAddress: string;
  private readonly pace: PaceWatch;
  private isLeaving = false;
  private hasClosed = false;

  /**
   * Takes the client's connection over and begins to connect to the upstream server. The observer is told of ends before
   * whoever listens later: what an end means has to be noted before it is relayed.
   * @param accepted the client's connection, of which nothing was read yet
   */
  constructor(accepted: Socket, { config, pace }: Shared, private readonly observer: LegsObserver) {
    const client = adoptClient(accepted, (byteCount) => observer.clientRead(byteCount));
    const upstream = connectUpstream(config, (byteCount) => observer.upstreamRead(byteCount));
    this.client = client.socket;
    this.clientBuffer = client.buffer;
    this.upstream = upstream.socket;
    this.upstreamBuffer = upstream.buffer;
    this.pace = pace;
    const { remoteAddress, remotePort } = this.client;
    this.clientAddress = formatAddress({ host: remoteAddress ?? 'unknown', port: remotePort ?? 0 });
    this.listenToUpstream();
    this.listenToClient();
  }

  /** One of the two is gone. */
  get isBroken(): boolean {
    return this.client.destroyed || this.upstream.destroyed;
  }

  /** The address that the server was reached at; null while it is not connected. */
  get upstreamRemote(): Remote | null {
    const { remoteAddress, remotePort } = this.upstream;
    return remoteAddress === undefined || remotePort === undefined ? null : { host: remoteAddress, port: remotePort };
  }

  /** Null while the server is not connected. */
  get upstreamEnds(): UpstreamEnds | null {
    const { localAddress, localPort, remoteAddress, remotePort } = this.upstream;
    const isConnected = localAddress !== undefined && localPort !== undefined
      && remoteAddress !== undefined && remotePort !== undefined;
    return isConnected ? { localAddress, localPort, remoteAddress, remotePort } : null;
  }

  /** What was written to either side, on the wire. */
  get writtenBytes(): { bytesToClient: number; bytesToUpstream: number } {
    return { bytesToClient: this.client.bytesWritten || 0, bytesToUpstream: this.upstream.bytesWritten || 0 };
  }

  /** Closes both at once. */
  destroy(): void {
    this.upstream.destroy();
    this.client.destroy();
  }

  /** Closes the server's connection, and the client's once these bytes are on their way. */
  destroyAfter(lastBytes: Buffer): void {
    this.upstream.destroy();
    refuse(this.client, lastBytes);
  }

  /** The client has left: nobody waits any more for what the server still sends. */
  leave(): void {
    this.upstream.destroy();
    this.client.end();
  }

  /**
   * Closes both where nothing is under way: the server is told so, and the client gets a FIN and a moment to close, too.
   * @param quit a COM_QUIT as it is to go to the server
   */
  takeLeave(quit: Buffer): void {
    const { client } = this;
    this.isLeaving = true;
    this.upstream.end(quit);
    client.end();
    client.resume(); // what the client may still send goes nowhere
    client.on('end', () => client.destroy());
    const timer = setTimeout(() => client.destroy(), GOODBYE_TIMEOUT_MS);
    client.on('close', () => clearTimeout(timer));
  }

  /** Resets the server's connection, as the client's was. */
  relayClientReset(): void {
    this.client.destroy();
    reset(this.upstream);
  }

  /** Resets the client's connection, as the server's was, once the client has what came before. */
  relayUpstreamReset(): void {
    // Where the client has the server's FIN, that is its end.
    if (!this.client.writableEnded) this.client.write('', () => void this.resetClient());
  }

  /** A reset would take with it what is on its way to a client that reads slowly: behind that comes a FIN. */
  private async resetClient(): Promise<void> {
    if (await this.pace.allArrives(this.client)) reset(this.client);
    else this.client.end();
  }

  private listenToUpstream(): void {
    const { upstream, observer } = this;
    upstream.on('connect', () => observer.connected());
    onPeerEnd(upstream, () => observer.upstreamEnded());
    upstream.on('error', (error) => observer.upstreamFailed(error));
    upstream.on('close', () => this.onClose());
  }

  private listenToClient(): void {
    const { client, observer } = this;
    onPeerEnd(client, () => observer.clientEnded());
    client.on('error', (error) => observer.clientFailed(error));
    client.on('close', () => this.onClose());
    // All has been written and the server has closed: a server that closes does not read on.
    client.on('finish', () => (this.isLeaving ? undefined : this.destroy()));
  }

  private onClose(): void {
    const { client, upstream } = this;
    if (client.closed) upstream.destroy();
    if (!client.closed || !upstream.closed || this.hasClosed) return;
    this.hasClosed = true;
    this.observer.closed();
    this.clientBuffer.release();
    this.upstreamBuffer.release();
  }
}
