import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Arrived } from './arrival.js';
import { ClientQueue } from './clientQueue.js';
import { adoptClient, pendingBytes } from './clientSocket.js';
import type { Containment } from '../containment.js';
import { closeWithDenial } from './deniedLogin.js';
import { closeGently } from './gentleClose.js';
import { onPeerEnd, reset } from '../flow/socketEnd.js';
import type { PacketExchange } from '../login/packetExchange.js';
import type { Peer } from '../../protocol/peer.js';
import { readDecrypted } from '../flow/decryptedReads.js';
import { bring, type ReadBuffer } from '../flow/readBuffer.js';
import { readBeforeFailing } from '../flow/readBeforeFailing.js';
import { refuse } from './refusal.js';
import type { QueueView } from '../pace/clientLook.js';
import type { Shared } from '../shared.js';
import type { SessionEncryption } from '../tls/encryption.js';
import { formatPlace } from '../../config/address.js';
import type { Remote } from '../../control/controlConnection.js';
import { nameOf, type ShownEnd, type UpstreamConnection } from './upstreamConnection.js';

/** The two connections of a session: to the client, and to the upstream server. */
export class Connections {
  /** For reads from the client and writes to it: the connection, or the TLS on it. */
  client: Socket;
  clientBuffer: ReadBuffer;
  /** The same for the server. */
  upstream: Socket;
  upstreamBuffer: ReadBuffer;
  /** The client's TCP connection (or Unix socket) under any TLS. */
  readonly clientTcp: Socket;
  readonly upstreamTcp: Socket;
  /** Gets the arriving bytes instead of the observer; null if the observer gets them. */
  diversion: PacketExchange | null = null;
  /** The client's address and port, or "unix". */
  readonly clientAddress: string;
  /** The server's name in messages. */
  readonly upstreamName: string;
  /** The server's address, or the path of its socket. */
  readonly upstreamAddress: string;
  /** Delivers bytes that the client sent before the takeover. To be called during a read only. */
  readonly replayClient: (early: Buffer) => void;
  private readonly peer: UpstreamConnection;
  private readonly encryption: SessionEncryption;
  /** Shows the bytes that wait for the client. */
  readonly clientQueue: QueueView;
  /** The client's connection is being closed. */
  private isClosingClient = false;
  /** The server's connection continues without the client's. */
  private hasParted = false;
  /** The bytes that the server got before a login to deny; null if there was no such login. */
  private bytesBeforeDenial: number | null = null;
  private hasClosed = false;

  /**
   * Takes both connections over. The observer learns of an end before all later listeners, since the cause of an end
   * must be noted before the end is relayed.
   */
  constructor(
    { client: accepted, clientAddress, upstream, encryption }: Arrived,
    private readonly shared: Pick<Shared, 'config' | 'pace' | 'queues'>,
    private readonly observer: ConnectionsObserver,
  ) {
    const client = adoptClient(accepted, (byteCount) => this.onRead('client', byteCount));
    this.replayClient = (early) => bring(early, client.buffer, (byteCount) => this.onRead('client', byteCount));
    upstream.onRead = (byteCount) => this.onRead('server', byteCount);
    this.client = this.clientTcp = client.socket;
    this.clientBuffer = client.buffer;
    this.clientAddress = clientAddress.text;
    this.peer = upstream;
    this.encryption = encryption;
    this.upstream = this.upstreamTcp = upstream.socket;
    this.upstreamBuffer = upstream.buffer;
    this.upstreamName = nameOf(upstream.upstream);
    this.upstreamAddress = formatPlace(upstream.upstream.at);
    this.clientQueue = new ClientQueue(this, shared.queues);
    this.upstream.on('close', () => this.onClose());
    this.client.on('close', () => this.onClose());
    this.listenToUpstream();
    this.listenToClient();
  }

  /**
   * The client gets no more bytes, or the server's connection has broken. After an orderly end the server's last bytes
   * may still wait for a verdict, so that end is not a break. An encrypted connection is closed by then.
   */
  get isBroken(): boolean {
    const { client, upstream } = this;
    const isClientGone = !this.hasParted && (client.destroyed || client.writableEnded);
    return isClientGone || (upstream.destroyed && !upstream.readableEnded);
  }

  /** The address of this very server and the way to reach it again; null if they are no longer known. */
  upstreamRemote(): Remote | null {
    return this.peer.remote(this.encryption.upstreamTls.forControlConnections);
  }

  /** The server has no byte of the client yet, so the client cannot have logged in. */
  get awaitsLogin(): boolean {
    return this.bytesBeforeDenial === null && this.peer.awaitsLogin;
  }

  /** Our end of the server's connection, as the server lists it. */
  get shownEnd(): ShownEnd {
    return this.peer.shownEnd;
  }

  /** The bytes that were written to each peer, on the wire. */
  get writtenBytes(): { bytesToClient: number; bytesToUpstream: number } {
    const bytesToUpstream = this.bytesBeforeDenial ?? (this.upstreamTcp.bytesWritten || 0);
    return { bytesToClient: this.clientTcp.bytesWritten || 0, bytesToUpstream };
  }

  /** While the client is not read, a mark that changes with each byte that goes to either peer; otherwise null. */
  get unreadMark(): string | null {
    if (!this.client.isPaused()) return null;
    const { bytesToClient, bytesToUpstream } = this.writtenBytes;
    return `${bytesToClient} ${bytesToUpstream} ${pendingBytes(this.upstreamTcp)}`;
  }

  /** Continues inside TLS with the client. */
  encryptClient(encrypted: TLSSocket): void {
    this.client = encrypted;
    this.clientBuffer = this.decrypt('client', encrypted, this.clientBuffer);
    this.listenToClient();
  }

  /** Continues inside TLS with the server. */
  encryptUpstream(encrypted: TLSSocket): void {
    this.upstream = encrypted;
    this.upstreamBuffer = this.decrypt('server', encrypted, this.upstreamBuffer);
    this.listenToUpstream();
  }

  /** Closes both at once. */
  destroy(): void {
    this.closeUpstream();
    this.clientTcp.destroy();
  }

  /** Closes the server's connection, and the client's with an error in place of the greeting. */
  refuse(packet: Buffer): void {
    this.closeUpstream();
    refuse(this.client, packet);
  }

  /** Closes the server's connection at once. Closes the client's after all bytes that were sent to it, and these. */
  dismiss(lastBytes: Buffer | null): void {
    this.closeUpstream();
    this.closeClient(lastBytes);
  }

  /** Closes the client's connection after all bytes that were sent to it, and these. The server's continues. */
  part(lastBytes: Buffer | null): void {
    this.hasParted = true;
    this.closeClient(lastBytes);
  }

  /** The server's connection continues without a client: tells the server that no more bytes come (FIN). */
  endUpstream(): void {
    this.upstream.end();
  }

  /**
   * Closes both connections while nothing is under way. The server gets COM_QUIT. The client gets a FIN and a moment to
   * close as well.
   * @param quit the COM_QUIT in the form in which it goes to the server
   */
  takeLeave(quit: Buffer): void {
    this.upstream.end(quit);
    this.closeClient(null);
  }

  /** Resets the server's connection because the client's was reset. */
  relayClientReset(): void {
    this.clientTcp.destroy();
    if (this.awaitsLogin) this.closeUpstream();
    else reset(this.upstreamTcp, this.upstream);
  }

  /** Resets the client's connection because the server's was reset, once the client has the bytes before it. */
  relayUpstreamReset(): void {
    // If the client already has the server's FIN, its connection ends with that.
    if (!this.client.writableEnded) this.client.write('', () => void this.resetClient());
  }

  /**
   * Resets the client's connection, or sends a FIN if a reset would lose bytes: those on their way to a slow reader, or
   * those that a client would still read after it has sent all of its own.
   */
  private async resetClient(): Promise<void> {
    const hasArrived = await this.shared.pace.allArrives(this.client);
    if (this.stillSends) this.closeClient(null);
    else if (hasArrived) reset(this.clientTcp, this.client);
    else this.client.end();
  }

  private listenToUpstream(): void {
    const { upstream, observer } = this;
    readBeforeFailing(upstream, () => this.upstream);
    onPeerEnd(upstream, () => observer.contain(() => observer.upstreamEnded()), this.upstreamTcp);
    upstream.on('error', (error) => observer.contain(() => observer.upstreamFailed(error)));
  }

  private listenToClient(): void {
    const { client, observer } = this;
    onPeerEnd(client, () => observer.contain(() => observer.clientEnded()), this.clientTcp);
    client.on('error', (error) => observer.contain(() => observer.clientFailed(error)));
    client.on('finish', () => (this.isClosingClient ? undefined : this.closeBehindServer()));
  }

  /** The server has closed, and all its bytes are written. Closes both connections, since that server reads no more. */
  private closeBehindServer(): void {
    this.closeUpstream();
    // A client that still sends would be reset before it reads the last bytes.
    if (this.stillSends) this.closeClient(null);
    else this.clientTcp.destroy();
  }

  /** A packet of the client has arrived in part, or the client is not read at the moment. */
  private get stillSends(): boolean {
    return this.client.isPaused() || this.observer.isInRequest;
  }

  /** Closes the server's connection at once. If the server would count that against us, sends a login to deny first. */
  private closeUpstream(): void {
    if (this.awaitsLogin) {
      this.bytesBeforeDenial = this.upstreamTcp.bytesWritten;
      closeWithDenial(this.peer, this.shared.config.connections);
    } else if (this.bytesBeforeDenial === null) {
      this.upstreamTcp.destroy();
    }
  }

  /** Does nothing if the client still takes its last bytes: further ones would end its connection at once. */
  private closeClient(lastBytes: Buffer | null): void {
    if (this.isClosingClient) return;
    this.isClosingClient = true;
    closeGently(this.client, this.clientTcp, lastBytes);
  }

  /** @param inClear the buffer of the unencrypted reads; it is released */
  private decrypt(peer: Peer, encrypted: TLSSocket, inClear: ReadBuffer): ReadBuffer {
    inClear.release();
    return readDecrypted(encrypted, (byteCount) => this.onRead(peer, byteCount));
  }

  private onRead(peer: Peer, byteCount: number): void {
    const { diversion, observer } = this;
    const reads = peer === 'client' ? this.clientBuffer : this.upstreamBuffer;
    if (peer === 'client' && this.isClosingClient) return;
    try {
      if (diversion !== null) diversion.accept(peer, reads.take(byteCount));
      else if (peer === 'client') observer.clientRead(byteCount);
      else observer.upstreamRead(byteCount);
    } catch (error) {
      observer.threw(error);
    }
  }

  private onClose(): void {
    const { clientTcp: client, upstreamTcp: upstream } = this;
    if (client.closed && !this.hasParted) this.closeUpstream();
    const isUpstreamClosed = upstream.closed || this.bytesBeforeDenial !== null;
    if (!client.closed || !isUpstreamClosed || this.hasClosed) return;
    this.hasClosed = true;
    this.observer.closed();
    this.clientBuffer.release();
    if (this.bytesBeforeDenial === null) this.upstreamBuffer.release();
  }
}

/** An observer of a session's two connections. */
export interface ConnectionsObserver extends Containment {
  /** A packet of the client has arrived in part. */
  readonly isInRequest: boolean;
  /** The client has sent this many bytes; they are in `clientBuffer`. */
  clientRead(byteCount: number): void;
  /** The server has sent this many bytes; they are in `upstreamBuffer`. */
  upstreamRead(byteCount: number): void;
  /** The client sends no more (FIN). */
  clientEnded(): void;
  /** The server sends no more (FIN). */
  upstreamEnded(): void;
  /** The client's connection was reset or lost. */
  clientFailed(error: NodeJS.ErrnoException): void;
  /** The server's connection was reset or lost. */
  upstreamFailed(error: NodeJS.ErrnoException): void;
  /** Both connections are closed. Is called once. */
  closed(): void;
}
