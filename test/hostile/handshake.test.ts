import t, { type Test } from 'tap';
import { setTimeout as delay } from 'node:timers/promises';
import { Capability } from '../../src/protocol/capabilities.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { encodeErr } from '../../src/protocol/packets.js';
import { liveBytes } from '../support/heap.js';
import { converseOver, PairedProxy, type End, type Pair } from '../support/pairs.js';
import { greetingPayload, login, ok, packetsFrom, responsePayload } from '../support/wirePackets.js';

// Ends that are slow in the connection phase, or never complete it.

const IMPATIENT = { connections: { connectTimeout: '1s', handshakeTimeout: '600ms' } };
const [greeting, response] = login('eof').map(({ bytes }) => bytes) as [Buffer, Buffer, Buffer];

const start = async (t: Test, config: object = IMPATIENT): Promise<PairedProxy> => {
  const proxy = await PairedProxy.start(config);
  t.teardown(() => proxy.stop());
  return proxy;
};

/** Sends pieces until the connection ends or no piece is left. */
const trickle = async ({ socket }: End, pieces: Iterable<Buffer>): Promise<void> => {
  for (const piece of pieces) {
    if (!socket.writable || socket.readableEnded) return;
    socket.write(piece);
    await delay(5);
  }
};

const singleBytes = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.from([byte]));

function* forever(piece: Buffer): Generator<Buffer> {
  for (;;) yield piece;
}

interface Slow {
  readonly before?: readonly Buffer[];
  readonly from: 'client' | 'server';
  readonly pieces: () => Iterable<Buffer>;
  readonly reason: RegExp;
}

/** The front of a packet that announces more than follows. */
const announcing = (sequenceId: number, payloadLength: number, front: Buffer): Buffer => {
  const bytes = packetsFrom(sequenceId, front);
  bytes.writeUIntLE(payloadLength, 0, 3);
  return bytes;
};

const SLOW: Record<string, Slow> = {
  'a server that never greets': { from: 'server', pieces: () => [], reason: /did not greet within 600 ms/ },
  'a server that greets byte by byte': {
    from: 'server', pieces: () => singleBytes(greeting.subarray(0, -1)), reason: /did not greet within 600 ms/,
  },
  'a server whose greeting has no end': {
    from: 'server',
    pieces: () => [announcing(0, 8192, Buffer.from('\n9.7.4\0')), ...singleBytes(Buffer.alloc(200, 0x41))],
    reason: /did not greet within 600 ms/,
  },
  'a client that never answers the greeting': {
    before: [greeting], from: 'client', pieces: () => [],
    reason: /^the client did not answer the greeting within 600 ms$/,
  },
  'a client that answers byte by byte': {
    before: [greeting], from: 'client', pieces: () => singleBytes(response.subarray(0, -1)),
    reason: /^the client did not answer the greeting within 600 ms$/,
  },
  'a client whose answer has no end': {
    before: [greeting], from: 'client',
    pieces: () => [announcing(1, 128 * 1024, Buffer.alloc(32, 1)), ...singleBytes(Buffer.alloc(200, 1))],
    reason: /^the client did not answer the greeting within 600 ms$/,
  },
  'a server that never lets the client in': {
    before: [greeting, response], from: 'server', pieces: () => [],
    reason: /^the authentication did not come to its end within 600 ms$/,
  },
  'a server that asks for more without end': {
    before: [greeting, response], from: 'server', pieces: () => forever(packetsFrom(2, Buffer.from('\x01more'))),
    reason: /^the authentication did not come to its end within 600 ms$/,
  },
};

await t.test('waits no longer than handshakeTimeout', { jobs: Object.keys(SLOW).length }, async (t) => {
  for (const [who, { before = [], from, pieces, reason }] of Object.entries(SLOW)) {
    void t.test(`for ${who}`, async (t) => {
      const proxy = await start(t);
      const pair = await proxy.pair();
      await converseOver(pair, before.map((bytes, i) => ({ from: i % 2 === 0 ? 'server' : 'client', bytes })));
      const ended = proxy.here.ended(pair.address);
      const trickling = trickle(pair[from], pieces());
      t.match((await ended).reason, reason);
      await trickling;
      t.equal(proxy.here.proxy.sessionCount, 0);
      if (before.length === 0) {
        await pair.client.ended();
        t.match(
          pair.client.heard.toString('latin1'), /^.{4}\xff\x95\x05sluice: /s, 'and the client is told, with error 1429',
        );
      }
    });
  }
});

/**
 * Errors that servers send in place of a greeting: too many connections, a blocked host, one not allowed, too many of
 * a user.
 */
const REFUSALS = [1040, 1129, 1130, 1203];

await t.test("relays a server's refusal in place of its greeting unchanged", async (t) => {
  const proxy = await start(t, {});
  for (const code of REFUSALS) {
    const { client, server, address } = await proxy.pair();
    const ended = proxy.here.ended(address);
    const refusal = encodeErr(0, { code, sqlState: code === 1040 ? '08004' : '', message: 'the server says no' });
    server.socket.end(refusal);
    await client.ended();
    t.ok(client.heard.equals(refusal), `${code}`);
    client.socket.end();
    t.match(await ended, { by: 'upstream', reason: new RegExp(`refused the connection: .* \\(error ${code}\\)$`) });
  }
});

await t.test('sends the server nothing that a client says before the greeting', async (t) => {
  const proxy = await start(t);
  const pair = await proxy.pair();
  const flood = Buffer.alloc(16 * 1024 * 1024, 1);
  pair.client.say(flood);
  t.match(await proxy.here.ended(pair.address), { reason: /did not greet/ });
  t.equal(pair.server.heardBytes, 0, 'the server has not heard a word');
});

// How much Sluice keeps meanwhile.

const SESSIONS = 100;

/** The growth of live memory in bytes for each of many sessions that stand still. */
const keptBytes = async (t: Test, hold: (pair: Pair) => Promise<void>): Promise<number> => {
  const proxy = await start(t, { connections: { handshakeTimeout: '1m' } });
  const before = await liveBytes();
  const held: Promise<void>[] = [];
  for (let i = 0; i < SESSIONS; i += 1) held.push(hold(await proxy.pair()));
  await Promise.all(held);
  t.equal(proxy.here.proxy.sessionCount, SESSIONS);
  return (await liveBytes() - before) / SESSIONS;
};

/** The memory of a session and its two ends in this process. */
const SESSION_BYTES = 48 * 1024;

await t.test("keeps at most 128 KiB of a client's answer with giant attributes", async (t) => {
  const capabilities = Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.CONNECT_ATTRS
    | Capability.LONG_PASSWORD;
  const pair = [encodeLenencString('name'), encodeLenencString('x'.repeat(100 * 1024))];
  const bare = responsePayload({ capabilities }).subarray(0, -1);
  const answer = packetsFrom(1, Buffer.concat([bare, encodeLenencString(Buffer.concat(pair))]));
  const kept = await keptBytes(t, (pair) =>
    converseOver(pair, [{ from: 'server', bytes: greeting }, { from: 'client', bytes: answer }]));
  t.ok(kept < SESSION_BYTES + 128 * 1024 + answer.length, 'beside what the test\'s server has heard', { kept });
});

await t.test('keeps only the bytes that have come of an announced answer', async (t) => {
  const kept = await keptBytes(t, async (pair) => {
    await converseOver(pair, [{ from: 'server', bytes: greeting }]);
    await trickle(pair.client, [announcing(1, 128 * 1024, Buffer.alloc(32, 1)), ...singleBytes(Buffer.alloc(5))]);
  });
  t.ok(kept < SESSION_BYTES, { kept });
});

await t.test('stops following an answer that is too long', async (t) => {
  const proxy = await start(t);
  const pair = await proxy.pair();
  const endless = announcing(1, 0xff_ffff, Buffer.alloc(100_000, 1));
  await converseOver(pair, [{ from: 'server', bytes: greeting }, { from: 'client', bytes: endless }]);
  t.match(proxy.here.log, [{
    msg: 'cannot follow this session any more', reason: 'an answer to the greeting that is too long',
  }]);
});

await t.test('serves a good session beside hundreds of slow ones', async (t) => {
  const proxy = await start(t, { connections: { handshakeTimeout: '1m' } });
  for (let i = 0; i < 300; i += 1) {
    const { server, client } = await proxy.pair();
    if (i % 2 === 0) server.say(packetsFrom(0, greetingPayload()).subarray(0, 20));
    else client.say(response.subarray(0, 20));
  }
  const pair = await proxy.pair();
  await converseOver(pair, login('eof'));
  t.ok(pair.client.heard.subarray(-11).equals(packetsFrom(2, ok())), 'it is let in');
});
