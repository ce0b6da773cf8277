import type { PacketExchange, Side } from '../login/packetExchange.js';
import type { SessionParts } from './sessionParts.js';
import type { ClientSide } from '../tls/clientTls.js';
import type { ServerSide } from '../tls/upstreamTls.js';

/** Encrypts the two connections of a session, each once, while packets are exchanged over them. */
export class StartTls {
  /** With whom a handshake is under way, or has failed. */
  handshakeWith: Side | null = null;

  constructor(private readonly exchange: PacketExchange, private readonly parts: SessionParts) {}

  /**
   * Goes on inside the client's TLS. Its SSLRequest has been taken.
   * @returns whether the client has proved with a certificate who it is
   * @throws Error, ClientLeftError as `ClientSide.encrypt` does
   */
  async client(clientSide: ClientSide): Promise<boolean> {
    const { exchange, parts: { legs } } = this;
    const { client } = exchange;
    this.handshakeWith = 'client';
    client.socket.pause();
    const begun = client.rest();
    if (begun.length > 0) client.socket.unshift(begun);
    const encrypted = await clientSide.encrypt(client.socket);
    if (exchange.isClosed) encrypted.destroy();
    else legs.encryptClient(encrypted);
    client.socket = encrypted;
    client.isEncrypted = true;
    this.handshakeWith = null;
    this.useEnds();
    return encrypted.authorized;
  }

  /**
   * Goes on inside TLS with the server, which has been sent the SSLRequest.
   * @throws Error as `ServerSide.encrypt` does
   */
  async server(serverSide: ServerSide): Promise<void> {
    const { exchange, parts: { legs } } = this;
    const { server } = exchange;
    this.handshakeWith = 'server';
    const encrypted = await serverSide.encrypt(server.socket);
    if (exchange.isClosed) return;
    legs.encryptUpstream(encrypted);
    server.socket = encrypted;
    server.isEncrypted = true;
    this.handshakeWith = null;
    this.useEnds();
  }

  /** Lets the flows go on between the ends as they are now. */
  private useEnds(): void {
    const { legs, requests, responses } = this.parts;
    requests.use(legs.client, legs.upstream, legs.clientTcp);
    responses.use(legs.upstream, legs.client, legs.upstreamTcp);
  }
}
