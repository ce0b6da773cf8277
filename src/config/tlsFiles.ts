import { createPrivateKey, X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import { fileFailure, readUpTo } from './file.js';
import { errorText } from '../text/errorText.js';

/** The files of one end's TLS: paths of PEM files. */
export interface TlsFiles {
  /** The certificate that is presented, and those between it and its root. */
  readonly cert?: string;
  readonly key?: string;
  /** The certificate authorities that are trusted in place of the system's. */
  readonly ca?: string;
}

/** The other settings of a TLS context. */
export interface TlsTerms {
  readonly minVersion?: SecureVersion;
  readonly ciphers?: string;
}

/** A file, or the combination of two files, cannot be used. */
export class TlsFileError extends Error {
  /** @param key the setting with the mistake, such as "cert" */
  constructor(readonly key: keyof TlsFiles | 'ciphers' | 'folder', message: string) {
    super(message);
    this.name = 'TlsFileError';
  }
}

/** Bundles of certificate authorities have a few hundred kilobytes. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Reads the files, and checks that TLS connections can be made with them.
 * @throws TlsFileError if a file cannot be read, is no PEM, or if key and certificate do not belong together
 */
export function readTlsFiles(files: TlsFiles, terms: TlsTerms = {}): SecureContextOptions {
  const ca = certificates('ca', files.ca);
  const cert = certificates('cert', files.cert);
  const key = privateKey(files.key, cert);
  const { minVersion, ciphers } = terms;
  const options: SecureContextOptions = definedOnly({ ca, cert, key, minVersion, ciphers });
  if (Object.keys(options).length === 0) return options; // Node's own defaults need no check
  try {
    createSecureContext(options);
  } catch (error) {
    throw new TlsFileError(ciphers === undefined ? 'cert' : 'ciphers', `cannot be used: ${errorText(error)}`);
  }
  return options;
}

/** Whether a path leads to a folder. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Whether a certificate is self-signed. False if it cannot be read; that is reported elsewhere. */
export function isSelfSigned(file: string): boolean {
  try {
    const certificate = new X509Certificate(read('cert', file));
    return certificate.checkIssued(certificate);
  } catch {
    return false;
  }
}

/**
 * The time at which the certificates in a file expire, in ms since 1970: for a chain (`cert`) the first to expire, for
 * authorities (`ca`) the last. Null if the file cannot be read; that is reported elsewhere.
 */
export function expiryOf(key: 'cert' | 'ca', file: string): number | null {
  try {
    const found = read(key, file).toString('latin1').match(CERTIFICATE) ?? [];
    const ends = found.map((pem) => Date.parse(new X509Certificate(pem).validTo));
    if (ends.length === 0) return null;
    return key === 'cert' ? Math.min(...ends) : Math.max(...ends);
  } catch {
    return null;
  }
}

/** Drops undefined properties. Node's TLS would take them as values. */
function definedOnly<T extends object>(parts: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as
    { [Key in keyof T]?: NonNullable<T[Key]> };
}

function certificates(key: 'ca' | 'cert', file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const pem = read(key, file).toString('latin1');
  const found = pem.match(CERTIFICATE);
  if (found === null) throw new TlsFileError(key, `${file} holds no certificate in PEM form`);
  for (const one of found) parse(key, file, 'certificate', () => new X509Certificate(one));
  return pem;
}

function privateKey(file: string | undefined, cert: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  const pem = read('key', file);
  const key = parse('key', file, 'private key without a passphrase', () => createPrivateKey(pem));
  if (cert !== undefined && !new X509Certificate(cert).checkPrivateKey(key)) {
    throw new TlsFileError('key', `${file} is not the key of the certificate`);
  }
  return pem;
}

function read(key: keyof TlsFiles, file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, MAX_FILE_BYTES);
  } catch (error) {
    throw new TlsFileError(key, `cannot be read: ${fileFailure(file, error)}`);
  }
  if (bytes.length > MAX_FILE_BYTES) throw new TlsFileError(key, `${file} is larger than 4 MiB`);
  return bytes;
}

function parse<T>(key: keyof TlsFiles, file: string, what: string, work: () => T): T {
  try {
    return work();
  } catch {
    throw new TlsFileError(key, `${file} holds no ${what} in PEM form that can be used`);
  }
}
