import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { isSocketFile } from '../../config/address.js';
import type { Upstream } from '../../config/config.js';
import type { Encrypt } from '../../control/packetChannel.js';
import { Certificates } from './certificates.js';

/** Encrypts connections to the upstream server. */
export class UpstreamTls {
  private context: SecureContext | null = null;
  private readonly certificates: Certificates;
  private lastOutcome = '';

  /** @throws TlsFileError where the files cannot be used */
  constructor(private readonly upstream: Upstream, private readonly log: Logger) {
    this.certificates = new Certificates('upstream.tls', upstream.tls, log, (options) => {
      this.context = createSecureContext(options);
    });
  }

  /** Whether connections are encrypted where the server offers it. Over a Unix socket nobody listens in. */
  get isWanted(): boolean {
    const { at, tls: { mode } } = this.upstream;
    return mode !== 'off' && !(mode === 'preferred' && isSocketFile(at));
  }

  /** Whether connections are not made where the server does not offer it. */
  get isRequired(): boolean {
    return this.isWanted && this.upstream.tls.mode !== 'preferred';
  }

  /**
   * Resolves when the server has agreed on encryption, and has proved who it is as far as it has to. `socket` may have
   * been made with `onread`: what it reads from here on is TLS's.
   * @throws Error where the server does not, which is to say why
   */
  encrypt(socket: Socket): Promise<TLSSocket> {
    const { at, tls } = this.upstream;
    const { mode, serverName = isSocketFile(at) ? 'localhost' : at.host } = tls;
    const encrypted = connect({
      socket,
      secureContext: this.context!,
      // A name only: servers are not asked for by their address. (RFC 6066, 3.)
      servername: isIP(serverName) === 0 ? serverName : '',
      rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
      checkServerIdentity: (_, certificate) =>
        mode === 'verify-full' ? checkServerIdentity(serverName, certificate) : undefined,
    });
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(error);
      encrypted.once('error', fail);
      encrypted.once('close', () => fail(new Error('the server closed the connection')));
      encrypted.once('secureConnect', () => {
        encrypted.off('error', fail);
        const terms = `${encrypted.getProtocol() ?? 'TLS'}, ${encrypted.getCipher().name}`;
        this.note(`connections to the server are encrypted (${terms})`);
        endQuietly(encrypted, socket);
        resolve(encrypted);
      });
    });
  }

  /** For connections of our own; null where they stay in the clear. */
  get forControlConnections(): Encrypt | null {
    return this.isWanted ? { isRequired: this.isRequired, encrypt: (socket) => this.encrypt(socket) } : null;
  }

  /** The server was found not to offer encryption, where that is no error. */
  noteClear(): void {
    this.note('connections to the server are not encrypted: it does not offer that');
  }

  close(): void {
    this.certificates.close();
  }

  /** Says what came of it: once, and whenever it is something else. */
  private note(outcome: string): void {
    if (outcome === this.lastOutcome) return;
    this.lastOutcome = outcome;
    this.log.info({ mode: this.upstream.tls.mode }, `upstream.tls: ${outcome}`);
  }
}

/**
 * Has an encrypted connection end with a FIN alone, once all is out, as the clients of both vendors end theirs. A
 * close_notify in front of it would lie unread while a statement runs: a server that looks then whether its client is
 * still there takes it for the next command, and lets the statement go on. (MySQL 9.7, `vio_is_connected` and
 * `vio_ssl_shutdown`.)
 */
function endQuietly(encrypted: TLSSocket, connection: Socket): void {
  encrypted._final = (done) => void connection.end(() => done());
}
