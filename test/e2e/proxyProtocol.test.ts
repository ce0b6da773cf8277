import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { startDemoServer } from '../../src/demo/server.js';
import { encodeProxyHeader } from '../../src/protocol/proxyHeader.js';
import { clientAddressAt } from '../../src/relay/connection/clientAddress.js';
import { createKiller, KILLER } from '../support/accounts.js';
import { startSession } from '../support/session.js';
import { startServer } from '../support/servers.js';
import { startSluice, type Sluice } from '../support/sluice.js';

const LONG = 'SELECT a.id, b.id FROM numbers a, numbers b WHERE a.id <= 100';
const WHO = 'SELECT HOST FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()';
const ENDS = { source: { host: '192.0.2.1', port: 56324 }, destination: { host: '198.51.100.7', port: 3306 } };

/** A proxy in front of the embedded server that expects a header on each connection from this host. */
async function expecting(t: Test, further: object = {}): Promise<Sluice> {
  const server = await startDemoServer();
  t.teardown(() => server.close());
  const config = { listen: { host: '127.0.0.1', port: 0, proxyProtocol: ['127.0.0.0/8'] }, ...further };
  return startSluice(t, { upstream: server.address.port, config });
}

/** Sends these chunks one by one. Returns what comes until the connection is closed or `enough` bytes are there. */
async function answerTo(port: number, chunks: readonly Buffer[], enough: number): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise(setImmediate);
  }
  const received: Buffer[] = [];
  for await (const chunk of socket) {
    received.push(chunk);
    if (Buffer.concat(received).length >= enough) break;
  }
  socket.destroy();
  return Buffer.concat(received);
}

for (const version of ['v1', 'v2'] as const) {
  t.test(`${version}: MariaDB and the audit know the client through two proxies, and cut queries are ` +
    `killed`, async (t) => {
    const server = await startServer(t, 'mariadb');
    await createKiller(server);
    await server.sql("SET GLOBAL proxy_protocol_networks = '127.0.0.1'");
    const inner = await startSluice(t, {
      upstream: server.port,
      config: {
        listen: { host: '127.0.0.1', port: 0, proxyProtocol: ['127.0.0.1', 'fd00::/8'] },
        upstream: { host: '127.0.0.1', proxyProtocol: version },
        limits: { rows: 10 }, streaming: { signals: [] }, kill: KILLER,
        rules: [{ name: 'theirs', match: { client: '127.0.0.5' }, limits: { rows: 20 } }],
      },
    });
    const outer = await startSluice(t, {
      upstream: inner.port, config: { upstream: { host: '127.0.0.1', proxyProtocol: version }, limits: { rows: null } },
    });
    const session = await startSession(t, outer.port, { driver: 'pymysql', connect: { bind_address: '127.0.0.5' } });
    const { last } = await session.run(WHO);
    t.match(last, [/^127\.0\.0\.5:\d+$/], 'as the server sees it');
    t.match((await session.run(LONG)).error?.message, /exceeds 20 rows \(rule theirs\)/);
    t.match(await inner.nextRecord(), { outcome: 'killed', client: last?.[0] });
    t.match(await session.run('SELECT 42'), { sum: 42 });
  });
}

t.test('reads a header in any pieces, and relays the greeting after it', async (t) => {
  const { port } = await expecting(t);
  for (const version of ['v1', 'v2'] as const) {
    const header = encodeProxyHeader(version, ENDS);
    const bytewise = [...header].map((byte) => Buffer.from([byte]));
    t.equal((await answerTo(port, bytewise, 5))[4], 10, 'protocol version 10');
    t.equal((await answerTo(port, [header], 5))[4], 10);
  }
});

t.test('closes a client that sends no header, or bytes after it, and logs why', async (t) => {
  const sluice = await expecting(t, { connections: { handshakeTimeout: '300ms' } });
  const header = encodeProxyHeader('v2', ENDS);
  for (const chunks of [[Buffer.from('GET / HTTP/1.1\r\n\r\n')], [Buffer.concat([header, Buffer.from([1])])], []]) {
    t.equal((await answerTo(sluice.port, chunks, 1)).length, 0);
  }
  t.equal((await answerTo(sluice.port, [header], 5))[4], 10, 'others are served');
  await sluice.stop();
  const lines = sluice.log().filter(({ level }) => level === 'warn').map(({ msg }) => msg);
  t.match(lines, [/^expected a PROXY header/, /^more than a PROXY header/, /^no PROXY header came within 300 ms/]);
});

t.test("removes the zone of a client's address, and refuses one in a header", async (t) => {
  const shown = { remoteAddress: 'fe80::1%v0', remotePort: 1, localAddress: 'fe80::2%v0', localPort: 2 };
  const clientAddress = clientAddressAt(shown as Socket);
  t.match(clientAddress, { host: 'fe80::1', text: '[fe80::1]:1' }, 'the zone means something here only');
  for (const version of ['v1', 'v2'] as const) t.ok(encodeProxyHeader(version, clientAddress.ends));
  const sluice = await expecting(t, { upstream: { host: '127.0.0.1', proxyProtocol: 'v2' } });
  const zoned = Buffer.from('PROXY TCP6 fe80::1%a ::1 1 2\r\n');
  t.equal((await answerTo(sluice.port, [zoned], 1)).length, 0, 'of a header it is refused');
  await sluice.stop();
  const warnings = sluice.log().filter(({ level }) => level !== 'info').map(({ msg }) => msg);
  t.match(warnings, [/^expected a PROXY header of version 1, got /]);
});

t.test('leaves no warning in the log for a health check that connects and closes', async (t) => {
  const sluice = await expecting(t);
  const socket = connect(sluice.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end();
  await once(socket.resume(), 'close');
  await sluice.stop();
  t.same(sluice.log().filter(({ level }) => level === 'warn'), []);
});

t.test('expects no header from a network that is not listed', async (t) => {
  const { port } = await expecting(t, { listen: { host: '127.0.0.1', port: 0, proxyProtocol: ['10.0.0.0/8'] } });
  t.equal((await answerTo(port, [], 5))[4], 10);
});
