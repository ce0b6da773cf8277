import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { decryptedPassword, encryptedPassword } from '../../src/protocol/auth/password.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { encodeHandshakeResponse } from '../../src/protocol/handshakeResponse.js';
import { AuthBridge, type OwnKey } from '../../src/conversation/authBridge.js';
import type { Peer } from '../../src/protocol/peer.js';

const newKey = (): OwnKey => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { publicPem: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })), privateKey };
};
const own = newKey();
const server = newKey();
const nonce = Buffer.from('abcdefghijklmnopqrst');
const fullAuth = Buffer.from([1, 4]);
const capabilities =
  Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH | Capability.LONG_PASSWORD;
const password = (): Buffer => Buffer.from('secret\0');

const switchTo = (plugin: string): Buffer => Buffer.from(`\xfe${plugin}\0${nonce.toString()}\0`, 'latin1');
const bridge = (encrypted: Peer, bridges = true): AuthBridge => new AuthBridge(encrypted, bridges, nonce);

/** A bridge whose server has chosen the plugin and asked for the password. */
const asked = (plugin: string, encrypted: Peer, bridges = true): AuthBridge => {
  const begun = bridge(encrypted, bridges);
  begun.fromServer(switchTo(plugin));
  if (plugin === 'caching_sha2_password') {
    begun.fromClient(Buffer.alloc(32, 7));
    begun.fromServer(fullAuth);
  }
  return begun;
};

t.test("waits for Sluice's RSA key only when the client asks for a key", (t) => {
  const begun = bridge('server');
  const steps = [
    begun.fromServer(switchTo('caching_sha2_password')), begun.fromClient(Buffer.alloc(32, 7)),
    begun.fromServer(Buffer.from([1, 3])), begun.fromServer(Buffer.from([0, 0, 0])),
  ];
  t.match(steps, [{ to: 'client' }, { to: 'server' }, { to: 'client' }, { to: 'client' }]);
  t.strictSame(asked('caching_sha2_password', 'server').fromClient(Buffer.from([2])), { wants: 'key' });
  t.end();
});

const REQUESTS = [['caching_sha2_password', 2], ['sha256_password', 1]] as const;

for (const [plugin, request] of REQUESTS) {
  t.test(`${plugin}: encrypts a password in clear with the server's key`, (t) => {
    const begun = asked(plugin, 'client');
    const sent = password();
    t.strictSame(begun.fromClient(sent), { to: 'server', payload: Buffer.from([request]) });
    const step = begun.fromServer(Buffer.concat([Buffer.from([1]), server.publicPem]));
    if (!('to' in step)) throw new Error(JSON.stringify(step));
    t.equal(step.to, 'server');
    t.strictSame(decryptedPassword(step.payload, nonce, server.privateKey), password());
    t.strictSame(sent, Buffer.alloc(7), 'and overwritten');
    t.strictSame(begun.fromServer(Buffer.from([0, 0, 0])), { to: 'client', payload: Buffer.from([0, 0, 0]) });
    t.end();
  });

  t.test(`${plugin}: passes an encrypted password on in clear inside TLS`, (t) => {
    const begun = asked(plugin, 'server');
    t.strictSame(begun.fromClient(Buffer.from([request])), { wants: 'key' }, 'nothing before needs one');
    t.strictSame(begun.giveKey(own),
      { to: 'client', payload: Buffer.concat([Buffer.from([1]), own.publicPem]) });
    const encrypted = encryptedPassword(Buffer.from('secret'), nonce, own.publicPem);
    t.strictSame(begun.fromClient(encrypted), { to: 'server', payload: password() });
    t.end();
  });

  t.test(`${plugin}: passes an empty password, and an error in place of the key`, (t) => {
    const none = Buffer.alloc(1);
    for (const peer of ['client', 'server'] as const) {
      t.strictSame(asked(plugin, peer).fromClient(none), { to: 'server', payload: none });
    }
    const begun = asked(plugin, 'client');
    begun.fromClient(password());
    const error = Buffer.from('\xff\x15\x04#28000no', 'latin1');
    t.strictSame(begun.fromServer(error), { to: 'client', payload: error });
    t.end();
  });

  t.test(`${plugin}: passes a password that the client sends in clear on inside TLS`, (t) => {
    t.strictSame(asked(plugin, 'server').fromClient(password()), { to: 'server', payload: password() });
    t.end();
  });

  t.test(`${plugin}: refuses a password that it cannot pass`, (t) => {
    t.match(asked(plugin, 'client', false).fromClient(password()), { refusal: /upstream\.tls\.bridge/ });
    t.match(asked(plugin, 'server', false).fromClient(Buffer.from([request])), { refusal: /upstream\.tls\.bridge/ });
    t.match(
      asked(plugin, 'server').fromClient(Buffer.alloc(256, 1)), { refusal: /a key that the client has from elsewhere/ },
    );
    const begun = asked(plugin, 'server');
    begun.fromClient(Buffer.from([request]));
    begun.giveKey(own);
    t.match(
      begun.fromClient(encryptedPassword(Buffer.from('secret'), nonce, server.publicPem)),
      { refusal: /not encrypted with the key/ },
    );
    const noKey = asked(plugin, 'client');
    noKey.fromClient(password());
    t.match(noKey.fromServer(Buffer.from('\x01no key')), { refusal: /public key/ });
    t.end();
  });
}

t.test("refuses plugins that only know clear passwords when the server's connection is not encrypted", (t) => {
  for (const plugin of ['mysql_clear_password', 'dialog']) {
    t.match(bridge('client').fromServer(switchTo(plugin)), { refusal: new RegExp(plugin) });
    t.match(bridge('server').fromServer(switchTo(plugin)), { to: 'client' });
  }
  t.end();
});

t.test("refuses plugins that might send a password when the server's connection is not encrypted", (t) => {
  for (const plugin of ['authentication_openid_connect_client', 'a_plugin_of_tomorrow']) {
    t.match(bridge('client').fromServer(switchTo(plugin)), { refusal: new RegExp(`${plugin} might send`) });
    t.match(bridge('server').fromServer(switchTo(plugin)), { to: 'client' });
  }
  t.end();
});

t.test('passes an LDAP login to a server in clear only when its mechanism sends no password', (t) => {
  const request = (mechanism: string): Buffer =>
    Buffer.from(`\xfeauthentication_ldap_sasl_client\0${mechanism}`, 'latin1');
  for (const mechanism of ['SCRAM-SHA-1', 'SCRAM-SHA-256\0', 'GSSAPI']) {
    const begun = bridge('client');
    t.match(begun.fromServer(request(mechanism)), { to: 'client' }, mechanism);
    const proofs = ['n,,n=app,r=x', 'c=biws,r=xy,p=z'].map((proof) => begun.fromClient(Buffer.from(proof)));
    t.match(proofs, [{ to: 'server' }, { to: 'server' }]);
  }
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-1 PLAIN', 'SCRAM-SHA-1\0PLAIN', '']) {
    t.match(bridge('client').fromServer(request(mechanism)), { refusal: /ldap_sasl_client might send/ }, mechanism);
  }
  const begun = bridge('client');
  begun.begin(encodeHandshakeResponse({
    capabilities, maxPacketBytes: 1, collation: 45, user: 'app', authPlugin: 'authentication_ldap_sasl_client',
    authResponse: Buffer.alloc(0), attributes: new Map(),
  }), capabilities, false);
  begun.fromServer(Buffer.from('\x01PLAIN'));
  t.match(begun.fromClient(Buffer.from('\0app\0secret')), { refusal: /might send/ }, 'named in a packet of its own');
  t.end();
});

t.test('refuses to send a password in clear however the server asks for it', (t) => {
  const padded = Buffer.from([1, 4, 0]);
  const unbridged = bridge('client', false);
  unbridged.fromServer(switchTo('caching_sha2_password'));
  unbridged.fromClient(Buffer.alloc(32, 7));
  t.strictSame(unbridged.fromServer(padded), { to: 'client', payload: padded });
  t.match(unbridged.fromClient(password()), { refusal: /upstream\.tls\.bridge/ });
  for (const plugin of ['caching_sha2_password', 'mysql_native_password', 'client_ed25519']) {
    const begun = bridge('client');
    begun.fromServer(switchTo(plugin));
    t.match(begun.fromClient(Buffer.alloc(32, 7)), { to: 'server' });
    begun.fromServer(Buffer.from('\x01Password please'));
    const sent = password();
    t.match(begun.fromClient(sent), { refusal: /might send a password in clear/ }, plugin);
    t.strictSame(sent, Buffer.alloc(7), 'and overwritten');
  }
  t.end();
});

t.test('refuses an authentication that begins with a truncated packet', (t) => {
  t.match(bridge('client').begin(Buffer.alloc(34, 1), capabilities, false), { refusal: /ends too early/ });
  t.end();
});

t.test('passes packets of other plugins unchanged', (t) => {
  const begun = asked('client_ed25519', 'client');
  const signature = Buffer.alloc(64, 3);
  t.strictSame(begun.fromClient(signature), { to: 'server', payload: signature });
  t.end();
});

t.test('removes a password from the answer to the greeting, and has the server ask for it again', (t) => {
  const response = (authPlugin: string, authResponse: Buffer): Buffer => encodeHandshakeResponse({
    capabilities, maxPacketBytes: 1, collation: 45, user: 'app', authPlugin, authResponse, attributes: new Map(),
  });
  for (const plugin of ['sha256_password', 'mysql_clear_password', 'authentication_openid_connect_client', 'x']) {
    const original = response(plugin, password());
    const asked = { to: 'server', payload: response('none', Buffer.alloc(0)) };
    t.strictSame(bridge('client').begin(original, capabilities, false), asked, plugin);
    t.notOk(original.includes('secret'), 'and overwritten');
  }
  for (const plugin of ['caching_sha2_password', 'mysql_native_password']) {
    const scramble = response(plugin, Buffer.alloc(32, 9));
    t.strictSame(bridge('client').begin(scramble, capabilities, false), { to: 'server', payload: scramble });
  }
  t.end();
});

t.test('removes the proof from a COM_CHANGE_USER, and has the server ask for it with a new nonce', (t) => {
  const change = Buffer.from('\x11app\0\x03abcshop\0\x2d\0caching_sha2_password\0', 'latin1');
  const changed = Buffer.from('\x11app\0\0shop\0\x2d\0none\0', 'latin1');
  t.strictSame(bridge('server').begin(change, capabilities, true), { to: 'server', payload: changed });
  t.end();
});
