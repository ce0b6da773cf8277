import t, { type Test } from 'tap';
import { SERVER_CAPABILITIES } from '../../src/demo/login.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { ControlConnection, type ControlSettings } from '../../src/control/controlConnection.js';
import { type FakeServer, type Peer, type Script, startFakeServer } from './fakeServer.js';
import { remoteAt } from '../support/remote.js';

const account = { user: 'sluice', password: 'hidden' };
const patient: ControlSettings = { account, connectTimeoutMs: 60_000, answerTimeoutMs: 60_000, encrypt: null };

/** A connection to a server that runs `script`. */
const connectTo = async (
  t: Test, script: Script, settings = patient,
): Promise<{ connection: ControlConnection; server: FakeServer }> => {
  const server = await startFakeServer(t, script);
  const connection = new ControlConnection(remoteAt(server.port), settings);
  t.teardown(() => connection.destroy('the test is over'));
  return { connection, server };
};

const logins: readonly [string, Script, RegExp][] = [
  ['closes before it greets', (peer) => void peer.socket.end(), /closed the connection/],
  ['greets with a packet that is none', (peer) => peer.send(0, 'SSH-2.0'), /no greeting of protocol 10/],
  ['greets with a packet of 8 MiB', (peer) => void peer.socket.write(Buffer.from([0, 0, 128, 0])),
    /8388608 bytes/],
  ['greets with a broken error', (peer) => peer.send(0, Buffer.from([0xff])), /error 0/],
  ['refuses before it greets', (peer) => peer.send(0, Buffer.from('\xff\x10\x04Too many', 'latin1')),
    /Too many \(error 1040\)/],
  ['begins with the wrong sequence id', (peer) => peer.send(3, 'x'), /out of order/],
  ['asks for a password in the clear', async (peer) => {
    peer.greet();
    await peer.receive();
    peer.send(2, Buffer.from('\xfemysql_clear_password\0', 'latin1'));
  }, /"mysql_clear_password", which Sluice does not know; give it/],
  ['switches the plugin for ever', async (peer) => {
    peer.greet();
    for (let id = 2; (await peer.receive()) !== null; id += 2) {
      peer.send(id, Buffer.from(`\xfemysql_native_password\0${'n'.repeat(20)}\0`, 'latin1'));
    }
  }, /too many rounds/],
  ['sends a public key that is none', async (peer) => {
    peer.greet('caching_sha2_password');
    await peer.receive();
    peer.send(2, Buffer.from([1, 4]));
    await peer.receive();
    peer.send(4, '\u0001-----BEGIN PUBLIC KEY-----');
  }, /public key that cannot be used/],
];
for (const [what, script, message] of logins) {
  t.test(`gives up a server that ${what}`, async (t) => {
    const { connection, server } = await connectTo(t, script);
    await t.rejects(connection.logIn(), { message });
    t.notOk(connection.isOpen);
    while ((await server.peers[0]!.receive()) !== null);
  });
}

t.test('lets the server switch to a known plugin when its greeting names an unknown one', async (t) => {
  const { connection } = await connectTo(t, async (peer) => {
    peer.greet('authentication_webauthn_client');
    await peer.receive();
    peer.send(2, Buffer.from(`\xfemysql_native_password\0${'n'.repeat(20)}\0`, 'latin1'));
    t.equal((await peer.receive())?.length, 20);
    peer.ok(4);
  });
  await connection.logIn();
  t.ok(connection.isOpen);
});

const answers: readonly [string, (peer: Peer) => void, RegExp][] = [
  ['closes', (peer) => void peer.socket.end(), /closed the connection/],
  ['resets the connection', (peer) => void peer.socket.resetAndDestroy(), /ECONNRESET|closed/],
  ['asks for a file', (peer) => peer.send(1, Buffer.from('\xfb/etc/passwd', 'latin1')), /does not understand/],
  ['sends an empty packet', (peer) => peer.send(1, ''), /result that Sluice does not understand/],
  ['sends 200 columns', (peer) => peer.send(1, Buffer.from([200])), /result that Sluice does not understand/],
  ['sends more than was asked for', (peer) => void peer.socket.write(Buffer.alloc(1 << 20, 'x')),
    /more than Sluice asked for|packet of/],
];
for (const [what, answer, message] of answers) {
  t.test(`gives up a server that ${what} in place of an answer`, async (t) => {
    const { connection } = await connectTo(t, async (peer) => {
      await peer.letIn();
      await peer.statement();
      answer(peer);
    });
    await connection.logIn();
    await t.rejects(connection.query('SELECT 1'), { message });
    t.notOk(connection.isOpen);
  });
}

t.test('reads an answer that comes byte by byte', async (t) => {
  const { connection } = await connectTo(t, async (peer) => {
    await peer.letIn();
    await peer.statement();
    const { socket } = peer;
    const whole: Buffer[] = [];
    const write = socket.write.bind(socket);
    socket.write = (chunk: Buffer) => whole.push(chunk) > 0;
    peer.row(['app', 'localhost:1']);
    for (const byte of Buffer.concat(whole)) await new Promise((sent) => write(Buffer.from([byte]), sent));
  });
  await connection.logIn();
  t.same(await connection.query('SELECT USER, HOST'), [['app', 'localhost:1']]);
});

t.test('gives up a server that speaks unasked, before the next statement is sent', async (t) => {
  const { connection, server } = await connectTo(t, (peer) => peer.letIn());
  await connection.logIn();
  const [peer] = server.peers;
  peer!.send(0, Buffer.from('ff1d04', 'hex'));
  await new Promise((read) => peer!.socket.write('', read));
  // The packet may cross the statement on its way. It must not count as the answer.
  while (connection.isOpen) await t.rejects(connection.query('SELECT 1'), { message: /unasked|order/ });
});

t.test('gives up a server that does not answer in time', async (t) => {
  const { connection } = await connectTo(t, () => undefined, { ...patient, connectTimeoutMs: 20 });
  await t.rejects(connection.logIn(), { message: 'the server did not complete the login within 20 ms' });
  const other = await connectTo(t, (peer) => peer.letIn(), { ...patient, answerTimeoutMs: 20 });
  await other.connection.logIn();
  await t.rejects(other.connection.query('SELECT 1'), { message: 'the server did not answer within 20 ms' });
  t.equal(await other.server.peers[0]!.statement(), 'SELECT 1');
  t.equal(await other.server.peers[0]!.statement(), null);
});

const greetWithTls = (peer: Peer): void =>
  peer.greet('mysql_native_password', SERVER_CAPABILITIES | Capability.SSL);

t.test('gives up a server that leaves a TLS handshake hanging', async (t) => {
  const settings = {
    ...patient, connectTimeoutMs: 300, encrypt: { isRequired: true, encrypt: () => new Promise<never>(() => undefined) }
  };
  const { connection, server } = await connectTo(t, greetWithTls, settings);
  await t.rejects(connection.logIn(), { message: 'the server did not complete the login within 300 ms' });
  t.equal((await server.peers[0]!.receive())?.length, 32, 'an SSLRequest');
  t.equal(await server.peers[0]!.receive(), null);
});

t.test('refuses bytes in clear after TLS was agreed', async (t) => {
  const { connection } = await connectTo(t, (peer) => {
    peer.socket.cork();
    greetWithTls(peer);
    peer.ok(2);
    peer.socket.uncork();
  }, { ...patient, encrypt: { isRequired: true, encrypt: (socket) => Promise.resolve(socket) } });
  await t.rejects(connection.logIn(), { message: 'the server sent unencrypted bytes although TLS was agreed' });
});

t.test('tells the server when it quits', async (t) => {
  const { connection, server } = await connectTo(t, (peer) => peer.letIn());
  await connection.logIn();
  connection.quit();
  t.same(await server.peers[0]!.receive(), Buffer.from([1]));
  t.equal(await server.peers[0]!.receive(), null);
  await t.rejects(connection.query('SELECT 1'), { message: /Sluice has closed the connection/ });
});
