import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config, Listen, ListenTls } from '../../config/config.js';
import { isSocketFile } from '../../config/address.js';
import { readTlsFiles, TlsFileError } from '../../config/tlsFiles.js';
import { makeSelfSigned, type OwnCertificate } from './selfSigned.js';
import { errorText } from '../../text/errorText.js';
import { world } from '../../world/world.js';

/** Sluice's own certificates for all listeners, by the folder that keeps them. */
export type OwnCertificates = Readonly<Record<string, OwnCertificate>>;

/** The key of the certificate that no folder keeps. */
const NOWHERE = '';

/** Makes certificates for listeners that offer TLS and have none configured. */
export class CertificateMaker {
  private readonly known: Record<string, OwnCertificate> = {};
  private untold: (() => void)[] = [];

  constructor(private readonly log: Logger) {}

  /**
   * The certificates that these listeners need. Missing ones are read or made; existing ones stay.
   * @throws TlsFileError if a folder cannot be used
   */
  for({ listen }: Config): OwnCertificates {
    for (const { tls: { folder = NOWHERE } } of listen.filter(needsOwnCertificate)) {
      this.known[folder] ??= this.obtain(folder);
    }
    return { ...this.known };
  }

  /** Logs the certificates that are newly in use. */
  announce(): void {
    const { untold } = this;
    this.untold = [];
    for (const tell of untold) tell();
  }

  private obtain(folder: string): OwnCertificate {
    const kept = folder === NOWHERE ? null : readKept(folder);
    const certificate = kept ?? makeSelfSigned();
    if (kept === null && folder !== NOWHERE) keep(folder, certificate);
    const { fingerprint256, validTo } = new X509Certificate(certificate.cert);
    const origin = kept === null ? 'made just now' : 'read';
    const where = folder === NOWHERE ? 'gone with this process: listen.tls.folder would keep it' : `kept in ${folder}`;
    const message = `listen.tls: clients are shown a certificate of Sluice's own, ${origin}, ${where}`;
    this.untold.push(() => this.log.info({ fingerprint256, validTo }, message));
    return certificate;
  }
}

/** The certificate that a listener presents if none is configured. */
export function ownCertificateOf(certificates: OwnCertificates, { folder = NOWHERE }: ListenTls): OwnCertificate {
  return certificates[folder]!;
}

/** Whether a listener may present a certificate and has none configured. */
export function needsOwnCertificate({ at, tls: { mode, cert } }: Listen): boolean {
  return cert === undefined && !isSocketFile(at) && mode !== 'off' && mode !== 'passthrough';
}

/** The certificate in a folder; null if there is none, or none that is still valid. */
function readKept(folder: string): OwnCertificate | null {
  const { cert, key } = filesIn(folder);
  if (!existsSync(cert) || !existsSync(key)) return null;
  try {
    readTlsFiles({ cert, key });
    const kept = { cert: readFileSync(cert, 'latin1'), key: readFileSync(key, 'latin1') };
    return Date.parse(new X509Certificate(kept.cert).validTo) > world.dateMs() ? kept : null;
  } catch (error) {
    const reason = errorText(error);
    throw new TlsFileError('folder', `${reason}; remove cert.pem and key.pem there to have them made anew`);
  }
}

/** Writes a certificate to a folder, the certificate file last: if it is missing, both files are made again. */
function keep(folder: string, certificate: OwnCertificate): void {
  const { cert, key } = filesIn(folder);
  try {
    write(key, certificate.key, 0o600);
    write(cert, certificate.cert, 0o644);
  } catch (error) {
    throw new TlsFileError('folder', `cannot be written: ${errorText(error)}`);
  }
}

/** Writes a file completely or not at all. */
function write(path: string, text: string, mode: number): void {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, text, { mode, flag: 'wx' });
  renameSync(unfinished, path);
}

function filesIn(folder: string): { cert: string; key: string } {
  return { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
}
