import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { decryptedPassword, encryptedPassword } from '../../../src/protocol/auth/password.js';
import { Capability } from '../../../src/protocol/capabilities.js';
import { encodeHandshakeResponse } from '../../../src/protocol/handshakeResponse.js';
import { sslRequestFor } from '../../../src/protocol/sslRequest.js';
import { makeAuthority } from '../../support/certificates.js';
import { Dialogue, greetedPair, type Encrypted, type EncryptedPair } from '../../support/encryptedPairs.js';
import { freePort } from '../../support/freePort.js';
import type { ProxySettings } from '../../support/inProcess.js';
import { type Pair, PairedProxy } from '../../support/pairs.js';
import {
  BASE_CAPABILITIES, greetingPayload, ok, packetsFrom, responsePayload, SCRAMBLE,
} from '../../support/wirePackets.js';

// Authentications with one encrypted connection: the packets of both ends in order, with the sequence ids of each
// connection.

const authority = await makeAuthority(t);
const certificate = await authority.issue('localhost');

const CLIENT: Encrypted = { client: true, server: false };
const SERVER: Encrypted = { client: false, server: true };

const start = async (t: Test, encrypted: Encrypted, settings: ProxySettings = {}): Promise<PairedProxy> => {
  const proxy = await PairedProxy.start({
    listen: { host: '127.0.0.1', port: 0, tls: { mode: encrypted.client ? 'optional' : 'off', ...certificate } },
    upstreamTls: { mode: encrypted.server ? 'required' : 'off' },
    ...settings,
  });
  t.teardown(() => proxy.stop());
  return proxy;
};

const begin = async (
  t: Test, encrypted: Encrypted, answer?: Buffer,
): Promise<{ proxy: PairedProxy; pair: EncryptedPair; dialogue: Dialogue }> => {
  const proxy = await start(t, encrypted);
  const pair = await greetedPair(proxy, certificate, encrypted, answer);
  return { proxy, pair, dialogue: Dialogue.behindAnswer(pair, encrypted) };
};

const switchTo = (plugin: string, data: Buffer = Buffer.concat([SCRAMBLE, Buffer.alloc(1)])): Buffer =>
  Buffer.concat([Buffer.from(`\xfe${plugin}\0`, 'latin1'), data]);
const moreData = (data: Buffer | string): Buffer => Buffer.concat([Buffer.from([1]), Buffer.from(data)]);
const password = (): Buffer => Buffer.from('secret\0');

const answerOf = (authPlugin: string, authResponse: Buffer): Buffer => encodeHandshakeResponse({
  capabilities:
    Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH | Capability.LONG_PASSWORD,
  maxPacketBytes: 1 << 24, collation: 45, user: 'app', authPlugin, authResponse, attributes: new Map(),
});

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
const RSA_PACKET_BYTES = 4 + 256;
const SSL_REQUEST_PACKET_BYTES = 36;
/** The beginning of a TLS handshake without its end. */
const CLIENT_HELLO = Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196]);

const ONE_ENCRYPTED: Record<string, Encrypted> = { "the client's": CLIENT, "the server's": SERVER };

await t.test("completes caching_sha2_password with only the client's connection encrypted", async (t) => {
  const { dialogue } = await begin(t, CLIENT, answerOf('caching_sha2_password', Buffer.alloc(32, 7)));
  await dialogue.say('server', moreData('\x04'));
  await dialogue.say('client', password(), Buffer.from([2]));
  const sent = await dialogue.tell('server', moreData(PEM), 'server', RSA_PACKET_BYTES);
  t.strictSame(decryptedPassword(sent, SCRAMBLE, privateKey), password());
  await dialogue.say('server', ok());
});

await t.test("completes caching_sha2_password with only the server's connection encrypted", async (t) => {
  const { pair, dialogue } = await begin(t, SERVER, answerOf('caching_sha2_password', Buffer.alloc(32, 7)));
  await dialogue.say('server', moreData('\x04'));
  const heardBefore = pair.client.heardBytes;
  await dialogue.tell('client', Buffer.from([2]), 'client', 400);
  const pem = pair.client.heard.subarray(heardBefore + 5);
  await dialogue.say('client', encryptedPassword(Buffer.from('secret'), SCRAMBLE, pem), password());
  await dialogue.say('server', ok());
  t.pass('each packet was heard with the sequence id of its own connection');
});

for (const [whose, encrypted] of Object.entries(ONE_ENCRYPTED)) {
  await t.test(`passes plugins that prove a password unchanged when only ${whose} connection is ` +
    `encrypted`, async (t) => {
    const signature = Buffer.alloc(64, 9);
    const plugins: Record<string, readonly (readonly ['client' | 'server', Buffer])[]> = {
      client_ed25519: [['server', switchTo('client_ed25519', Buffer.alloc(32, 5))], ['client', signature]],
      // An empty packet asks for the salt. (MariaDB knowledge base, "PARSEC Authentication Plugin".)
      parsec: [
        ['server', switchTo('parsec', Buffer.alloc(32, 5))], ['client', Buffer.alloc(0)],
        ['server', Buffer.concat([Buffer.from('P\0'), Buffer.alloc(18, 3)])], ['client', Buffer.alloc(96, 4)],
      ],
      // Tickets are longer than any password, and go back and forth.
      auth_gssapi_client: [
        ['server', switchTo('auth_gssapi_client', Buffer.from('mariadb/db.example@EXAMPLE\0\0'))],
        ['client', Buffer.alloc(5000, 1)], ['server', moreData(Buffer.alloc(200, 2))], ['client', Buffer.alloc(100, 3)],
      ],
    };
    for (const [plugin, turns] of Object.entries(plugins)) {
      const { pair, dialogue } = await begin(t, encrypted);
      for (const [from, payload] of turns) await dialogue.say(from, payload);
      await dialogue.say('server', ok());
      t.ok(pair, plugin);
    }
  });
}

await t.test('refuses a password that would go on in clear, and the server does not get it', async (t) => {
  for (const plugin of ['mysql_clear_password', 'dialog']) {
    const { proxy, pair } = await begin(t, CLIENT);
    const ended = proxy.here.ended(pair.address);
    const heardBefore = pair.server.heardBytes;
    pair.server.say(packetsFrom(2, switchTo(plugin, Buffer.alloc(0))));
    await pair.client.ended();
    const message = new RegExp(`sluice: the account's ${plugin} would send the password in clear`);
    t.match(pair.client.heard.toString('latin1'), message);
    await pair.server.ended();
    t.equal(pair.server.heardBytes, heardBefore);
    pair.client.socket.end();
    t.match(await ended, { by: 'sluice' });
  }
});

/** Sends written bytes after `front` in pieces of `pieceBytes`, and emits what comes. */
class Behind extends Duplex {
  constructor(private readonly connection: Socket, private front: Buffer, private readonly pieceBytes: number) {
    super();
    connection.removeAllListeners('data').on('data', (chunk: Buffer) => this.push(chunk));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    const bytes = Buffer.concat([this.front, chunk]);
    this.front = Buffer.alloc(0);
    for (let at = 0; at < bytes.length; at += this.pieceBytes) {
      this.connection.write(bytes.subarray(at, at + this.pieceBytes));
    }
    done();
  }
}

/** Begins a session up to the greeting. */
const greeted = async (proxy: PairedProxy, listener = 0, localPort?: number): Promise<Pair> => {
  const pair = await proxy.pair(listener, localPort);
  const greeting = packetsFrom(0, greetingPayload());
  pair.server.say(greeting);
  await pair.client.hear(greeting.length);
  return pair;
};

await t.test('accepts TLS that begins in the segment of its request, and TLS byte by byte', async (t) => {
  const proxy = await start(t, CLIENT);
  const answer = responsePayload({ capabilities: BASE_CAPABILITIES });
  for (const pieceBytes of [Infinity, 1]) {
    const { client, server } = await greeted(proxy);
    const behind = new Behind(client.socket, packetsFrom(1, sslRequestFor(answer)), pieceBytes);
    const encrypted: TLSSocket = connect({ socket: behind, rejectUnauthorized: false });
    await once(encrypted, 'secureConnect');
    encrypted.write(packetsFrom(2, answer));
    t.ok(await server.hear(4 + answer.length), `pieces of ${pieceBytes}`);
  }
});

await t.test('bytes in place of TLS end only their session', async (t) => {
  const answer = responsePayload({ capabilities: BASE_CAPABILITIES });
  const noTls = Buffer.alloc(2000, 0x41);

  const toClients = await start(t, CLIENT);
  const odd = await greeted(toClients);
  const ended = toClients.here.ended(odd.address);
  odd.client.say(Buffer.concat([packetsFrom(1, sslRequestFor(answer)), noTls]));
  await odd.server.ended();
  odd.server.socket.end();
  odd.client.socket.end();
  t.match(await ended, { by: 'client', reason: /^the TLS handshake with the client failed/ });
  const told = {
    level: 'info', client: odd.address, msg: 'the TLS handshake with the client failed: wrong version number',
  };
  t.match(toClients.here.log.filter(({ msg }) => msg.includes('handshake')), [{ ...told, session: Number }]);
  t.ok(await greetedPair(toClients, certificate, CLIENT), 'the next client is served');

  const toServer = await start(t, SERVER);
  const other = await greeted(toServer);
  other.client.say(packetsFrom(1, answer));
  await other.server.hear(SSL_REQUEST_PACKET_BYTES);
  other.server.say(noTls);
  await other.client.ended();
  t.match(other.client.heard.toString('latin1'), /sluice: the TLS handshake with the upstream server failed/);
  other.client.socket.end();
  t.ok(await greetedPair(toServer, certificate, SERVER), 'the next client is served');
});

await t.test("connects two clients of one address and port, at two listeners, to their own servers' " +
  "connections", async (t) => {
  const listener = { host: '127.0.0.1', port: 0, tls: { mode: 'optional', ...certificate } };
  const proxy = await start(t, CLIENT, { listen: [listener, listener] });
  const answers = ['first', 'other'].map((user) => answerOf('caching_sha2_password', Buffer.from(user.padEnd(32))));
  const localPort = await freePort();
  const pairs = [await greeted(proxy, 0, localPort), await greeted(proxy, 1, localPort)];
  pairs.forEach(({ client }, i) => client.say(packetsFrom(1, sslRequestFor(answers[i]!))));
  // The client that asked last encrypts first.
  for (const i of [1, 0]) {
    const { client, server } = pairs[i]!;
    client.socket.removeAllListeners('data');
    const encrypted = connect({ socket: client.socket, rejectUnauthorized: false });
    await once(encrypted, 'secureConnect');
    encrypted.write(packetsFrom(2, answers[i]!));
    await server.hear(4 + answers[i]!.length);
    t.ok(server.heard.subarray(4).equals(answers[i]!), `client ${i}`);
  }
});

await t.test('ends the session at once when a client leaves in its TLS handshake, and logs who left', async (t) => {
  const proxy = await start(t, CLIENT);
  const leave: Record<string, (socket: Socket) => unknown> = {
    closes: (socket) => socket.end(), resets: (socket) => socket.resetAndDestroy(),
  };
  for (const [how, go] of Object.entries(leave)) {
    const { client, server, address } = await greeted(proxy);
    const ended = proxy.here.ended(address);
    client.say(
      Buffer.concat(
        [packetsFrom(1, sslRequestFor(responsePayload({ capabilities: BASE_CAPABILITIES }))), CLIENT_HELLO],
      ),
    );
    go(client.socket);
    await server.ended();
    t.match(
      await ended, { level: 'info', by: 'client', reason: 'left during its TLS handshake', session: Number }, how,
    );
  }
});

await t.test('logs that the client left when it leaves while the connection to the server is being ' +
  'encrypted', async (t) => {
  const proxy = await start(t, SERVER);
  const { client, server, address } = await greeted(proxy);
  const ended = proxy.here.ended(address);
  client.say(packetsFrom(1, responsePayload({ capabilities: BASE_CAPABILITIES })));
  await server.hear(SSL_REQUEST_PACKET_BYTES);
  client.socket.end();
  const reason = 'left while the connection to the server was being encrypted';
  t.match(await ended, { level: 'info', by: 'client', reason, session: Number });
  t.strictSame(proxy.here.log.filter(({ level }) => level === 'warn'), [], 'the server is not blamed');
});
