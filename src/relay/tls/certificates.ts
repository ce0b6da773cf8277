import { unwatchFile, watchFile } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { readTlsFiles, TlsFileError, type TlsFiles, type TlsTerms } from '../../config/tlsFiles.js';

/** Keeps what TLS connections of one end are made of as the files say, also when those are replaced. */
export class Certificates {
  private readonly watched: readonly string[];
  private readonly onChange = (): void => this.reload();

  /**
   * @param path the setting's, as "listen.tls"
   * @param use is given what the files hold, at once and whenever that has changed
   * @throws TlsFileError where they cannot be used now
   */
  constructor(
    private readonly path: string,
    private readonly tls: TlsFiles & TlsTerms,
    private readonly log: Logger,
    private readonly use: (options: SecureContextOptions) => void,
  ) {
    use(readTlsFiles(tls, tls));
    this.watched = [tls.cert, tls.key, tls.ca].filter((file) => file !== undefined);
    for (const file of this.watched) watchFile(file, { persistent: false, interval: LOOK_EVERY_MS }, this.onChange);
  }

  /** Looks at the files no more. */
  close(): void {
    for (const file of this.watched) unwatchFile(file, this.onChange);
  }

  private reload(): void {
    try {
      this.use(readTlsFiles(this.tls, this.tls));
    } catch (error) {
      if (!(error instanceof TlsFileError)) throw error;
      this.log.error(`${this.path}.${error.key}: ${error.message}; what was read before stays in use`);
      return;
    }
    this.log.info(`${this.path}: the files have changed and have been read again`);
  }
}

/**
 * How often it is looked whether a file has changed. Mounted secrets are links that are turned, so files are looked at.
 */
const LOOK_EVERY_MS = 1000;
