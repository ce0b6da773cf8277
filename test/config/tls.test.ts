import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { adviceOn } from '../../src/config/advice.js';
import { makeAuthority } from '../support/certificates.js';
import { runOk } from '../support/run.js';
import { load, problems } from './configFile.js';

const authority = await makeAuthority(t);
const one = await authority.issue('one');
const other = await authority.issue('other');
const { ca } = authority;

const listenProblems = (tls: object): readonly string[] =>
  problems(t, { upstream: 'db', listen: { host: '127.0.0.1', tls } });
const upstreamProblems = (tls: object): readonly string[] => problems(t, { upstream: { host: 'db', tls } });

t.test('accepts a certificate with its key, on both connections', (t) => {
  const listen = { host: '127.0.0.1', tls: { mode: 'required', ...one, ca, requestCert: true, minVersion: 'TLSv1.3' } };
  const upstream = { host: 'db', tls: { mode: 'verify-full', ...other, ca, serverName: 'db.example', bridge: false } };
  const config = load(t, { listen, upstream });
  t.match(config.listen[0]!.tls, listen.tls);
  t.match(config.upstream[0]!.tls, upstream.tls);
  t.end();
});

t.test('accepts every mode without a certificate, and refuses a folder that does not exist', (t) => {
  const folder = t.testdir({ file: '' });
  for (const mode of ['auto', 'off', 'optional', 'required', 'passthrough']) {
    t.match(
      load(t, { upstream: 'db', listen: { host: '127.0.0.1', tls: { mode, folder } } }).listen[0]!.tls,
      { mode, folder },
    );
  }
  t.match(load(t, { upstream: 'db' }).listen[0]!.tls, { mode: 'auto' });
  t.match(
    listenProblems({ folder: join(folder, 'file') }),
    [/^config: listen\.tls\.folder: .*file is not a folder: create it first/],
  );
  t.match(
    listenProblems({ folder: join(folder, 'missing') }), [/^config: listen\.tls\.folder: .*missing is not a folder/],
  );
  t.match(listenProblems({ ...one, folder }), [/^config: listen\.tls\.folder: expected without cert and key/]);
  t.end();
});

t.test('refuses requestCert without ca, and a certificate without its key', (t) => {
  t.match(listenProblems({ mode: 'off', requestCert: true }), [/^config: listen\.tls\.ca: required/]);
  t.match(upstreamProblems({ cert: one.cert }), [/^config: upstream\.tls: a certificate needs its key/]);
  t.end();
});

t.test('names a file that cannot be used, and says why', (t) => {
  const folder = t.testdir({ empty: '' });
  const missing = join(folder, 'missing.pem');
  t.match(listenProblems({ ...one, cert: missing }), [/^config: listen\.tls\.cert: cannot be read: .*: no such file$/]);
  t.match(
    upstreamProblems({ ca: join(folder, 'empty') }),
    [/^config: upstream\.tls\.ca: .* holds no certificate in PEM form$/],
  );
  t.match(
    listenProblems({ ...one, key: join(folder, 'empty') }), [/^config: listen\.tls\.key: .* holds no private key/],
  );
  const broken = join(folder, 'broken');
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  t.match(upstreamProblems({ ca: broken }), [/^config: upstream\.tls\.ca: .* that can be used$/]);
  t.end();
});

t.test('refuses a key of another certificate', (t) => {
  t.match(
    listenProblems({ cert: one.cert, key: other.key }),
    [/^config: listen\.tls\.key: .* is not the key of the certificate$/],
  );
  t.end();
});

t.test('refuses ciphers that OpenSSL does not know', (t) => {
  t.match(listenProblems({ ...one, ciphers: 'NO-SUCH-CIPHER' }), [/^config: listen\.tls\.ciphers: cannot be used/]);
  t.end();
});

t.test('warns of settings that leave a connection unencrypted, unchecked or uncounted', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-self-signed-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const self = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await runOk('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=self',
    '-keyout', self.key, '-out', self.cert]);
  const advice = (host: string, listenTls: object, upstreamTls: object = {}): readonly string[] => adviceOn(
    load(t, { listen: { host, tls: listenTls }, upstream: { host: 'db', tls: upstreamTls } }), 0,
  );
  t.match(advice('0.0.0.0', { mode: 'off' }), [/^listen\.tls\.mode: is "off", and other hosts can connect/]);
  for (const host of ['127.0.0.1', '::1', 'localhost']) t.same(advice(host, { mode: 'off' }), [], host);
  t.match(advice('127.0.0.1', { mode: 'passthrough' }), [/^listen\.tls\.mode: is "passthrough".*nothing is counted/]);
  t.match(advice('0.0.0.0', { mode: 'required', ...self }), [/^listen\.tls\.cert: is self-signed.*MariaDB's/]);
  t.same(advice('0.0.0.0', { mode: 'required', ...one }), []);
  t.match(advice('127.0.0.1', {}, { mode: 'required', ca }), [/^upstream\.tls\.mode: .* certificate is not checked/]);
  t.same(advice('127.0.0.1', {}, { mode: 'verify-ca', ca }), []);
});

t.test('warns of a certificate that has expired or expires within two weeks', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-expiring-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [soon, later] = await Promise.all([10, 40].map(async (days) => {
    const made = { cert: join(folder, `${days}.pem`), key: join(folder, `${days}-key.pem`) };
    await runOk('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-days', String(days),
      '-subj', `/CN=${days}`, '-keyout', made.key, '-out', made.cert]);
    return made;
  })) as [{ cert: string; key: string }, { cert: string; key: string }];
  const both = join(folder, 'both.pem');
  writeFileSync(both, readFileSync(later.cert, 'latin1') + readFileSync(soon.cert, 'latin1'));
  const dayMs = 24 * 3_600_000;
  const advice = (listenTls: object, upstreamTls: object, afterDays = 0): readonly string[] => adviceOn(
    load(t, { listen: { host: '127.0.0.1', tls: listenTls }, upstream: { host: 'db', tls: upstreamTls } }),
    Date.now() + afterDays * dayMs,
  ).filter((line) => /expire/.test(line));
  t.match(
    advice({ mode: 'optional', ...soon }, {}),
    [/^listen\.tls\.cert: the certificate .*10\.pem expires at .*Z, in less than 14 days$/],
  );
  t.match(
    advice({ mode: 'optional', ...soon }, {}, 11),
    [/^listen\.tls\.cert: the certificate .*10\.pem expired at .*Z; replace it$/],
  );
  t.same(advice({ mode: 'optional', ...later }, {}), []);
  t.match(
    advice({ mode: 'optional', cert: both, key: later.key }, {}), [/both\.pem expires/],
    'of a chain the first one counts',
  );
  const verify = { mode: 'verify-ca', ca: both };
  t.same(advice({}, verify, 11), [], 'of authorities the last one');
  t.match(advice({}, verify, 41), [/^upstream\.tls\.ca: the certificate authority .*both\.pem expired at/]);
});
