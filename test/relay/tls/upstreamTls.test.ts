import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { UpstreamTls } from '../../../src/relay/tls/upstreamTls.js';
import { type Certificate, makeAuthority } from '../../support/certificates.js';

const authority = await makeAuthority(t);
const [right, wrong] = [await authority.issue('db.example', 'DNS:db.example'), await authority.issue('other.example')];

/** A server that speaks TLS at once, and says a byte, after which its ticket has come. Returns its port. */
const startTlsServer = async (t: Test, { cert, key }: Certificate): Promise<number> => {
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    socket.on('error', () => {}).write('x');
  });
  server.on('tlsClientError', () => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
};

const makeTls = (t: Test): UpstreamTls => {
  const tls = { mode: 'verify-full', serverName: 'db.example', ca: authority.ca, bridge: true } as const;
  const upstreamTls = new UpstreamTls(
    { at: { host: '127.0.0.1', port: 3306 }, proxyProtocol: 'off', tls }, pino({ level: 'silent' }));
  t.teardown(() => upstreamTls.close());
  return upstreamTls;
};

const connectTo = async (t: Test, upstreamTls: UpstreamTls, port: number): Promise<TLSSocket> => {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  const encrypted = await upstreamTls.encrypt(socket);
  await once(encrypted, 'data');
  return encrypted;
};

t.test('resumes the session of an earlier connection', async (t) => {
  const [upstreamTls, port] = [makeTls(t), await startTlsServer(t, right)];
  t.notOk((await connectTo(t, upstreamTls, port)).isSessionReused());
  t.ok((await connectTo(t, upstreamTls, port)).isSessionReused());
});

t.test('makes a whole handshake with a server that does not know the session', async (t) => {
  const upstreamTls = makeTls(t);
  await connectTo(t, upstreamTls, await startTlsServer(t, right));
  t.notOk((await connectTo(t, upstreamTls, await startTlsServer(t, right))).isSessionReused());
});

t.test('refuses a server with another name, although a session with the right one is known', async (t) => {
  const [upstreamTls, port] = [makeTls(t), await startTlsServer(t, right)];
  await connectTo(t, upstreamTls, port);
  await t.rejects(connectTo(t, upstreamTls, await startTlsServer(t, wrong)), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  t.notOk((await connectTo(t, upstreamTls, port)).isSessionReused(), 'a failure ends the session');
});
