import t, { type Test } from 'tap';
import { Command } from '../../src/protocol/commands.js';
import { command, query } from '../support/commandPayloads.js';
import type { Turn } from '../support/conversationHarness.js';
import { converseOver, PairedProxy, type Pair } from '../support/pairs.js';
import type { ProxySettings } from '../support/inProcess.js';
import { answer, ask, login, resultSet, textRow } from '../support/wirePackets.js';

// Each end sees how the other one leaves: a FIN as a FIN, a reset as a reset, after everything that was sent before.

const LOGIN = login('eof');
const RESULT = answer(...resultSet('eof', [textRow('1'), textRow('2')]));
const ASKED = [...LOGIN, ask(query('SELECT 1'))];
const HALF: Turn = { from: 'server', bytes: RESULT.bytes.subarray(0, -10) };

interface Leaving {
  /** The conversation before the end. */
  readonly turns: readonly Turn[];
  readonly leave: (pair: Pair) => void;
  /** The end that sees it, and what it sees. */
  readonly seenBy: 'client' | 'server';
  readonly as: 'FIN' | 'ECONNRESET';
  /** The log's line about the end: who ended the session, why, and the level. */
  readonly by: 'client' | 'upstream';
  readonly reason: string;
  readonly level: 'debug' | 'info';
}

const client = (reason: string, level: Leaving['level'], as: Leaving['as']) =>
  ({ seenBy: 'server', by: 'client', reason, level, as } as const);
const upstream = (reason: string, as: Leaving['as']) =>
  ({ seenBy: 'client', by: 'upstream', reason, level: 'info', as } as const);

const clientEnds = ({ client: { socket } }: Pair): unknown => socket.end();
const clientResets = ({ client: { socket } }: Pair): unknown => socket.resetAndDestroy();
const serverEnds = ({ server: { socket } }: Pair): unknown => socket.end();
const serverResets = ({ server: { socket } }: Pair): unknown => socket.resetAndDestroy();

const LEAVINGS: Record<string, Leaving> = {
  'a client that quits': {
    turns: [...LOGIN, ask(command(Command.QUIT))], leave: clientEnds, ...client('quit', 'debug', 'FIN'),
  },
  'a client that quits, and whose server closes first': {
    turns: [...LOGIN, ask(command(Command.QUIT))], leave: serverEnds,
    seenBy: 'client', as: 'FIN', by: 'client', reason: 'quit', level: 'debug',
  },
  'a client that closes between commands': { turns: LOGIN, leave: clientEnds, ...client('closed', 'debug', 'FIN') },
  'a client that closes in the midst of a result': {
    turns: [...ASKED, HALF], leave: clientEnds, ...client('closed', 'debug', 'FIN'),
  },
  'a client that closes in the midst of a packet': {
    turns: [...LOGIN, { from: 'client', bytes: ask(query('SELECT 1')).bytes.subarray(0, 7) }],
    leave: clientEnds, ...client('closed', 'debug', 'FIN'),
  },
  'a client that resets between commands': {
    turns: LOGIN, leave: clientResets, ...client('ECONNRESET', 'info', 'ECONNRESET'),
  },
  'a client that resets in the midst of a result': {
    turns: [...ASKED, HALF], leave: clientResets, ...client('ECONNRESET', 'info', 'ECONNRESET'),
  },
  'a server that closes between commands': { turns: LOGIN, leave: serverEnds, ...upstream('closed', 'FIN') },
  'a server that closes in place of an answer': { turns: ASKED, leave: serverEnds, ...upstream('closed', 'FIN') },
  'a server that closes in the midst of a packet': {
    turns: [...ASKED, HALF], leave: serverEnds, ...upstream('closed', 'FIN'),
  },
  'a server that closes in the midst of a header': {
    turns: [...ASKED, { from: 'server', bytes: RESULT.bytes.subarray(0, 5) }],
    leave: (pair) => {
      pair.server.say(RESULT.bytes.subarray(5, 8)); // forwarded only at the end: undecided until then
      serverEnds(pair);
    },
    ...upstream('closed', 'FIN'),
  },
  'a server that resets between commands': {
    turns: LOGIN, leave: serverResets, ...upstream('ECONNRESET', 'ECONNRESET'),
  },
  'a server that resets in the midst of a packet': {
    turns: [...ASKED, HALF], leave: serverResets, ...upstream('ECONNRESET', 'ECONNRESET'),
  },
};

const start = async (t: Test, config: ProxySettings = {}): Promise<PairedProxy> => {
  const proxy = await PairedProxy.start(config);
  t.teardown(() => proxy.stop());
  return proxy;
};

for (const [who, { turns, leave, seenBy, as, ...end }] of Object.entries(LEAVINGS)) {
  await t.test(`relays and logs the end of ${who}`, async (t) => {
    const proxy = await start(t);
    const pair = await proxy.pair();
    await converseOver(pair, turns);
    const ended = proxy.here.ended(pair.address);
    leave(pair);
    t.equal(await pair[seenBy].ended(), as);
    pair[seenBy].socket.end();
    t.match(await ended, { ...end, session: 1, client: pair.address, durationMs: Number });
    t.equal(proxy.here.proxy.sessionCount, 0);
  });
}

const GREETING = LOGIN.slice(0, 1);
const LEAVINGS_BEFORE_LOGIN: Record<string, Pick<Leaving, 'turns' | 'leave' | 'reason' | 'level'>> = {
  'a client that closes instead of logging in': {
    turns: GREETING, leave: clientEnds, reason: 'closed', level: 'debug',
  },
  'a client that closes before it is greeted': { turns: [], leave: clientEnds, reason: 'closed', level: 'debug' },
  'a client that resets instead of logging in': {
    turns: GREETING, leave: clientResets, reason: 'ECONNRESET', level: 'info',
  },
};

for (const [who, { turns, leave, ...end }] of Object.entries(LEAVINGS_BEFORE_LOGIN)) {
  await t.test(`sends the server of ${who} a login to deny, and keeps its connection until it closes`, async (t) => {
    const proxy = await start(t);
    const pair = await proxy.pair();
    await converseOver(pair, turns);
    const ended = proxy.here.ended(pair.address);
    leave(pair);
    pair.client.socket.end();
    t.match(await ended, { ...end, by: 'client', session: 1, client: pair.address, durationMs: Number });
    t.equal(proxy.here.proxy.sessionCount, 0, 'it is no session any more');
    await pair.server.hear(1);
    t.match(pair.server.heard.toString('latin1'), /^...\x01.*sluice-probe\0.*\0\0\0\x03$/s);
    t.notOk(pair.server.hasHeardEnd);
    pair.server.socket.end();
    t.equal(await pair.server.ended(), 'FIN');
  });
}

await t.test('closes the connection to a server that does not deny the login', async (t) => {
  const proxy = await start(t);
  const pair = await proxy.pair();
  await converseOver(pair, GREETING);
  clientEnds(pair);
  t.equal(await pair.server.ended(), 'FIN');
});

await t.test('relays the last bytes before a FIN, also when they are no whole header', async (t) => {
  const proxy = await start(t);
  const pair = await proxy.pair();
  await converseOver(pair, ASKED);
  const heardBefore = pair.client.heardBytes;
  pair.server.say(RESULT.bytes.subarray(0, 3));
  pair.server.socket.end();
  t.equal(await pair.client.ended(), 'FIN');
  t.ok(pair.client.heard.subarray(heardBefore).equals(RESULT.bytes.subarray(0, 3)));
});

await t.test('a client that has closed its sending side still gets its answer', async (t) => {
  const proxy = await start(t);
  const pair = await proxy.pair();
  await converseOver(pair, ASKED);
  pair.client.socket.end();
  t.equal(await pair.server.ended(), 'FIN');
  await converseOver(pair, [RESULT]);
  pair.server.socket.end();
  t.equal(await pair.client.ended(), 'FIN');
});

// Ends while the client does not read.

/** More than fits in all buffers on the way. */
const ROWS = Array.from({ length: 300 }, () => textRow('x'.repeat(100_000)));

/**
 * Begins a session whose client has stopped reading in the middle of a large result. Returns everything that the
 * server has written.
 */
const stall = async (t: Test): Promise<{ proxy: PairedProxy; pair: Pair; written: Buffer }> => {
  const proxy = await start(t, { mode: 'audit' });
  const pair = await proxy.pair();
  await converseOver(pair, ASKED);
  pair.client.socket.pause();
  const { bytes } = answer(...resultSet('eof', ROWS));
  pair.server.socket.write(bytes);
  for (let left = -1; left !== pair.server.socket.writableLength;) {
    left = pair.server.socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 100)); // no event says that nothing moves any more
  }
  return { proxy, pair, written: Buffer.concat([pair.client.heard, bytes]) };
};

await t.test('relays all that a server sent before it closed while its client did not read', async (t) => {
  const { proxy, pair, written } = await stall(t);
  const ended = proxy.here.ended(pair.address);
  pair.server.socket.end();
  pair.client.socket.resume();
  t.equal(await pair.client.ended(), 'FIN');
  t.equal(pair.client.heardBytes, written.length);
  t.match(await ended, { by: 'upstream', reason: 'closed' });
});

await t.test("relays a server's reset after what came before while its client does not read", async (t) => {
  const { proxy, pair, written } = await stall(t);
  const ended = proxy.here.ended(pair.address);
  const heardBefore = pair.client.heardBytes;
  pair.server.socket.resetAndDestroy();
  pair.client.socket.resume();
  t.equal(await pair.client.ended(), 'ECONNRESET');
  t.ok(pair.client.heardBytes > heardBefore, 'what was on its way arrives');
  t.ok(written.includes(pair.client.heard.subarray(-1000)));
  t.match(await ended, { by: 'upstream', reason: 'ECONNRESET' });
});

await t.test('relays at once that a client resets while it does not read', async (t) => {
  const { proxy, pair } = await stall(t);
  const ended = proxy.here.ended(pair.address);
  pair.client.socket.resetAndDestroy();
  t.equal(await pair.server.ended(), 'ECONNRESET');
  t.match(await ended, { by: 'client', reason: 'ECONNRESET' });
});

await t.test('relays at once that a client closes while it does not read', async (t) => {
  const { proxy, pair } = await stall(t);
  const ended = proxy.here.ended(pair.address);
  pair.client.socket.end();
  t.equal(await pair.server.ended(), 'FIN');
  pair.server.socket.resetAndDestroy();
  pair.client.socket.resume();
  t.match(await ended, { by: 'client', reason: 'closed' });
});
