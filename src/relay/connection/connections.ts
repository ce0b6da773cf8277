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

/** The two connections of a session: the client's, and the one to the upstream server. */
export class Connections {
  /** Where what the client says comes from, and what it is told goes to: its connection, or the TLS on it. */
  client: Socket;
  clientBuffer: ReadBuffer;
  /** The same for the server. */
  upstream: Socket;
  upstreamBuffer: ReadBuffer;
  /** The client's connection itself. */
  readonly clientTcp: Socket;
  readonly upstreamTcp: Socket;
  /** Gets the bytes that arrive, in the observer's place; null if the observer gets them. */
  diversion: PacketExchange | null = null;
  /** The client's address and port, or "unix". */
  readonly clientAddress: string;
  /** The server's name in messages. */
  readonly upstreamName: string;
  /** The server's address, or the path of its socket. */
  readonly upstreamAddress: string;
  /** Tells of bytes that the client has sent before it was taken over. Only to be called by what a read calls. */
  readonly replayClient: (early: Buffer) => void;
  private readonly peer: UpstreamConnection;
  private readonly encryption: SessionEncryption;
  /** Shows what waits for the client. */
  readonly clientQueue: QueueView;
  /** The client's connection is being closed by itself. */
  private isClosingClient = false;
  /** The server's connection goes on without the client's. */
  private hasParted = false;
  /** What the server has had, once its connection is closed by itself, with a login that is denied. */
  private bytesBeforeDenial: number | null = null;
  private hasClosed = false;

  /**
   * Takes both connections over. The observer is told of ends before whoever listens later: what an end means has to be
   * noted before it is relayed.
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
   * The client gets nothing any more, or the server's connection has broken. One that the server has ended in order
   * leaves what it has sent: encrypted ones are read on, and closed, while that waits for a verdict.
   */
  get isBroken(): boolean {
    const { client, upstream } = this;
    const isClientGone = !this.hasParted && (client.destroyed || client.writableEnded);
    return isClientGone || (upstream.destroyed && !upstream.readableEnded);
  }

  /** Where this very server is to be reached again, and how; null where that is not known any more. */
  upstreamRemote(): Remote | null {
    return this.peer.remote(this.encryption.upstreamTls.forControlConnections);
  }

  /** The server has had nothing of the client: one that ends now cannot have logged in. */
  get awaitsLogin(): boolean {
    return this.bytesBeforeDenial === null && this.peer.awaitsLogin;
  }

  /** Our end of the server's connection, as the server shows it. */
  get shownEnd(): ShownEnd {
    return this.peer.shownEnd;
  }

  /** What was written to either side, on the wire. */
  get writtenBytes(): { bytesToClient: number; bytesToUpstream: number } {
    const bytesToUpstream = this.bytesBeforeDenial ?? (this.upstreamTcp.bytesWritten || 0);
    return { bytesToClient: this.clientTcp.bytesWritten || 0, bytesToUpstream };
  }

  /** While the client is not read: something that changes with what goes to either end. Null while it is read. */
  get unreadMark(): string | null {
    if (!this.client.isPaused()) return null;
    const { bytesToClient, bytesToUpstream } = this.writtenBytes;
    return `${bytesToClient} ${bytesToUpstream} ${pendingBytes(this.upstreamTcp)}`;
  }

  /** Goes on inside TLS that the client has agreed on. */
  encryptClient(encrypted: TLSSocket): void {
    this.client = encrypted;
    this.clientBuffer = this.decrypt('client', encrypted, this.clientBuffer);
    this.listenToClient();
  }

  /** Goes on inside TLS that the server has agreed on. */
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

  /** Closes the server's connection at once, and the client's behind what was sent to it, and these bytes. */
  dismiss(lastBytes: Buffer | null): void {
    this.closeUpstream();
    this.closeClient(lastBytes);
  }

  /** Closes the client's connection behind what was sent to it, and these bytes. The server's goes on. */
  part(lastBytes: Buffer | null): void {
    this.hasParted = true;
    this.closeClient(lastBytes);
  }

  /** The server's connection goes on without a client: says to the server that nothing more comes (FIN). */
  endUpstream(): void {
    this.upstream.end();
  }

  /**
   * Closes both where nothing is under way: the server is told so, and the client gets a FIN and a moment to close,
   * too.
   * @param quit a COM_QUIT as it is to go to the server
   */
  takeLeave(quit: Buffer): void {
    this.upstream.end(quit);
    this.closeClient(null);
  }

  /** Resets the server's connection, as the client's was. */
  relayClientReset(): void {
    this.clientTcp.destroy();
    if (this.awaitsLogin) this.closeUpstream();
    else reset(this.upstreamTcp, this.upstream);
  }

  /** Resets the client's connection, as the server's was, once the client has what came before. */
  relayUpstreamReset(): void {
    // Where the client has the server's FIN, that is its end.
    if (!this.client.writableEnded) this.client.write('', () => void this.resetClient());
  }

  /**
   * A reset would take with it what is on its way to a client that reads slowly, and one that still sends would not
   * read what came before it: they get a FIN.
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

  /** All has been written and the server has closed: a server that closes does not read on. */
  private closeBehindServer(): void {
    this.closeUpstream();
    // A client that still sends would be reset before it has heard why.
    if (this.stillSends) this.closeClient(null);
    else this.clientTcp.destroy();
  }

  /** There is more to come of what the client sends, or more has come than was taken. */
  private get stillSends(): boolean {
    return this.client.isPaused() || this.observer.isInRequest;
  }

  /** Closes the server's connection at once, or gives it away where it would count against us. */
  private closeUpstream(): void {
    if (this.awaitsLogin) {
      this.bytesBeforeDenial = this.upstreamTcp.bytesWritten;
      closeWithDenial(this.peer, this.shared.config.connections);
    } else if (this.bytesBeforeDenial === null) {
      this.upstreamTcp.destroy();
    }
  }

  private closeClient(lastBytes: Buffer | null): void {
    this.isClosingClient = true;
    closeGently(this.client, this.clientTcp, lastBytes);
  }

  /** @param inClear where what came before is; nothing of it is needed any more */
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

/** An observer of the two connections of a session. */
export interface ConnectionsObserver extends Containment {
  /** Only part of a packet of the client has come. */
  readonly isInRequest: boolean;
  /** The client has sent this many bytes; they lie in `clientBuffer`. */
  clientRead(byteCount: number): void;
  /** The server has sent this many bytes; they lie in `upstreamBuffer`. */
  upstreamRead(byteCount: number): void;
  /** The client has said all it has to say (FIN). */
  clientEnded(): void;
  /** The server has said all it has to say (FIN). */
  upstreamEnded(): void;
  /** The client's connection was reset or lost. */
  clientFailed(error: NodeJS.ErrnoException): void;
  /** The server's connection was reset or lost. */
  upstreamFailed(error: NodeJS.ErrnoException): void;
  /** Both connections are closed. Is called once. */
  closed(): void;
}
