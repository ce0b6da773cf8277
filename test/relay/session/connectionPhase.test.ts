import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { Capability } from '../../../src/protocol/capabilities.js';
import { decodeErr } from '../../../src/protocol/packets.js';
import { sslRequestFor, withSsl } from '../../../src/protocol/sslRequest.js';
import type { ClientTls } from '../../../src/relay/tls/clientTls.js';
import { SessionEncryption } from '../../../src/relay/tls/encryption.js';
import { ClientLeftError } from '../../../src/relay/tls/handshakeError.js';
import type { UpstreamTls } from '../../../src/relay/tls/upstreamTls.js';
import { changeUser } from '../../support/commandPayloads.js';
import { fakeTimers } from '../../support/fakeTimers.js';
import type { ProxySettings } from '../../support/inProcess.js';
import { NEXT } from '../../support/memoryResults.js';
import { memoryPair, settled } from '../../support/memorySocket.js';
import { beginSession, type MemorySession, NOTHING_LEFT } from '../../support/memorySession.js';
import { End } from '../../support/pairs.js';
import {
  BASE_CAPABILITIES, err, greetingPayload, MYSQL_OFFER, ok, packetsFrom, responsePayload,
} from '../../support/wirePackets.js';

// From the greeting to the point at which both connections are relayed unchanged. A second connection in memory stands
// for TLS: the bytes that the test writes to its other end are those that the peer sends inside TLS.

const ANSWER = responsePayload({ capabilities: BASE_CAPABILITIES });
const SSL_REQUEST = sslRequestFor(ANSWER);
const SECURE = packetsFrom(0, greetingPayload());
const CLEAR = packetsFrom(0, greetingPayload({ capabilities: MYSQL_OFFER & ~Capability.SSL }));

/** A handshake that a test lets succeed, or fail. */
class Handshake {
  readonly begun: Promise<void>;
  private begin: () => void = () => undefined;
  private succeed: (encrypted: TLSSocket) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  constructor() {
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  readonly encrypt = (_: Socket): Promise<TLSSocket> => new Promise((resolve, reject) => {
    this.succeed = resolve;
    this.fail = reject;
    this.begin();
  });

  /** Returns the peer's end of the bytes inside TLS. */
  agree(authorized = false): End {
    const { accepted, connected } = memoryPair();
    this.succeed(Object.assign(accepted, { authorized }) as unknown as TLSSocket);
    return new End(connected);
  }
}

interface Phase extends MemorySession {
  readonly withClient: Handshake;
  readonly withServer: Handshake;
  /** Whether the server was reported not to offer TLS. */
  readonly clear: () => number;
}

interface Modes {
  readonly listen?: SessionEncryption['listenMode'];
  readonly upstream?: 'off' | 'preferred' | 'required';
  readonly settings?: ProxySettings;
}

const begin = async (t: Test, { listen = 'off', upstream = 'off', settings = {} }: Modes): Promise<Phase> => {
  const [withClient, withServer] = [new Handshake(), new Handshake()];
  let clearCount = 0;
  const upstreamTls = {
    isWanted: upstream !== 'off', isRequired: upstream === 'required', forControlConnections: null,
    noteClear: () => (clearCount += 1), encrypt: withServer.encrypt,
  } as unknown as UpstreamTls;
  const offers = listen === 'optional' || listen === 'required' || listen === 'auto';
  const clientTls = offers ? { encrypt: withClient.encrypt } as unknown as ClientTls : null;
  const encryption = new SessionEncryption(listen, clientTls, upstreamTls, true);
  const scene = await beginSession(t, settings, { encryption });
  return Object.assign(scene, { withClient, withServer, clear: () => clearCount });
};

const greet = async ({ client, server }: Phase, greeting: Buffer): Promise<void> => {
  server.say(greeting);
  await client.hear(greeting.length);
  client.forget();
};

/** Begins a session before a server in the clear, whose client has gone inside TLS. `inside` is its end there. */
const goInsideTls = async (
  t: Test, showsCertificate = false,
): Promise<{ readonly scene: Phase; readonly inside: End }> => {
  const scene = await begin(t, { listen: 'optional' });
  await greet(scene, CLEAR);
  scene.client.say(packetsFrom(1, SSL_REQUEST));
  await scene.withClient.begun;
  return { scene, inside: scene.withClient.agree(showsCertificate) };
};

/** The encryption of the session's connections in the metrics. */
const counted = ({ shared }: Phase): string[] =>
  [...shared.metrics.encryptions.all()].filter(({ count }) => count > 0)
    .map(({ labels }) => Object.values(labels).join(' '));

/** The client has got this error, and both connections have ended. */
const isRefused = async (t: Test, scene: Phase, end: End, code: number, message: RegExp): Promise<void> => {
  await end.ended();
  t.match(decodeErr(end.heard.subarray(4)), { code, message });
  for (const { socket } of [scene.client, scene.server, end]) socket.destroy();
  await settled();
  t.strictSame([scene.told, scene.left()], [['ended'], NOTHING_LEFT]);
};

t.test('hands both connections to the flows at once when none can be encrypted', async (t) => {
  const scene = await begin(t, {});
  t.equal(scene.session.connections.diversion, null);
  t.strictSame(counted(scene), ['client none', 'upstream none']);
});

t.test('goes on in the clear when neither end asks for TLS', async (t) => {
  const scene = await begin(t, { listen: 'optional', upstream: 'preferred' });
  await greet(scene, CLEAR);
  t.equal(scene.clear(), 1, 'the log says that the server offers none');
  const answer = packetsFrom(1, ANSWER);
  scene.client.say(answer);
  await scene.server.hear(answer.length);
  t.ok(scene.server.heard.equals(answer));
  t.equal(scene.session.connections.diversion, null);
  await scene.play({ from: 'server', bytes: packetsFrom(2, ok()) }, ...NEXT);
  t.strictSame(counted(scene), ['client none', 'upstream none']);
});

t.test('hands over bytes that came while it read the login', async (t) => {
  const scene = await begin(t, { listen: 'optional' });
  await greet(scene, SECURE);
  const answer = packetsFrom(1, ANSWER);
  const said = Buffer.concat([answer, NEXT[0].bytes]);
  scene.client.say(said);
  await scene.server.hear(said.length);
  t.ok(scene.server.heard.equals(said), 'a command that is sent ahead goes to the server');
});

t.test('refuses a client that does not request TLS when TLS is required', async (t) => {
  const scene = await begin(t, { listen: 'required' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, ANSWER));
  await isRefused(t, scene, scene.client, 3159, /insecure transport are prohibited: listen\.tls\.mode is "required"/);
  t.notMatch(scene.server.heard.toString('latin1'), /app/, 'the server does not hear who it was');
});

t.test("offers no TLS when clients get the server's offer, and the server offers none", async (t) => {
  const scene = await begin(t, { listen: 'auto' });
  await greet(scene, CLEAR);
  t.equal(scene.session.connections.diversion, null);
});

t.test('passes TLS through, and counts nothing of it', async (t) => {
  const scene = await begin(t, { listen: 'passthrough' });
  await greet(scene, SECURE);
  const request = packetsFrom(1, SSL_REQUEST);
  scene.client.say(request);
  await scene.server.hear(request.length);
  t.ok(scene.server.heard.equals(request));
  const secret = Buffer.from('\x16\x03\x01 whatever is said in TLS', 'latin1');
  await scene.play({ from: 'client', bytes: secret }, { from: 'server', bytes: secret });
  t.strictSame(counted(scene), ['client passthrough', 'upstream passthrough']);
  t.match(scene.log, [{ level: 'info', msg: 'TLS is passed through: nothing is counted in this session' }]);
});

t.test('does not pass TLS through when onUnparsed is "close"', async (t) => {
  const scene = await begin(t, { listen: 'passthrough', settings: { onUnparsed: 'close' } });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, SSL_REQUEST));
  await isRefused(t, scene, scene.client, 1251, /cannot be followed, and onUnparsed is "close"/);
});

t.test('follows a client in clear when TLS would be passed through', async (t) => {
  const scene = await begin(t, { listen: 'passthrough', settings: { audit: { sample: { oneIn: 1 } } } });
  await greet(scene, SECURE);
  await scene.play({ from: 'client', bytes: packetsFrom(1, ANSWER) }, { from: 'server', bytes: packetsFrom(2, ok()) });
  await scene.play(NEXT[0]);
  scene.server.say(NEXT[1].bytes);
  await settled();
  t.match(scene.records, [{ action: 'sample', rows: 1 }]);
});

// The client's TLS.

t.test("decrypts the client's login, and bridges it to a server in clear", async (t) => {
  const scene = await begin(t, { listen: 'optional' });
  await greet(scene, CLEAR);
  scene.client.say(packetsFrom(1, SSL_REQUEST));
  await scene.withClient.begun;
  t.equal(scene.session.handshakeWith, 'client');
  const inside = scene.withClient.agree();
  inside.say(packetsFrom(2, withSsl(ANSWER)));
  const answer = packetsFrom(1, ANSWER);
  await scene.server.hear(answer.length);
  t.ok(scene.server.heard.equals(answer), 'as a client in the clear says it');
  t.equal(scene.session.handshakeWith, null);
  scene.server.say(packetsFrom(2, ok()));
  const welcome = packetsFrom(3, ok());
  await inside.hear(welcome.length);
  t.ok(inside.heard.equals(welcome), 'with the sequence id of its own connection');
  inside.forget();
  scene.server.forget();
  inside.say(NEXT[0].bytes);
  await scene.server.hear(NEXT[0].bytes.length);
  scene.server.say(NEXT[1].bytes);
  await inside.hear(NEXT[1].bytes.length);
  t.ok(inside.heard.equals(NEXT[1].bytes));
});

t.test("a client inside TLS gets the server's refusal of its login", async (t) => {
  const { scene, inside } = await goInsideTls(t);
  inside.say(packetsFrom(2, withSsl(ANSWER)));
  await scene.server.hear(4 + ANSWER.length);
  scene.server.say(packetsFrom(2, err(1045, 'Access denied')));
  const denial = packetsFrom(3, err(1045, 'Access denied'));
  await inside.hear(denial.length);
  t.ok(inside.heard.equals(denial));
  t.match(scene.log, [{ user: 'app', code: 1045, msg: /refused the login: Access denied/ }]);
});

t.test('says whose certificate the server sees to a refused client that showed one', async (t) => {
  const { scene, inside } = await goInsideTls(t, true);
  inside.say(packetsFrom(2, withSsl(ANSWER)));
  await scene.server.hear(4 + ANSWER.length);
  scene.server.say(packetsFrom(2, err(1045, 'Access denied')));
  await inside.hear(40);
  t.match(inside.heard.toString('latin1'), /Access denied \(sluice: an account that requires a certificate/);
});

t.test('keeps a command that a client inside TLS sends after its login until it is let in', async (t) => {
  const { scene, inside } = await goInsideTls(t);
  inside.say(Buffer.concat([packetsFrom(2, withSsl(ANSWER)), NEXT[0].bytes]));
  await scene.server.hear(4 + ANSWER.length);
  await settled();
  t.equal(scene.server.heardBytes, 4 + ANSWER.length);
  scene.server.forget();
  scene.server.say(packetsFrom(2, ok()));
  await scene.server.hear(NEXT[0].bytes.length);
  t.ok(scene.server.heard.equals(NEXT[0].bytes));
  t.ok(inside.heard.equals(packetsFrom(3, ok())));
});

for (const [what, reply] of Object.entries({ accepts: ok(), refuses: err(1045, 'Access denied') })) {
  t.test(`bridges a COM_CHANGE_USER of a client inside TLS, also where the server ${what} it`, async (t) => {
    const { scene, inside } = await goInsideTls(t);
    inside.say(packetsFrom(2, withSsl(ANSWER)));
    await scene.server.hear(4 + ANSWER.length);
    scene.server.say(packetsFrom(2, ok()));
    await inside.hear(4 + ok().length);
    for (const end of [inside, scene.server]) end.forget();
    const change = packetsFrom(0, changeUser('other', 'attic', 'mysql_native_password'));
    inside.say(Buffer.concat([change, NEXT[0].bytes]));
    await scene.server.hear(change.length);
    await settled();
    t.ok(scene.server.heard.equals(change), 'the command after it waits');
    scene.server.forget();
    scene.server.say(packetsFrom(1, reply));
    await inside.hear(4 + reply.length);
    t.ok(inside.heard.equals(packetsFrom(1, reply)));
    await scene.server.hear(NEXT[0].bytes.length);
    t.ok(scene.server.heard.equals(NEXT[0].bytes));
    t.match(scene.session.origin(), what === 'accepts' ? { user: 'other', schema: 'attic' } : { user: 'app' });
  });
}

t.test('ends when the TLS handshake with the client fails', async (t) => {
  const scene = await begin(t, { listen: 'optional' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, SSL_REQUEST));
  await scene.withClient.begun;
  scene.withClient.fail(new Error('no shared cipher'));
  await scene.client.ended();
  scene.server.socket.destroy();
  await settled();
  t.match(scene.endings(), [{ by: 'client', reason: 'the TLS handshake with the client failed: no shared cipher' }]);
  t.strictSame([scene.told, scene.left()], [['ended'], NOTHING_LEFT]);
});

t.test('ends when the client leaves during its TLS handshake', async (t) => {
  const scene = await begin(t, { listen: 'optional' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, SSL_REQUEST));
  await scene.withClient.begun;
  scene.withClient.fail(new ClientLeftError());
  await scene.client.ended();
  scene.server.socket.destroy();
  await settled();
  t.match(scene.endings(), [{ by: 'client', reason: 'left during its TLS handshake' }]);
});

// The server's TLS.

t.test('refuses the client in place of the greeting when TLS is required and the server offers none', async (t) => {
  const scene = await begin(t, { upstream: 'required' });
  scene.server.say(CLEAR);
  await isRefused(t, scene, scene.client, 1429, /offers no TLS, and upstream\.tls\.mode asks for it/);
});

t.test('encrypts only the connection to the server, and bridges the login', async (t) => {
  const scene = await begin(t, { upstream: 'required' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, ANSWER));
  await scene.withServer.begun;
  t.equal(scene.session.handshakeWith, 'server');
  const request = packetsFrom(1, SSL_REQUEST);
  await scene.server.hear(request.length);
  t.ok(scene.server.heard.equals(request), 'the server hears an SSLRequest first');
  const inside = scene.withServer.agree();
  const answer = packetsFrom(2, withSsl(ANSWER));
  await inside.hear(answer.length);
  t.ok(inside.heard.equals(answer));
  inside.say(packetsFrom(3, ok()));
  const welcome = packetsFrom(2, ok());
  await scene.client.hear(welcome.length);
  t.ok(scene.client.heard.equals(welcome));
  inside.forget();
  scene.client.say(NEXT[0].bytes);
  await inside.hear(NEXT[0].bytes.length);
  t.ok(inside.heard.equals(NEXT[0].bytes));
});

t.test('leaves a login to the flows when both connections are encrypted', async (t) => {
  const scene = await begin(t, { listen: 'optional', upstream: 'required' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, SSL_REQUEST));
  await scene.withClient.begun;
  const client = scene.withClient.agree();
  const answer = packetsFrom(2, withSsl(ANSWER));
  client.say(Buffer.concat([answer, NEXT[0].bytes]));
  await scene.withServer.begun;
  const server = scene.withServer.agree();
  await server.hear(answer.length + NEXT[0].bytes.length);
  t.ok(server.heard.equals(Buffer.concat([answer, NEXT[0].bytes])), 'a command sent ahead does not wait');
  const welcome = Buffer.concat([packetsFrom(3, ok()), NEXT[1].bytes]);
  server.say(welcome);
  await client.hear(welcome.length);
  t.ok(client.heard.equals(welcome));
  t.equal(scene.session.connections.diversion, null);
});

t.test('refuses the client when the TLS handshake with the server fails', async (t) => {
  const scene = await begin(t, { upstream: 'required' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, ANSWER));
  await scene.withServer.begun;
  scene.withServer.fail(new Error('self-signed certificate'));
  const message = /TLS handshake with the upstream server failed: self-signed certificate/;
  await isRefused(t, scene, scene.client, 1429, message);
});

t.test('refuses the client when the server sends more than its greeting before TLS', async (t) => {
  const scene = await begin(t, { upstream: 'required' });
  scene.server.say(Buffer.concat([SECURE, packetsFrom(1, ok())]));
  await scene.client.hear(SECURE.length);
  scene.client.forget();
  scene.client.say(packetsFrom(1, ANSWER));
  await isRefused(t, scene, scene.client, 1251, /sent more than its greeting where TLS was to begin/);
});

t.test('ends at once when the client leaves while the connection to the server is being encrypted', async (t) => {
  const timers = fakeTimers(t);
  const scene = await begin(t, { upstream: 'required' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, ANSWER));
  await scene.withServer.begun;
  scene.client.socket.end();
  await scene.server.ended();
  await settled();
  t.match(scene.endings(), [{ by: 'client', reason: 'left while the connection to the server was being encrypted' }]);
  t.strictSame([scene.told, scene.left(), timers.count], [['ended'], NOTHING_LEFT, 0]);
});

// Bytes that are no login.

t.test('relays a refusal in place of the greeting', async (t) => {
  const scene = await begin(t, { listen: 'optional', upstream: 'required' });
  const refusal = packetsFrom(0, Buffer.from('\xff\x10\x04Too many connections', 'latin1'));
  scene.server.say(refusal);
  t.equal(await scene.client.ended(), 'FIN');
  t.ok(scene.client.heard.equals(refusal));
});

t.test('relays a login in clear that it cannot follow', async (t) => {
  const scene = await begin(t, { listen: 'optional' });
  await greet(scene, SECURE);
  const strange = packetsFrom(1, Buffer.alloc(3));
  scene.client.say(strange);
  await scene.server.hear(strange.length);
  t.ok(scene.server.heard.equals(strange));
  t.match(scene.log.filter(({ level }) => level === 'warn'), [{ msg: 'cannot follow this session any more' }]);
});

t.test('refuses what it cannot follow of a login inside TLS', async (t) => {
  const scene = await begin(t, { listen: 'optional' });
  await greet(scene, SECURE);
  scene.client.say(packetsFrom(1, SSL_REQUEST));
  await scene.withClient.begun;
  const inside = scene.withClient.agree();
  inside.say(packetsFrom(2, Buffer.alloc(3)));
  await isRefused(t, scene, inside, 1251, /the answer to the greeting cannot be followed/);
});

t.test('refuses a client that sends more than an authentication takes', async (t) => {
  const scene = await begin(t, { listen: 'optional' });
  scene.client.say(Buffer.alloc(300 * 1024));
  scene.server.say(SECURE);
  await scene.client.ended();
  const [warning] = scene.log.filter(({ level }) => level === 'warn');
  t.match(warning, { msg: 'the client sent more than an authentication takes' });
});
