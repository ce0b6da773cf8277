import { unwatchFile, watchFile } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { readTlsFiles, TlsFileError, type TlsFiles, type TlsTerms } from '../../config/tlsFiles.js';

/** Keeps the keys and certificates of one end in step with their files, which may be replaced. */
export class Certificates {
  private readonly watched: readonly string[];
  private readonly onChange = (): void => this.reload();

  /**
   * @param path of the setting, such as "listen.tls"
   * @param use is called with the contents of the files, at once and after each change
   * @throws TlsFileError if the files cannot be used now
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

  /** Stops watching the files. */
  close(): void {
    for (const file of this.watched) unwatchFile(file, this.onChange);
  }

  private reload(): void {
    try {
      this.use(readTlsFiles(this.tls, this.tls));
    } catch (error) {
      if (!(error instanceof TlsFileError)) throw error;
      this.log.error(`${this.path}.${error.key}: ${error.message}; the earlier files stay in use`);
      return;
    }
    this.log.info(`${this.path}: the files have changed and have been read again`);
  }
}

/**
 * The time between two checks whether a file has changed. Mounted secrets are links that change their target, so the
 * files themselves are checked.
 */
const LOOK_EVERY_MS = 1000;
