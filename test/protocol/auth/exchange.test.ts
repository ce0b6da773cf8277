import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import t from 'tap';
import { decodeAuthSwitch, startAuth, type AuthExchange } from '../../../src/protocol/auth/exchange.js';

// The nonce and its answers are from the tests of Go-MySQL-Driver; PyMySQL gives the same ones.
const NONCE = Buffer.from([10, 47, 74, 111, 75, 73, 34, 48, 88, 76, 114, 74, 37, 13, 3, 80, 82, 2, 23, 21]);
const CACHING_SHA2_ANSWER = 'f490e76f66d9d86665ce54d98c78d0acfe2fb0b08b423da807144873d30b312c';
const NATIVE_ANSWER = '6a149bdd80bda1ebf0fa2bd2cf2e9717fecc34bb';

const start = (plugin: string, password: string, isConfidential = false, nonce = NONCE): AuthExchange => {
  const exchange = startAuth({ plugin, nonce }, { password: Buffer.from(password), isConfidential });
  if (exchange === null) throw new Error(`${plugin} is not known`);
  return exchange;
};

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));

/** The password as the server decrypts it: it also removes the nonce. */
const decrypted = (encrypted: Buffer): string => {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const scrambled = privateDecrypt({ key: privateKey, padding, oaepHash: 'sha1' }, encrypted);
  return Buffer.from(scrambled.map((byte, i) => byte ^ NONCE[i % NONCE.length]!)).toString();
};

t.test('mysql_native_password answers with a scrambled password, and with nothing for an empty one', async (t) => {
  t.equal(start('mysql_native_password', 'secret').firstAnswer.toString('hex'), NATIVE_ANSWER);
  t.equal(start('mysql_native_password', '').firstAnswer.length, 0);
});

t.test('ignores a NUL after the nonce', async (t) => {
  const nonce = Buffer.concat([NONCE, Buffer.alloc(1)]);
  const answer = (plugin: string): string =>
    start(plugin, 'secret', false, nonce).firstAnswer.toString('hex');
  t.equal(answer('mysql_native_password'), NATIVE_ANSWER);
  t.equal(answer('caching_sha2_password'), CACHING_SHA2_ANSWER);
});

t.test('caching_sha2_password sends nothing more when the server knows the password', async (t) => {
  const exchange = start('caching_sha2_password', 'secret');
  t.equal(exchange.firstAnswer.toString('hex'), CACHING_SHA2_ANSWER);
  t.equal(exchange.answer(Buffer.from([3])), null);
});

t.test('caching_sha2_password asks for the key, and encrypts a password of any length with it', async (t) => {
  for (const password of ['x', 'secret', 'a password that is longer than its nonce', 'pässwörd']) {
    const exchange = start('caching_sha2_password', password);
    t.same(exchange.answer(Buffer.from([4])), Buffer.from([2]));
    t.equal(decrypted(exchange.answer(PEM)!), `${password}\0`);
  }
});

t.test('caching_sha2_password sends the password in clear only over a confidential connection', async (t) => {
  t.equal(start('caching_sha2_password', 'secret', true).answer(Buffer.from([4]))?.toString(), 'secret\0');
  t.notMatch(start('caching_sha2_password', 'secret').answer(Buffer.from([4]))?.toString(), 'secret');
});

t.test('sha256_password encrypts the password unless the connection is confidential', async (t) => {
  const exchange = start('sha256_password', 'secret');
  t.same(exchange.firstAnswer, Buffer.from([1]));
  t.equal(decrypted(exchange.answer(PEM)!), 'secret\0');
  t.equal(start('sha256_password', 'secret', true).firstAnswer.toString(), 'secret\0');
});

t.test('the plugins with SHA-256 send one NUL for an empty password', async (t) => {
  t.same(start('caching_sha2_password', '').firstAnswer, Buffer.alloc(1));
  t.same(start('sha256_password', '').firstAnswer, Buffer.alloc(1));
});

t.test('throws on an unknown step, a broken key or a short nonce', async (t) => {
  t.throws(() => start('mysql_native_password', 'secret').answer(PEM), /a step that/);
  t.throws(() => start('caching_sha2_password', 'secret').answer(Buffer.from([9])), /a step that/);
  t.throws(() => start('caching_sha2_password', 'secret').answer(Buffer.alloc(0)), /a step that/);
  t.throws(() => start('sha256_password', 'secret').answer(Buffer.from('no key')), /key that cannot be used/);
  t.throws(() => start('client_ed25519', 'secret'), /20 bytes as a nonce for client_ed25519/);
});

t.test('has no exchange for an unknown plugin', async (t) => {
  const secret = { password: Buffer.from('secret'), isConfidential: true };
  t.equal(startAuth({ plugin: 'mysql_clear_password', nonce: NONCE }, secret), null);
});

t.test('reads plugin and nonce of an AuthSwitchRequest', async (t) => {
  t.same(decodeAuthSwitch(Buffer.concat([Buffer.from('\xfeclient_ed25519\0', 'latin1'), NONCE])),
    { plugin: 'client_ed25519', nonce: NONCE });
  t.same(decodeAuthSwitch(Buffer.from([0xfe])), { plugin: 'mysql_old_password', nonce: Buffer.alloc(0) });
});
