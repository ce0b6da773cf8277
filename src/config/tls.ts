import type { ListenTls, UpstreamTls } from './config.js';
import type { Findings } from './schema/findings.js';
import { filePath, oneOf, text, trueOrFalse, type Kind } from './schema/kinds.js';
import { SERVER_NAME_PATTERN } from './addressPatterns.js';
import { section, type Section } from './schema/section.js';
import { isFolder, readTlsFiles, TlsFileError, type TlsFiles, type TlsTerms } from './tlsFiles.js';

// The settings of TLS for clients and for the server.

const certificate = filePath('the path of a PEM file with a certificate');
const authorities = filePath('the path of a PEM file with certificate authorities');
const privateKey = filePath('the path of a PEM file with a private key');
const cipherList = text(/^[\w:!+@=-]+$/, 'cipher suites as OpenSSL names them, with colons between');

/** Adds a check to a section. The check finds settings that contradict each other. */
function checked<T>(form: Section<T>, check: (read: T, path: string, findings: Findings) => void): Section<T> {
  return {
    ...form,
    read(found, path, findings) {
      const read = form.read(found, path, findings);
      if (read !== undefined) check(read, path, findings);
      return read;
    },
  };
}

function checkFiles(tls: TlsFiles & TlsTerms, path: string, findings: Findings): void {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    findings.add(path, 'a certificate needs its key: give both cert and key, or neither');
    return;
  }
  // A context takes milliseconds, and without these nothing can be wrong with it.
  if ([tls.ca, tls.cert, tls.key, tls.ciphers].every((given) => given === undefined)) return;
  try {
    readTlsFiles(tls, tls);
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error;
    findings.add(`${path}.${error.key}`, error.message);
  }
}

const listenForm = section<ListenTls>({
  mode: {
    kind: oneOf('auto', 'off', 'optional', 'required', 'passthrough'), fallback: 'auto',
    about: 'whether clients may or must encrypt: see sluice help encryption',
  },
  cert: {
    kind: certificate, isOptional: true,
    about: 'the certificate for clients, with the certificates up to its authority; without it, Sluice makes one',
  },
  key: { kind: privateKey, isOptional: true, about: "the certificate's private key" },
  folder: {
    kind: text(/^[^\0]+$/, 'the path of a folder'), isOptional: true,
    about: 'a folder that keeps the certificate that Sluice makes, for the next start',
  },
  ca: { kind: authorities, isOptional: true, about: "the authorities that sign the clients' certificates" },
  requestCert: { kind: trueOrFalse, fallback: false, about: 'whether clients must show a certificate' },
  minVersion: {
    kind: oneOf('TLSv1.2', 'TLSv1.3'), fallback: 'TLSv1.2', about: 'the oldest version of TLS that clients may use',
  },
  ciphers: {
    kind: cipherList, isOptional: true,
    about: 'the cipher suites, also those of TLS 1.3; without it, the defaults of Node.js',
  },
});

/** The settings of TLS for clients. */
export const listenTls: Kind<ListenTls> = checked(listenForm, (tls, path, findings) => {
  if (tls.folder !== undefined && tls.cert !== undefined) {
    findings.add(`${path}.folder`, 'expected without cert and key: it keeps a certificate that Sluice itself makes');
  } else if (tls.folder !== undefined && !isFolder(tls.folder)) {
    findings.add(`${path}.folder`, `${tls.folder} is not a folder: create it first, where Sluice may write`);
  }
  if (tls.requestCert && tls.ca === undefined) {
    findings.add(`${path}.ca`, `required with ${path}.requestCert: the authority that signs the clients' certificates`);
  }
  checkFiles(tls, path, findings);
});

/** The files for TLS connections to anything but a MySQL server: trusted authorities, and Sluice's own certificate. */
export const outgoingTls: Kind<TlsFiles> = checked(
  section<TlsFiles>({
    ca: {
      kind: authorities, isOptional: true,
      about: "the authorities that sign the receiver's certificate, instead of those that Node.js knows",
    },
    cert: { kind: certificate, isOptional: true, about: 'the certificate that Sluice shows the receiver' },
    key: { kind: privateKey, isOptional: true, about: "the certificate's private key" },
  }),
  checkFiles,
);

const upstreamForm = section<UpstreamTls>({
  mode: {
    kind: oneOf('off', 'preferred', 'required', 'verify-ca', 'verify-full'), fallback: 'preferred',
    about: "whether Sluice encrypts to the server, and how much of the server's certificate it checks",
  },
  ca: {
    kind: authorities, isOptional: true,
    about: "the authorities that sign the server's certificate; without it, those that Node.js knows",
  },
  cert: {
    kind: certificate, isOptional: true, about: "Sluice's own certificate, for accounts that require one",
  },
  key: { kind: privateKey, isOptional: true, about: "the certificate's private key" },
  serverName: {
    kind: text(SERVER_NAME_PATTERN, "the host name or the IP address that the server's certificate is for"),
    isOptional: true,
    about: "the name in the server's certificate, if that is not the host",
  },
  bridge: {
    kind: trueOrFalse, fallback: true,
    about: 'whether Sluice converts logins when only one of the two connections is encrypted',
  },
});

/** The settings of TLS for the server. */
export const upstreamTls: Kind<UpstreamTls> = checked(upstreamForm, checkFiles);
