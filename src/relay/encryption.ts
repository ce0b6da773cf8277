import type { Logger } from 'pino';
import type { Config, ListenTls } from '../config.js';
import type { Encrypt } from './side/packetChannel.js';
import { ClientSide } from './tls/clientSide.js';
import { ServerSide } from './tls/serverSide.js';

/** How the connections of all sessions may be encrypted. */
export class Encryption {
  readonly listenMode: ListenTls['mode'];
  /** Null where clients are offered no TLS of ours. */
  readonly clientSide: ClientSide | null;
  readonly serverSide: ServerSide;
  /** Whether passwords are brought over where only one connection is encrypted. */
  readonly bridges: boolean;

  /** @throws TlsFileError where a certificate or a key cannot be used */
  constructor({ listen, upstream }: Config, log: Logger) {
    const { mode } = listen.tls;
    this.listenMode = mode;
    this.clientSide = mode === 'optional' || mode === 'required' ? new ClientSide(listen.tls, log) : null;
    this.serverSide = new ServerSide(upstream, log);
    this.bridges = upstream.tls.bridge;
  }

  /** Whether any connection may come to be encrypted. */
  get isPossible(): boolean {
    return this.listenMode !== 'off' || this.serverSide.isWanted;
  }

  /** For connections of our own to the server; null where they stay in the clear. */
  get forSideConnections(): Encrypt | null {
    const { serverSide } = this;
    if (!serverSide.isWanted) return null;
    return { isRequired: serverSide.isRequired, encrypt: (socket) => serverSide.encrypt(socket) };
  }

  close(): void {
    this.clientSide?.close();
    this.serverSide.close();
  }
}
