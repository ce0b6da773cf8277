import t, { type Test } from 'tap';
import { Command } from '../../src/protocol/commands.js';
import { makeAuthority } from '../support/certificates.js';
import { command, query } from '../support/commandPayloads.js';
import { encryptedPair, type Encrypted, type EncryptedPair } from '../support/encryptedPairs.js';
import { converseOver, PairedProxy } from '../support/pairs.js';
import type { ProxySettings } from '../support/inProcess.js';
import { answer, ask, resultSet, textRow } from '../support/wirePackets.js';

// Each end sees how the other one leaves, whichever of the two connections is encrypted.

const authority = await makeAuthority(t);
const certificate = await authority.issue('localhost');

const ASKED = ask(query('SELECT 1'));
const RESULT = answer(...resultSet('eof', [textRow('1'), textRow('2')]));
const HALF = { from: 'server', bytes: RESULT.bytes.subarray(0, -10) } as const;

/** More than fits in all buffers on the way. */
const LARGE = answer(...resultSet('eof', Array.from({ length: 300 }, () => textRow('x'.repeat(100_000)))));

const ENCRYPTED: Record<string, Encrypted> = {
  'from the client to the server': { client: true, server: true },
  'on the client\'s side': { client: true, server: false },
  'on the server\'s side': { client: false, server: true },
};

const begin = async (
  t: Test, encrypted: Encrypted, config: ProxySettings = {},
): Promise<{ proxy: PairedProxy; pair: EncryptedPair }> => {
  const proxy = await PairedProxy.start({
    listen: { host: '127.0.0.1', port: 0, tls: { mode: encrypted.client ? 'required' : 'off', ...certificate } },
    upstreamTls: { mode: encrypted.server ? 'required' : 'off' },
    ...config,
  });
  t.teardown(() => proxy.stop());
  return { proxy, pair: await encryptedPair(proxy, certificate, encrypted) };
};

/** Begins a session whose client has stopped reading in the middle of a large result. */
const stall = async (t: Test, encrypted: Encrypted): Promise<{ proxy: PairedProxy; pair: EncryptedPair }> => {
  const { proxy, pair } = await begin(t, encrypted, { mode: 'audit' });
  await converseOver(pair, [ASKED]);
  pair.client.socket.pause();
  pair.server.say(LARGE.bytes);
  for (let left = -1; left !== pair.server.socket.writableLength;) {
    left = pair.server.socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 100)); // no event says that nothing moves any more
  }
  return { proxy, pair };
};

for (const [where, connections] of Object.entries(ENCRYPTED)) {
  await t.test(`encrypted ${where}`, async (t) => {
    await t.test('relays the bytes of each end to the other', async (t) => {
      const { pair } = await begin(t, connections);
      await converseOver(pair, [ASKED, RESULT]);
      t.ok(pair.server.heard.subarray(-ASKED.bytes.length).equals(ASKED.bytes));
      t.ok(pair.client.heard.subarray(-RESULT.bytes.length).equals(RESULT.bytes));
    });

    await t.test('waits for the verdict on a result when the server closes after it', async (t) => {
      const { proxy, pair } = await begin(t, connections, { limits: { rows: 1 } });
      await converseOver(pair, [ASKED]);
      const ended = proxy.here.ended(pair.address);
      pair.client.socket.end();
      t.equal(await pair.server.ended(), 'FIN');
      pair.server.socket.end(RESULT.bytes);
      await ended;
      t.equal(await pair.client.ended(), 'FIN');
      t.match(pair.client.heard.toString('latin1'), /sluice: result set exceeds 1 row /);
      t.match(proxy.here.records, [{ action: 'cut' }]);
    });

    await t.test('relays and logs that a client quits', async (t) => {
      const { proxy, pair } = await begin(t, connections);
      await converseOver(pair, [ask(command(Command.QUIT))]);
      const ended = proxy.here.ended(pair.address);
      pair.client.socket.end();
      t.equal(await pair.server.ended(), 'FIN');
      pair.server.socket.end();
      t.match(await ended, { by: 'client', reason: 'quit' });
      t.equal(proxy.here.proxy.sessionCount, 0);
    });

    await t.test('relays and logs a close in the middle of TLS', async (t) => {
      const { proxy, pair } = await begin(t, connections);
      const ended = proxy.here.ended(pair.address);
      pair.clientTcp.end();
      t.equal(await pair.server.ended(), 'FIN');
      pair.server.socket.end();
      t.match(await ended, { by: 'client', reason: 'closed' });
    });

    await t.test("relays and logs a client's reset in the middle of a result", async (t) => {
      const { proxy, pair } = await begin(t, connections);
      await converseOver(pair, [ASKED, HALF]);
      const ended = proxy.here.ended(pair.address);
      pair.clientTcp.resetAndDestroy();
      t.equal(await pair.server.ended(), 'ECONNRESET');
      t.match(await ended, { by: 'client', reason: 'ECONNRESET' });
    });

    await t.test('relays and logs that a server closes', async (t) => {
      const { proxy, pair } = await begin(t, connections);
      const ended = proxy.here.ended(pair.address);
      pair.server.socket.end();
      t.equal(await pair.client.ended(), 'FIN');
      pair.client.socket.end();
      t.match(await ended, { by: 'upstream', reason: 'closed' });
      t.equal(proxy.here.proxy.sessionCount, 0);
    });

    await t.test("relays and logs a server's reset in the middle of a packet, after what came before", async (t) => {
      const { proxy, pair } = await begin(t, connections);
      await converseOver(pair, [ASKED, HALF]);
      const ended = proxy.here.ended(pair.address);
      pair.serverTcp.resetAndDestroy();
      t.equal(await pair.client.ended(), 'ECONNRESET');
      t.match(await ended, { by: 'upstream', reason: 'ECONNRESET' });
    });

    await t.test('a client that has closed its sending side still gets its answer', async (t) => {
      const { pair } = await begin(t, connections);
      await converseOver(pair, [ASKED]);
      pair.client.socket.end();
      t.equal(await pair.server.ended(), 'FIN');
      await converseOver(pair, [RESULT]);
      pair.server.socket.end();
      t.equal(await pair.client.ended(), 'FIN');
    });

    await t.test('the server stops when a client does not read, and the client gets everything in the ' +
      'end', async (t) => {
      const { proxy, pair } = await stall(t, connections);
      const ended = proxy.here.ended(pair.address);
      t.ok(pair.server.socket.writableLength > LARGE.bytes.length / 3, 'most of it is still the server\'s');
      pair.server.socket.end();
      pair.client.socket.resume();
      t.equal(await pair.client.ended(), 'FIN');
      t.ok(pair.client.heard.subarray(-LARGE.bytes.length).equals(LARGE.bytes));
      t.match(await ended, { by: 'upstream', reason: 'closed' });
    });

    await t.test("relays a server's reset after what came before while its client does not read", async (t) => {
      const { proxy, pair } = await stall(t, connections);
      const ended = proxy.here.ended(pair.address);
      const heardBefore = pair.client.heardBytes;
      pair.serverTcp.resetAndDestroy();
      pair.client.socket.resume();
      t.equal(await pair.client.ended(), 'ECONNRESET');
      t.ok(pair.client.heardBytes > heardBefore, 'what was on its way arrives');
      t.match(await ended, { by: 'upstream', reason: 'ECONNRESET' });
    });

    await t.test('relays at once that a client leaves while it does not read', async (t) => {
      const [resets, closes] = [await stall(t, connections), await stall(t, connections)];
      resets.pair.clientTcp.resetAndDestroy();
      t.equal(await resets.pair.server.ended(), 'ECONNRESET');
      closes.pair.client.socket.end();
      t.equal(await closes.pair.server.ended(), 'FIN');
    });
  });
}
