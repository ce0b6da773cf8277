import type { Logger } from 'pino';
import { isSocketFile } from '../config/address.js';
import type { Config, Listen, ListenTls, Upstream } from '../config.js';
import { ClientSide } from './tls/clientSide.js';
import { ServerSide } from './tls/serverSide.js';

/** How the two connections of a session may be encrypted. */
export class SessionEncryption {
  constructor(
    readonly listenMode: ListenTls['mode'],
    /** Null where clients are offered no TLS of ours. */
    readonly clientSide: ClientSide | null,
    readonly serverSide: ServerSide,
    /** Whether passwords are brought over where only one connection is encrypted. */
    readonly bridges: boolean,
  ) {}

  /** Whether any connection may come to be encrypted. */
  get isPossible(): boolean {
    return this.listenMode !== 'off' || this.serverSide.isWanted;
  }
}

/** How the connections of all sessions may be encrypted: what is made of the certificates is kept once for each setting. */
export class Encryption {
  private readonly clientSides = new Map<string, ClientSide>();
  private readonly serverSides = new Map<string, ServerSide>();

  /** @throws TlsFileError where a certificate or a key cannot be used */
  constructor({ listen, upstream }: Config, log: Logger) {
    for (const { tls } of listen) {
      const { mode } = tls;
      const key = clientKey(tls);
      const isOffered = mode === 'optional' || mode === 'required';
      if (isOffered && !this.clientSides.has(key)) this.clientSides.set(key, new ClientSide(tls, log));
    }
    for (const server of upstream) {
      const key = serverKey(server);
      if (!this.serverSides.has(key)) this.serverSides.set(key, new ServerSide(server, log));
    }
  }

  /** Of sessions between these two, which are of the configuration that this was made for. */
  between({ tls }: Listen, upstream: Upstream): SessionEncryption {
    return new SessionEncryption(tls.mode, this.clientSides.get(clientKey(tls)) ?? null, this.serverSide(upstream), upstream.tls.bridge);
  }

  /** Of connections to this server, which is of the configuration that this was made for. */
  serverSide(upstream: Upstream): ServerSide {
    const serverSide = this.serverSides.get(serverKey(upstream));
    if (serverSide === undefined) throw new Error('a server of another configuration');
    return serverSide;
  }

  close(): void {
    for (const side of [...this.clientSides.values(), ...this.serverSides.values()]) side.close();
  }
}

function clientKey(tls: ListenTls): string {
  return JSON.stringify(tls);
}

/** A certificate is for a host, so the host counts. */
function serverKey({ at, tls }: Upstream): string {
  return JSON.stringify([isSocketFile(at) ? at.path : at.host, isSocketFile(at), tls]);
}
