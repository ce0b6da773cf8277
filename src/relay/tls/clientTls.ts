import type { Socket } from 'node:net';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { ListenTls } from '../../config/config.js';
import { Certificates } from './certificates.js';
import { ClientLeftError } from './handshakeError.js';
import type { OwnCertificate } from './selfSigned.js';
import { world } from '../../world/world.js';

/** Encrypts the connections of clients that ask for it. */
export class ClientTls {
  private server: Server | null = null;
  private readonly certificates: Certificates;
  /** The handshakes under way, by the client's connection. On two listeners, two clients may have the same address. */
  private readonly handshakes = new Map<Socket, Handshake>();

  /**
   * @param own the certificate to present if `tls` has none
   * @throws TlsFileError if the files cannot be used
   */
  constructor(private readonly tls: ListenTls, own: OwnCertificate | null, log: Logger) {
    this.certificates = new Certificates('listen.tls', tls, log, (options) => this.use({ ...options, ...own }));
  }

  /**
   * Resolves when the handshake has succeeded, and the client has proved its identity if it must.
   * @param client paused, with its handshake bytes so far unshifted
   * @throws Error if the handshake fails; the client is then closed
   * @throws ClientLeftError if the client closes before the end of the handshake
   */
  encrypt(client: Socket): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      this.handshakes.set(client, { succeeded: resolve, failed: reject });
      client.once('close', () => this.take(client)?.failed(new ClientLeftError()));
      client.allowHalfOpen = false; // during the handshake, a client that ends its side has left
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
    this.server = world.createTlsServer({ ...options, requestCert, rejectUnauthorized: requestCert });
    this.server.on('secureConnection', (encrypted) => {
      const handshake = this.take(connectionOf(encrypted));
      encrypted.allowHalfOpen = true;
      if (handshake === null) encrypted.destroy();
      else handshake.succeeded(encrypted);
    });
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, encrypted) => {
      const hasLeft = error.code === 'ECONNRESET';
      this.take(connectionOf(encrypted))?.failed(hasLeft ? new ClientLeftError() : error);
    });
  }

  /** Takes the handshake of a client's connection; null if none is under way. */
  private take(client: Socket | undefined): Handshake | null {
    const handshake = client && this.handshakes.get(client);
    if (client === undefined || handshake === undefined) return null;
    this.handshakes.delete(client);
    return handshake;
  }
}

/** A handshake under way. */
interface Handshake {
  succeeded(encrypted: TLSSocket): void;
  failed(error: Error): void;
}

/** The connection below a TLS socket. Node keeps it there without documenting it. */
interface ConnectionHolder {
  readonly _parent?: Socket;
}

function connectionOf(encrypted: TLSSocket & ConnectionHolder): Socket | undefined {
  return encrypted._parent;
}
