import { join } from 'node:path';
import t from 'tap';
import { makeSelfSigned } from '../../../src/relay/tls/selfSigned.js';
import { run } from '../../support/run.js';

t.test('openssl reads the certificate, and accepts it as its own authority', async (t) => {
  // DER has a rule for some first bytes of serial numbers and signatures, which are random. Several certificates make
  // such a byte likely.
  for (let i = 0; i < 8; i += 1) {
    const folder = t.testdir({ 'cert.pem': makeSelfSigned().cert });
    const file = join(folder, 'cert.pem');
    const verified = await run('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', file, file]);
    t.match(verified, { code: 0, stdout: /: OK$/m }, verified.stderr);
    const { stdout } = await run('openssl', ['x509', '-in', file, '-noout', '-text']);
    for (
      const line of [
        /Version: 3/, /ecdsa-with-SHA256/, /NIST CURVE: P-256/, /CA:FALSE/, /Digital Signature/, /TLS Web Server/,
      ]
    ) {
      t.match(stdout, line);
    }
  }
});
