import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import t from 'tap';
import { ed25519PublicKey, ed25519Signature } from '../../../src/protocol/auth/ed25519.js';

// RFC 8032, 7.1: a seed of 32 bytes is a password of 32 bytes.
const RFC_8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature: 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature: '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature: '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const PKCS8_HEAD = hex('302e020100300506032b657004220420');
const SPKI_HEAD = hex('302a300506032b6570032100');

t.test('signs as RFC 8032 does when the password has 32 bytes', async (t) => {
  for (const { seed, publicKey, message, signature } of RFC_8032) {
    t.equal(ed25519PublicKey(hex(seed)).toString('hex'), publicKey);
    t.equal(ed25519Signature(hex(seed), hex(message)).toString('hex'), signature);
  }
});

t.test('signs as node:crypto does', async (t) => {
  for (let i = 0; i < 10; i += 1) {
    const [seed, message] = [randomBytes(32), randomBytes(i * 7)];
    const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
    t.same(ed25519Signature(seed, message), sign(null, message, key));
  }
});

t.test('makes the public key that the documentation of MariaDB shows for a password', async (t) => {
  const documented = 'ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY=';
  t.equal(ed25519PublicKey(Buffer.from('secret')).toString('base64'), documented);
});

t.test('a signature with a password of any length verifies with its own public key only', async (t) => {
  const spki = (password: Buffer): KeyObject => {
    const key = Buffer.concat([SPKI_HEAD, ed25519PublicKey(password)]);
    return createPublicKey({ key, format: 'der', type: 'spki' });
  };
  for (const length of [0, 1, 31, 33, 64, 200]) {
    const [password, nonce] = [randomBytes(length), randomBytes(32)];
    const signature = ed25519Signature(password, nonce);
    t.ok(verify(null, nonce, spki(password), signature), `${length} bytes`);
    t.notOk(verify(null, nonce, spki(randomBytes(8)), signature));
  }
});
