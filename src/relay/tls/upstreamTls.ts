import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { isSocketFile } from '../../config/address.js';
import type { Upstream } from '../../config/config.js';
import type { Encrypt } from '../../control/packetChannel.js';
import { Certificates } from './certificates.js';
import { world } from '../../world/world.js';

/** Encrypts connections to the upstream server. */
export class UpstreamTls {
  /** The context of the connections; null if none is encrypted. */
  private context: SecureContext | null = null;
  /** The latest TLS session with the server, which the next connection resumes; null if there is none. */
  private session: Buffer | null = null;
  private readonly certificates: Certificates;
  private lastOutcome = '';

  /** @throws TlsFileError if the files cannot be used */
  constructor(private readonly upstream: Upstream, private readonly log: Logger) {
    this.certificates = new Certificates('upstream.tls', upstream.tls, log, (options) => {
      this.context = this.isWanted ? createSecureContext(options) : null;
      this.session = null;
    });
  }

  /** Whether connections are encrypted if the server offers it. Over a Unix socket no third party can listen. */
  get isWanted(): boolean {
    const { at, tls: { mode } } = this.upstream;
    return mode !== 'off' && !(mode === 'preferred' && isSocketFile(at));
  }

  /** Whether a server without TLS is refused. */
  get isRequired(): boolean {
    return this.isWanted && this.upstream.tls.mode !== 'preferred';
  }

  /**
   * Resolves when the handshake has succeeded and the server has proved its identity as far as required. `socket` may
   * have been created with `onread`: from here on TLS reads it. The handshake resumes an earlier session if the server
   * still knows it; then the server's identity is that of the earlier session. (RFC 8446, 2.2. MySQL 9.7
   * forgets a TLS 1.3 session when its connection ends as `endQuietly` does; MariaDB 10.11 resumes none.)
   * @throws Error with the reason if the handshake fails
   */
  encrypt(socket: Socket): Promise<TLSSocket> {
    const { at, tls } = this.upstream;
    const { mode, serverName = isSocketFile(at) ? 'localhost' : at.host } = tls;
    const encrypted = world.connectTls({
      socket,
      secureContext: this.context!,
      ...(this.session === null ? {} : { session: this.session }),
      // Only a name is sent, never an address. (RFC 6066, 3.)
      servername: isIP(serverName) === 0 ? serverName : '',
      rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
      checkServerIdentity: (_, certificate) =>
        mode === 'verify-full' ? checkServerIdentity(serverName, certificate) : undefined,
    });
    encrypted.on('session', (session) => (this.session = session));
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.session = null;
        reject(error);
      };
      encrypted.once('error', fail);
      encrypted.once('close', () => fail(new Error('the server closed the connection')));
      encrypted.once('secureConnect', () => {
        encrypted.off('error', fail);
        this.note(`connections to the server are encrypted (${termsOf(encrypted)})`);
        endQuietly(encrypted, socket);
        resolve(encrypted);
      });
    });
  }

  /** For Sluice's own connections; null if they are not encrypted. */
  get forControlConnections(): Encrypt | null {
    return this.isWanted ? { isRequired: this.isRequired, encrypt: (socket) => this.encrypt(socket) } : null;
  }

  /** Notes that the server does not offer encryption, if that is no error. */
  noteClear(): void {
    this.note('connections to the server are not encrypted: it does not offer that');
  }

  close(): void {
    this.certificates.close();
  }

  /** Logs the outcome, once and after each change. */
  private note(outcome: string): void {
    if (outcome === this.lastOutcome) return;
    this.lastOutcome = outcome;
    this.log.info({ mode: this.upstream.tls.mode }, `upstream.tls: ${outcome}`);
  }
}

/** The version of TLS and the cipher on which both ends have agreed, such as `TLSv1.3, TLS_AES_128_GCM_SHA256`. */
export function termsOf(encrypted: TLSSocket): string {
  return `${encrypted.getProtocol() ?? 'TLS'}, ${encrypted.getCipher().name}`;
}

/**
 * Makes an encrypted connection end with a FIN alone, after all its bytes, as the clients of both vendors do. A
 * close_notify before the FIN would stay unread while a statement runs. A server that checks then whether its client is
 * still there would take it for the next command and continue the statement. (MySQL 9.7, `vio_is_connected` and
 * `vio_ssl_shutdown`.)
 */
function endQuietly(encrypted: TLSSocket, connection: Socket): void {
  encrypted._final = (done) => void connection.end(() => done());
}
