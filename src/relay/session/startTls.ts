import type { PacketExchange } from '../login/packetExchange.js';
import type { Peer } from '../../protocol/peer.js';
import type { SessionControls } from './sessionControls.js';
import type { ClientTls } from '../tls/clientTls.js';
import type { UpstreamTls } from '../tls/upstreamTls.js';

/** Encrypts the two connections of a session, each once, while packets are exchanged over them. */
export class StartTls {
  /** The peer with which a handshake is under way or has failed; null if there is none. */
  handshakeWith: Peer | null = null;

  constructor(private readonly exchange: PacketExchange, private readonly session: SessionControls) {}

  /**
   * Continues inside TLS with the client, whose SSLRequest has been read.
   * @returns whether the client has proved its identity with a certificate
   * @throws Error, ClientLeftError as `ClientTls.encrypt` does
   */
  async client(clientTls: ClientTls): Promise<boolean> {
    const { exchange, session: { connections } } = this;
    const { client } = exchange;
    this.handshakeWith = 'client';
    client.socket.pause();
    const begun = client.rest();
    if (begun.length > 0) client.socket.unshift(begun);
    const encrypted = await clientTls.encrypt(client.socket);
    if (exchange.isClosed) encrypted.destroy();
    else connections.encryptClient(encrypted);
    client.socket = encrypted;
    client.isEncrypted = true;
    this.handshakeWith = null;
    this.useEnds();
    return encrypted.authorized;
  }

  /**
   * Continues inside TLS with the server, to which the SSLRequest has been sent.
   * @throws Error as `UpstreamTls.encrypt` does
   */
  async server(upstreamTls: UpstreamTls): Promise<void> {
    const { exchange, session: { connections } } = this;
    const { server } = exchange;
    this.handshakeWith = 'server';
    const encrypted = await upstreamTls.encrypt(server.socket);
    if (exchange.isClosed) return;
    connections.encryptUpstream(encrypted);
    server.socket = encrypted;
    server.isEncrypted = true;
    this.handshakeWith = null;
    this.useEnds();
  }

  /** Connects the flows to the current sockets. */
  private useEnds(): void {
    const { connections, requests, responses } = this.session;
    requests.flow.use(connections.client, connections.upstream, connections.clientTcp);
    responses.flow.use(connections.upstream, connections.client, connections.upstreamTcp);
  }
}
