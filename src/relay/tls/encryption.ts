import type { Logger } from 'pino';
import { isSocketFile } from '../../config/address.js';
import type { Config, Listen, ListenTls, Upstream } from '../../config/config.js';
import { ClientTls } from './clientTls.js';
import { needsOwnCertificate, ownCertificateOf, type OwnCertificates } from './ownCertificates.js';
import { UpstreamTls } from './upstreamTls.js';

/** The encryption of all sessions. It keeps the TLS contexts once for each setting. */
export class Encryption {
  private readonly clientTlsOf = new Map<string, ClientTls>();
  private readonly upstreamTlsOf = new Map<string, UpstreamTls>();

  /**
   * @param certificates of listeners for which none is configured
   * @throws TlsFileError if a certificate or a key cannot be used
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

  /** The encryption of sessions between these two, which belong to the configuration of this object. */
  between(listen: Listen, upstream: Upstream): SessionEncryption {
    const mode = offerAt(listen);
    const clientTls = mode === 'off' ? null : this.clientTlsOf.get(clientKey(listen.tls)) ?? null;
    return new SessionEncryption(mode, clientTls, this.upstreamTls(upstream), upstream.tls.bridge);
  }

  /** The encryption of connections to this server, which belongs to the configuration of this object. */
  upstreamTls(upstream: Upstream): UpstreamTls {
    const upstreamTls = this.upstreamTlsOf.get(serverKey(upstream));
    if (upstreamTls === undefined) throw new Error('a server of another configuration');
    return upstreamTls;
  }

  close(): void {
    for (const peer of [...this.clientTlsOf.values(), ...this.upstreamTlsOf.values()]) peer.close();
  }
}

/** The encryption of the two connections of a session. */
export class SessionEncryption {
  constructor(
    /** `auto` only if clients are offered TLS exactly when the server offers it. */
    readonly listenMode: ListenTls['mode'],
    /** Null if Sluice offers clients no TLS of its own. */
    readonly clientTls: ClientTls | null,
    readonly upstreamTls: UpstreamTls,
    /** Whether Sluice passes passwords on if only one connection is encrypted. */
    readonly bridges: boolean,
  ) {}

  /**
   * Whether Sluice offers a client TLS of its own.
   * @param serverOffersTls whether the server of its session offers TLS
   */
  offersTls(serverOffersTls: boolean): boolean {
    if (this.clientTls === null || this.listenMode !== 'auto') return this.clientTls !== null;
    return serverOffersTls && (this.bridges || this.upstreamTls.isWanted);
  }

  /** Whether any connection may become encrypted. */
  get isPossible(): boolean {
    return this.listenMode !== 'off' || this.upstreamTls.isWanted;
  }
}

/** The TLS mode of a listener: `auto` only if clients are offered TLS exactly when the server offers it. */
function offerAt({ at, tls: { mode, cert } }: Listen): ListenTls['mode'] {
  if (mode !== 'auto') return mode;
  if (isSocketFile(at)) return 'off';
  return cert === undefined ? 'auto' : 'optional';
}

function clientKey(tls: ListenTls): string {
  return keyOf(tls, () => tls);
}

/** The key of a server's TLS settings. It includes the host, because a certificate is for a host. */
function serverKey(upstream: Upstream): string {
  return keyOf(upstream, ({ at, tls }) => [isSocketFile(at) ? at.path : at.host, isSocketFile(at), tls]);
}

/** The text of settings, made once for each object of a configuration: each session asks for it. */
function keyOf<Settings extends object>(settings: Settings, told: (settings: Settings) => object): string {
  let key = keys.get(settings);
  if (key === undefined) {
    key = JSON.stringify(told(settings));
    keys.set(settings, key);
  }
  return key;
}

const keys = new WeakMap<object, string>();
