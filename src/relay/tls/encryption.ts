import type { Logger } from 'pino';
import { isSocketFile } from '../../config/address.js';
import type { Config, Listen, ListenTls, Upstream } from '../../config/config.js';
import { ClientTls } from './clientTls.js';
import { needsOwnCertificate, ownCertificateOf, type OwnCertificates } from './ownCertificates.js';
import { UpstreamTls } from './upstreamTls.js';

/**
 * How the connections of all sessions may be encrypted: what is made of the certificates is kept once for each setting.
 */
export class Encryption {
  private readonly clientTlsOf = new Map<string, ClientTls>();
  private readonly upstreamTlsOf = new Map<string, UpstreamTls>();

  /**
   * @param certificates what listeners show that are given none
   * @throws TlsFileError where a certificate or a key cannot be used
   */
  constructor({ listen, upstream }: Config, certificates: OwnCertificates, log: Logger) {
    for (const place of listen) {
      const { tls } = place;
      const key = clientKey(tls);
      const mode = offerAt(place);
      if (mode === 'off' || mode === 'passthrough' || this.clientTlsOf.has(key)) continue;
      const own = needsOwnCertificate(place) ? ownCertificateOf(certificates, tls) : null;
      this.clientTlsOf.set(key, new ClientTls(tls, own, log));
    }
    for (const server of upstream) {
      const key = serverKey(server);
      if (!this.upstreamTlsOf.has(key)) this.upstreamTlsOf.set(key, new UpstreamTls(server, log));
    }
  }

  /** Of sessions between these two, which are of the configuration that this was made for. */
  between(listen: Listen, upstream: Upstream): SessionEncryption {
    const mode = offerAt(listen);
    const clientTls = mode === 'off' ? null : this.clientTlsOf.get(clientKey(listen.tls)) ?? null;
    return new SessionEncryption(mode, clientTls, this.upstreamTls(upstream), upstream.tls.bridge);
  }

  /** Of connections to this server, which is of the configuration that this was made for. */
  upstreamTls(upstream: Upstream): UpstreamTls {
    const upstreamTls = this.upstreamTlsOf.get(serverKey(upstream));
    if (upstreamTls === undefined) throw new Error('a server of another configuration');
    return upstreamTls;
  }

  close(): void {
    for (const peer of [...this.clientTlsOf.values(), ...this.upstreamTlsOf.values()]) peer.close();
  }
}

/** How the two connections of a session may be encrypted. */
export class SessionEncryption {
  constructor(
    /** `auto` only where clients are offered TLS as the server offers it. */
    readonly listenMode: ListenTls['mode'],
    /** Null where clients are offered no TLS of ours. */
    readonly clientTls: ClientTls | null,
    readonly upstreamTls: UpstreamTls,
    /** Whether passwords are brought over where only one connection is encrypted. */
    readonly bridges: boolean,
  ) {}

  /**
   * Whether a client is offered TLS of ours.
   * @param serverOffersTls whether the server of its session does
   */
  offersTls(serverOffersTls: boolean): boolean {
    if (this.clientTls === null || this.listenMode !== 'auto') return this.clientTls !== null;
    return serverOffersTls && (this.bridges || this.upstreamTls.isWanted);
  }

  /** Whether any connection may come to be encrypted. */
  get isPossible(): boolean {
    return this.listenMode !== 'off' || this.upstreamTls.isWanted;
  }
}

/** What clients are offered at a place: `auto` only where that is as the server offers it. */
function offerAt({ at, tls: { mode, cert } }: Listen): ListenTls['mode'] {
  if (mode !== 'auto') return mode;
  if (isSocketFile(at)) return 'off';
  return cert === undefined ? 'auto' : 'optional';
}

function clientKey(tls: ListenTls): string {
  return JSON.stringify(tls);
}

/** A certificate is for a host, so the host counts. */
function serverKey({ at, tls }: Upstream): string {
  return JSON.stringify([isSocketFile(at) ? at.path : at.host, isSocketFile(at), tls]);
}
