import { once } from 'node:events';
import t from 'tap';
import { decodeErr, FirstByte } from '../../src/protocol/packets.js';
import { startProxyHere } from '../support/inProcess.js';
import { startForwarder, visit } from '../support/otherAddress.js';
import { RawClient } from '../support/rawClient.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';

// Servers count failed logins by address towards max_connect_errors, and never for 127.0.0.1.

const MAX_CONNECT_ERRORS = 10;
const PROTOCOL_VERSION = 10;
const ER_HOST_IS_BLOCKED = 1129;

/** Each client leaves a connection to Sluice without a login. */
const WAYS: Record<string, (port: number) => Promise<unknown>> = {
  'close after the greeting': async (port) => {
    const client = await RawClient.connect(port);
    await client.packet();
    client.socket.end();
    return once(client.socket, 'close');
  },
  'reset their connection after the greeting': async (port) => {
    const client = await RawClient.connect(port);
    await client.packet();
    client.socket.resetAndDestroy();
  },
  'close before the greeting': async (port) => (await RawClient.connect(port)).close(),
  'say nothing until their time is over': async (port) => {
    const client = await RawClient.connect(port);
    await client.packet();
    return once(client.socket.resume(), 'close');
  },
};

for (const kind of SERVER_KINDS) {
  await t.test(`${kind} does not lock Sluice out when clients leave before their login`, async (t) => {
    const server = await startServer(t, kind, ['--skip-name-resolve=0', `--max-connect-errors=${MAX_CONNECT_ERRORS}`]);
    const forwarder = await startForwarder(t, server.port);
    const here = await startProxyHere(forwarder.port, { connections: { handshakeTimeout: '1s' } });
    t.teardown(() => here.stop());
    let count = 0;
    for (const [what, leave] of Object.entries(WAYS)) {
      await Promise.all(Array.from({ length: MAX_CONNECT_ERRORS }, () => leave(here.port)));
      await forwarder.closed(count += MAX_CONNECT_ERRORS);
      t.equal((await visit(server)).readUInt8(0), PROTOCOL_VERSION, `it greets after clients that ${what}`);
    }
    t.equal(here.proxy.sessionCount, 0);

    let greeted = Object.keys(WAYS).length;
    let payload = await visit(server);
    for (; payload[0] !== FirstByte.ERR && greeted <= MAX_CONNECT_ERRORS; greeted += 1) payload = await visit(server);
    t.equal(decodeErr(payload).code, ER_HOST_IS_BLOCKED, 'without Sluice each of them counts');
    t.equal(greeted, MAX_CONNECT_ERRORS);
  });
}
