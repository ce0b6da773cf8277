import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from './guard.js';
import { runOk } from './run.js';

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** The authority's own certificate. */
  readonly ca: string;
  /** Makes a certificate for a name, with subject alternative names such as `DNS:localhost,IP:127.0.0.1`. */
  issue(name: string, alternatives?: string): Promise<Certificate>;
}

/** Makes a certificate authority in a folder that is deleted with `t`. */
export const makeAuthority = async (t: Lifetime, name = 'test-ca'): Promise<Authority> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-certificates-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const ca = join(folder, 'ca.pem');
  const caKey = join(folder, 'ca-key.pem');
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '60']; // longer than the time of Sluice's warning
  await runOk('openssl', ['req', '-x509', ...newKey, '-subj', `/CN=${name}`, '-keyout', caKey, '-out', ca]);
  let count = 0;
  const issue = async (subject: string, alternatives = `DNS:${subject}`): Promise<Certificate> => {
    count += 1;
    const cert = join(folder, `${count}.pem`);
    const key = join(folder, `${count}-key.pem`);
    await runOk('openssl', ['req', '-x509', ...newKey, '-CA', ca, '-CAkey', caKey, '-subj', `/CN=${subject}`,
      '-addext', `subjectAltName=${alternatives}`, '-addext', 'basicConstraints=critical,CA:FALSE',
      '-keyout', key, '-out', cert]);
    return { cert, key };
  };
  return { ca, issue };
};

/**
 * Options with which a server offers TLS with this certificate, and accepts clients' certificates of this authority.
 */
export const serverTls = ({ ca }: Authority, { cert, key }: Certificate): string[] =>
  [`--ssl-ca=${ca}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`];
