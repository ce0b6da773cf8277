import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { Config } from '../../../src/config/config.js';
import { TlsFileError } from '../../../src/config/tlsFiles.js';
import { CertificateMaker } from '../../../src/relay/tls/ownCertificates.js';
import { makeSelfSigned } from '../../../src/relay/tls/selfSigned.js';
import { load } from '../../config/configFile.js';

// The certificate that Sluice makes for itself. Sluice writes its DER itself, so that Node.js and openssl read it
// back.

const SOME_TIME = new Date('2026-03-04T05:06:07Z');

t.test('a certificate that was made reads back with its names, times and key', (t) => {
  const { cert, key } = makeSelfSigned(SOME_TIME, 'box-7.example');
  const read = new X509Certificate(cert);
  t.match(read, {
    subject: 'CN=Sluice self-signed certificate', issuer: 'CN=Sluice self-signed certificate', ca: false,
    subjectAltName: 'DNS:localhost, DNS:box-7.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    validFrom: 'Mar  3 05:06:07 2026 GMT', validTo: 'Mar  4 05:06:07 2036 GMT',
  });
  t.strictSame(read.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
  t.ok(read.verify(read.publicKey), 'its signature is that of its own key');
  t.ok(read.checkPrivateKey(createPrivateKey(key)));
  t.not(read.serialNumber, new X509Certificate(makeSelfSigned(SOME_TIME, 'box-7.example').cert).serialNumber);
  t.end();
});

t.test('writes times from 2050 on, and names that DNS could not have, as DER demands', (t) => {
  const { cert } = makeSelfSigned(new Date('2045-06-01T00:00:00Z'), 'no_dns_name');
  t.match(
    new X509Certificate(cert),
    { validTo: 'Jun  1 00:00:00 2055 GMT', subjectAltName: /^DNS:localhost, IP Address:127/ },
  );
  t.end();
});

t.test('a client that has the certificate as its authority verifies that it talks to Sluice', async (t) => {
  const own = makeSelfSigned();
  const server = createServer({ ...own }, (socket) => socket.end()).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const trusting = async (ca: string): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    return socket.destroy();
  };
  t.ok((await trusting(own.cert)).authorized);
  await t.rejects(trusting(makeSelfSigned().cert), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});

const configWith = (t: Test, ...listen: object[]): Config => load(t, { upstream: 'db', listen });

const makerWith = (): { maker: CertificateMaker; log: { fingerprint256: string; msg: string }[] } => {
  const log: { fingerprint256: string; msg: string }[] = [];
  return {
    maker: new CertificateMaker(pino({}, { write: (line) => log.push(JSON.parse(line) as typeof log[0]) })), log,
  };
};

t.test('makes a certificate only when it may be shown, once, and logs its fingerprint', (t) => {
  const { maker, log } = makerWith();
  const needless = [
    { host: '::1', tls: { mode: 'off' } }, { host: '::1', port: 1, tls: { mode: 'passthrough' } }, { path: '/tmp/s' },
  ];
  t.strictSame(maker.for(configWith(t, ...needless)), {});
  const made = maker.for(configWith(t, { host: '127.0.0.1' }, { host: '127.0.0.2', tls: { mode: 'required' } }));
  t.strictSame(Object.keys(made), ['']);
  t.strictSame(maker.for(configWith(t, { host: '127.0.0.1' })), made, 'the same after a reload');
  maker.announce();
  maker.announce();
  const { fingerprint256 } = new X509Certificate(made['']!.cert);
  t.match(log, [{ fingerprint256, msg: /made just now, gone with this process/ }]);
  t.equal(log.length, 1);
  t.end();
});

t.test('shows a kept certificate after the next start, with a key that only its owner can read', (t) => {
  const folder = t.testdir();
  const config = configWith(t, { host: '127.0.0.1', tls: { folder } });
  const [first, next] = [makerWith(), makerWith()];
  const made = first.maker.for(config);
  t.strictSame(readdirSync(folder).filter((name) => name.endsWith('.pem')), ['cert.pem', 'key.pem']);
  t.equal(statSync(join(folder, 'key.pem')).mode & 0o777, 0o600);
  t.strictSame(next.maker.for(config), made);
  first.maker.announce();
  next.maker.announce();
  t.match([first.log, next.log], [[{ msg: /made just now, kept in/ }], [{ msg: /read, kept in/ }]]);
  t.end();
});

t.test('replaces an expired kept certificate, and does not touch files that do not belong together', (t) => {
  const folder = t.testdir();
  const config = configWith(t, { host: '127.0.0.1', tls: { folder } });
  const over = makeSelfSigned(new Date('2010-01-01T00:00:00Z'));
  writeFileSync(join(folder, 'cert.pem'), over.cert);
  writeFileSync(join(folder, 'key.pem'), over.key);
  t.not(makerWith().maker.for(config)[folder]!.cert, over.cert);
  writeFileSync(join(folder, 'cert.pem'), over.cert);
  t.throws(() => makerWith().maker.for(config), new TlsFileError('folder', `${join(folder, 'key.pem')} is not the ` +
    `key of the ` +
    'certificate; remove cert.pem and key.pem there to have them made anew'));
  t.equal(readFileSync(join(folder, 'cert.pem'), 'latin1'), over.cert);
  t.end();
});
