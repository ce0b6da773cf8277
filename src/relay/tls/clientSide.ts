import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { ListenTls } from '../../config.js';
import { Certificates } from './certificates.js';

/** Encrypts connections that clients have opened, once they ask for it. */
export class ClientSide {
  private server: Server | null = null;
  private readonly certificates: Certificates;
  /** Who waits for a client's handshake, by the client's address. */
  private readonly waiting = new Map<string, (encrypted: TLSSocket) => void>();

  /** @throws TlsFileError where the files cannot be used */
  constructor(private readonly tls: ListenTls, private readonly log: Logger) {
    this.certificates = new Certificates('listen.tls', tls, log, (options) => this.use(options));
  }

  /**
   * Resolves when the client has agreed on encryption, and has proved who it is where it has to. Where that fails, the
   * socket is closed and nothing is resolved.
   * @param client paused, with what it has sent of the handshake unshifted
   */
  encrypt(client: Socket): Promise<TLSSocket> {
    const key = peerOf(client);
    return new Promise((resolve) => {
      this.waiting.set(key, resolve);
      client.once('close', () => this.waiting.delete(key));
      this.server!.emit('connection', client);
    });
  }

  close(): void {
    this.certificates.close();
  }

  private use(options: SecureContextOptions): void {
    if (this.server !== null) {
      this.server.setSecureContext(options);
      return;
    }
    const { requestCert } = this.tls;
    this.server = createServer({ ...options, requestCert, rejectUnauthorized: requestCert, allowHalfOpen: true });
    this.server.on('secureConnection', (encrypted) => {
      const key = peerOf(encrypted);
      const resolve = this.waiting.get(key);
      this.waiting.delete(key);
      if (resolve === undefined) encrypted.destroy();
      else resolve(encrypted);
    });
    this.server.on('tlsClientError', (error, encrypted) => {
      this.log.warn({ client: peerOf(encrypted) }, `a client's TLS handshake failed: ${error.message}`);
    });
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
