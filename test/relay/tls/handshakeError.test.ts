import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { reasonOf } from '../../../src/relay/tls/handshakeError.js';
import { makeSelfSigned } from '../../../src/relay/tls/selfSigned.js';
import { UpstreamTls } from '../../../src/relay/tls/upstreamTls.js';
import { load } from '../../config/configFile.js';

const OWN = makeSelfSigned();

/** The reason for which a connection with these settings refuses the certificate of a server. */
async function refusal(t: Test, tls: object): Promise<string> {
  const server = createServer({ ...OWN }, (socket) => socket.end()).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { upstream: [upstream] } = load(t, { upstream: { host: '127.0.0.1', port, tls } });
  const upstreamTls = new UpstreamTls(upstream!, pino({ level: 'silent' }));
  t.teardown(() => upstreamTls.close());
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return upstreamTls.encrypt(socket).then(() => 'no refusal', reasonOf);
}

t.test('tells how to trust a server whose certificate no known authority has signed', async (t) => {
  const remedy = 'self-signed certificate: set upstream.tls.ca to the certificate that its own was signed with';
  t.equal(await refusal(t, { mode: 'verify-ca' }), remedy);
});

t.test('tells what to do about a certificate for another name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-handshake-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, OWN.cert);
  t.equal(await refusal(t, { mode: 'verify-ca', ca }), 'no refusal', 'the name does not matter');
  t.match(
    await refusal(t, { mode: 'verify-full', ca, serverName: 'db.example.com' }),
    /^Host: db\.example\.com\. is not .*: set upstream\.tls\.serverName to a name that it is for, or use mode verify-ca$/,
  );
});

t.test('gives the text of a failure that has no remedy', (t) => {
  t.equal(reasonOf(new Error('the server closed the connection')), 'the server closed the connection');
  t.equal(reasonOf('closed'), 'closed');
  t.end();
});
