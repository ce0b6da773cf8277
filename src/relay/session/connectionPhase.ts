import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Capability } from '../../protocol/capabilities.js';
import { encodePacket, HEADER_BYTES } from '../../protocol/framing.js';
import { offerTls } from '../../protocol/greeting.js';
import { isSslRequest, sslRequestFor, withoutSsl, withSsl } from '../../protocol/sslRequest.js';
import { AuthBridge } from '../../conversation/authBridge.js';
import type { Peer } from '../../protocol/peer.js';
import { AuthRelay } from '../login/authRelay.js';
import type { SessionEncryption } from '../tls/encryption.js';
import type { Diverted } from '../flow/framedInlet.js';
import { PacketExchange } from '../login/packetExchange.js';
import type { WholePacket } from '../login/packetConnection.js';
import { GENERAL_ERROR, ServerErrors } from '../../protocol/errorCodes.js';
import type { ResponseDecisions } from '../flow/responseDecisions.js';
import type { SessionControls } from './sessionControls.js';
import { StartTls } from './startTls.js';
import type { ClientTls } from '../tls/clientTls.js';
import { ClientLeftError, reasonOf } from '../tls/handshakeError.js';

/**
 * The part of a session between the server's greeting and the relay of both connections, if one of them may be
 * encrypted. The conversation sees each packet as it would be without encryption.
 *
 *     server's greeting -> client's SSLRequest -> its TLS -> its answer
 *       -> SSLRequest to the server -> its TLS -> the answer
 *
 * If only one connection is encrypted then, the authentication is bridged, packet by packet, and so is that of each
 * COM_CHANGE_USER. Otherwise the rest passes unchanged, except that the login of a client that has shown a certificate
 * is bridged.
 */
export class ConnectionPhase {
  private readonly exchange: PacketExchange;
  private readonly encryption: SessionEncryption;
  private readonly startTls: StartTls;
  private authRelay: AuthRelay | null = null;
  private isClosed = false;
  /** The client has proved its identity with a certificate. The server has not seen the certificate. */
  private hasShownCertificate = false;

  /** @param flows gets the calls that the flow of responses would make if it saw the connection phase */
  constructor(private readonly session: SessionControls, private readonly flows: ResponseDecisions) {
    const { client, upstream } = session.connections;
    this.encryption = session.encryption;
    this.exchange = new PacketExchange(client, upstream, (peer) => {
      this.refuseLogin(`the ${peer} sent more than an authentication takes`);
    });
    this.startTls = new StartTls(this.exchange, session);
  }

  /** Takes over the bytes of both connections if one of them may have to be encrypted. */
  begin(): void {
    if (this.encryption.isPossible) this.divert(this.run());
    else this.note('none', 'none');
  }

  /** Takes over at the start of a COM_CHANGE_USER. All commands before it have been answered. */
  changeUser(begun: Diverted): void {
    this.exchange.takeOver(begun);
    this.divert(this.bridgeUserChange());
  }

  /** The peer with which a TLS handshake is under way or has failed; null if there is none. */
  get handshakeWith(): Peer | null {
    return this.startTls.handshakeWith;
  }

  /** Stops the connection phase. */
  close(): void {
    this.isClosed = true;
    this.authRelay?.close();
    this.exchange.close();
  }

  /** The peer whose connection alone is encrypted; null if both connections are, or neither is. */
  private get onlyEncrypted(): Peer | null {
    const { client, server } = this.exchange;
    if (client.isEncrypted === server.isEncrypted) return null;
    return client.isEncrypted ? 'client' : 'server';
  }

  /** Sends all bytes that arrive to the exchange, until `handOver`. */
  private divert(work: Promise<void>): void {
    this.session.connections.diversion = this.exchange;
    work.catch((error: unknown) => this.session.threw(error));
  }

  private async run(): Promise<void> {
    const { exchange, encryption: { listenMode, clientTls } } = this;
    const greeting = await exchange.next('server');
    if (!this.greet(greeting)) return;
    let first: WholePacket | null = await exchange.next('client');
    const asksForTls = isSslRequest(first.payload);
    if (asksForTls && listenMode === 'passthrough') return this.passThrough(first);
    if (asksForTls && clientTls !== null && this.offersTls) {
      first = await this.encryptClient(clientTls, first.payload);
      if (first === null) return;
    } else if (listenMode === 'required') {
      const message = 'connections using insecure transport are prohibited: listen.tls.mode is "required"';
      return this.refuseLogin(message, ServerErrors.SECURE_TRANSPORT_REQUIRED.code);
    }
    await this.logIn(first);
  }

  private async bridgeUserChange(): Promise<void> {
    const { exchange, session: { conversation } } = this;
    const { bytes, payload } = await exchange.next('client');
    conversation.holdsUserChanges = false;
    conversation.client.scan(bytes, 0, bytes.length);
    conversation.holdsUserChanges = true;
    await this.bridge(payload, this.onlyEncrypted, true);
  }

  /** Sends the greeting to the client; hands over if nothing can be encrypted. Returns whether this phase continues. */
  private greet(greeting: WholePacket): boolean {
    const { exchange, flows, session, session: { conversation }, encryption: { listenMode, upstreamTls } } = this;
    this.show(greeting);
    if (conversation.server.stopReason === 'refused') {
      flows.refused(conversation.server.refusal!);
      return false;
    }
    if (this.isClosed) return false;
    const isFollowed = conversation.phase === 'response';
    if (upstreamTls.isRequired && !this.serverOffersTls) {
      session.refuse('the upstream server offers no TLS, and upstream.tls.mode asks for it');
      return false;
    }
    const { offersTls } = this;
    const passesTls = listenMode === 'passthrough' && this.serverOffersTls;
    if (isFollowed && (offersTls || passesTls)) offerTls(greeting.payload);
    exchange.client.write(greeting.bytes);
    if (upstreamTls.isWanted && !this.serverOffersTls) upstreamTls.noteClear();
    const mayEncrypt = offersTls || passesTls || (this.serverOffersTls && upstreamTls.isWanted);
    if (isFollowed && mayEncrypt) return true;
    this.note('none', 'none');
    this.handOver();
    return false;
  }

  private get offersTls(): boolean {
    return this.encryption.offersTls(this.serverOffersTls);
  }

  private get serverOffersTls(): boolean {
    const { greeting } = this.session.conversation;
    return greeting !== null && (greeting.capabilities & Capability.SSL) !== 0n;
  }

  private passThrough({ payload }: WholePacket): void {
    const { conversation, deadline, log, shared } = this.session;
    if (shared.config.onUnparsed === 'close') {
      return this.refuseLogin('TLS is passed through and cannot be followed, and onUnparsed is "close"');
    }
    conversation.passEncrypted(payload);
    deadline.clear();
    this.note('passthrough', 'passthrough');
    log.info({}, 'TLS is passed through: nothing is counted in this session');
    this.exchange.server.send(withSsl(payload));
    this.handOver();
  }

  /**
   * Encrypts the client's connection and reads the client's answer to the greeting inside TLS.
   * @returns the answer as the client would have sent it in the clear; null if the handshake has failed
   */
  private async encryptClient(clientTls: ClientTls, sslRequest: Buffer): Promise<WholePacket | null> {
    const { exchange } = this;
    try {
      this.hasShownCertificate = await this.startTls.client(clientTls);
    } catch (error) {
      this.clientNotEncrypted(error);
      return null;
    }
    const { payload } = await exchange.next('client');
    const bytes = encodePacket(1, withoutSsl(payload, sslRequest));
    payload.fill(0);
    return { bytes, payload: bytes.subarray(HEADER_BYTES) };
  }

  /** Sends the client's answer to the greeting to the server, and starts the rest of the authentication. */
  private async logIn({ bytes, payload }: WholePacket): Promise<void> {
    const { session: { conversation }, exchange: { client, server }, encryption: { upstreamTls } } = this;
    const encrypts = upstreamTls.isWanted && this.serverOffersTls;
    conversation.client.scan(bytes, 0, bytes.length);
    if (this.isClosed) return;
    if (conversation.phase !== 'authentication') {
      const mustBeFollowed = client.isEncrypted || upstreamTls.isRequired;
      if (mustBeFollowed) return this.refuseLogin('the answer to the greeting cannot be followed');
      server.write(bytes);
      return this.handOver();
    }
    if (encrypts && !await this.encryptServer(payload)) return;
    const answer = encrypts ? withSsl(payload) : payload;
    const { onlyEncrypted } = this;
    this.note(protocolOf(client.socket), protocolOf(server.socket));
    conversation.holdsUserChanges = onlyEncrypted !== null;
    if (onlyEncrypted !== null || this.hasShownCertificate) return this.bridge(answer, onlyEncrypted, false);
    server.send(answer);
    if (answer !== payload) answer.fill(0);
    payload.fill(0);
    this.handOver();
  }

  /** Encrypts the server's connection. Returns whether that succeeded; if not, the session has ended. */
  private async encryptServer(response: Buffer): Promise<boolean> {
    const { exchange: { server }, encryption: { upstreamTls } } = this;
    if (server.rest().length > 0) {
      this.refuseLogin('the upstream server sent more than its greeting where TLS was to begin');
      return false;
    }
    server.send(sslRequestFor(response));
    try {
      await this.startTls.server(upstreamTls);
    } catch (error) {
      const message = `the TLS handshake with the upstream server failed: ${reasonOf(error)}`;
      if (!this.isClosed) this.refuseLogin(message, ServerErrors.CONNECT_TO_FOREIGN_DATA_SOURCE.code);
    }
    return server.isEncrypted;
  }

  private clientNotEncrypted(error: unknown): void {
    if (this.isClosed) return;
    if (error instanceof ClientLeftError) return this.session.clientEnded();
    const reason = `the TLS handshake with the client failed: ${reasonOf(error)}`;
    this.session.log.info({}, reason);
    this.session.destroy(reason, ['client', 'error']);
  }

  /** Relays packet by packet until the server accepts or refuses the client. */
  private async bridge(first: Buffer, encrypted: Peer | null, isUserChange: boolean): Promise<void> {
    const { exchange, session: { conversation } } = this;
    const bridge = new AuthBridge(encrypted, this.encryption.bridges, conversation.greeting!.scramble);
    this.authRelay = new AuthRelay(exchange, conversation, bridge, this.hasShownCertificate);
    const refusal = await this.authRelay.run(first, isUserChange);
    if (refusal !== null) this.refuseLogin(refusal);
    else if (!this.isClosed) this.handOver();
  }

  private show({ bytes }: WholePacket): void {
    this.session.conversation.server.scan(bytes, 0, bytes.length);
  }

  /** Counts the encryption of each of the two connections. */
  private note(client: string, upstream: string): void {
    const { encryptions } = this.session.shared.metrics;
    encryptions.increment('client', client);
    encryptions.increment('upstream', upstream);
  }

  private refuseLogin(message: string, code: number = ServerErrors.NOT_SUPPORTED_AUTH_MODE.code): void {
    this.session.log.warn({}, message);
    const end = this.exchange.client.errorPacket({ code, sqlState: GENERAL_ERROR, message: `sluice: ${message}` });
    this.session.abort(message, { end, refusal: null });
  }

  /** Gives the connections back to the flows, with the bytes that have already come. */
  private handOver(): void {
    const { exchange: { client, server }, session: { connections, conversation, requests, responses }, flows } = this;
    connections.diversion = null;
    requests.flow.takeBack();
    if (conversation.server.stopReason === 'compressed') flows.compressed();
    else if (conversation.server.stopReason === 'sessionBegun') flows.sessionBegun();
    const [fromClient, fromServer] = [client.rest(), server.rest()];
    if (fromClient.length > 0) requests.flow.accept(fromClient);
    if (fromServer.length > 0) responses.flow.accept(fromServer);
    flows.caughtUp();
  }
}

function protocolOf(socket: Socket): string {
  return socket instanceof TLSSocket ? socket.getProtocol() ?? 'TLS' : 'none';
}
