import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { prepare, query } from '../support/commandPayloads.js';
import type { Turn } from '../support/conversationHarness.js';
import type { Entry, ProxySettings } from '../support/inProcess.js';
import { converseOver, PairedProxy } from '../support/pairs.js';
import {
  answer, ask, definition, eof, login, packetsFrom, resultSet, textRow,
} from '../support/wirePackets.js';

// When following ends, Sluice relays the bytes or closes the session, and logs the packet and its offset once.

const GARBAGE = Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n'.repeat(30));

/** More than a socket of Node.js reads ahead of its consumer, and less than fits in the kernel's buffers. */
const LARGE_ROW_BYTES = 100_000;
/** The interval of looks at a client's pace. */
const LOOK_MS = 20;

const start = async (t: Test, config: ProxySettings = {}): Promise<PairedProxy> => {
  const proxy = await PairedProxy.start(config);
  t.teardown(() => proxy.stop());
  return proxy;
};

const LOGIN = login('eof');
const [greeting, response] = LOGIN as [Turn, Turn, Turn];

interface Moment {
  readonly turns: readonly Turn[];
  readonly from: Turn['from'];
  readonly garbage?: Buffer;
  /** The fields of the log line, besides offset and bytes. */
  readonly phase: string;
  readonly awaited: string;
}

const begun = (...payloads: Buffer[]): Turn[] => [...LOGIN, ask(query('SELECT 1')), answer(...payloads)];
const RESULT = resultSet('eof', [textRow('1'), textRow('2')]);

const MOMENTS: Record<string, Moment> = {
  'a server that does not greet': { turns: [], from: 'server', phase: 'greeting', awaited: 'greeting' },
  'a client that does not answer the greeting': {
    turns: [greeting], from: 'client', phase: 'response', awaited: 'response',
  },
  'a server that does not wait for the answer': {
    turns: [greeting], from: 'server', phase: 'response', awaited: 'response',
  },
  'a server that answers before it is asked': { turns: LOGIN, from: 'server', phase: 'commands', awaited: 'response' },
  'a client that sends no command': { turns: LOGIN, from: 'client', phase: 'commands', awaited: 'command' },
  'a server that answers with something else': {
    turns: [...LOGIN, ask(prepare('SELECT 1'))], from: 'server', phase: 'commands', awaited: 'response',
  },
  'a server that ends the definitions with something else': {
    turns: begun(Buffer.from([1]), definition('a')), from: 'server', phase: 'commands', awaited: 'definitionsEnd',
  },
  'a server with an empty row': {
    turns: begun(...RESULT.slice(0, 4)), from: 'server', garbage: packetsFrom(5, Buffer.alloc(0)), phase: 'commands',
    awaited: 'row',
  },
  'a client that goes on in the midst of a result with no command': {
    turns: begun(...RESULT.slice(0, 4)), from: 'client', phase: 'commands', awaited: 'command',
  },
};

const sumOf = (turns: readonly Turn[], from: Turn['from']): number =>
  turns.reduce((sum, turn) => sum + (turn.from === from ? turn.bytes.length : 0), 0);

const isUnparsed = ({ msg }: Entry): boolean => msg === 'cannot follow this session any more';

for (const [who, { turns, from, garbage = GARBAGE, phase, awaited }] of Object.entries(MOMENTS)) {
  await t.test(`relays ${who}, and logs once what came and where`, async (t) => {
    const proxy = await start(t);
    const pair = await proxy.pair();
    await converseOver(pair, [...turns, { from, bytes: garbage }]);
    const other = from === 'client' ? 'server' : 'client';
    await converseOver(pair, [{ from: other, bytes: GARBAGE }, { from, bytes: GARBAGE }]);
    t.ok(pair.client.heard.subarray(-GARBAGE.length).equals(GARBAGE), 'whatever comes passes from here on');
    t.match(proxy.here.log.filter(isUnparsed), [{
      level: 'warn', session: 1, client: pair.address, direction: from, phase, awaited,
      offsetBytes: sumOf(turns, from), reason: /\w+ \w+/, hex: garbage.toString('hex', 0, 16),
    }]);
    t.equal(proxy.here.log.filter(isUnparsed).length, 1);
  });
}

// A client that does not close its side is waited for, some seconds: all of them at the same time.
await t.test('closes the session with onUnparsed: "close"', { jobs: Object.keys(MOMENTS).length }, async (t) => {
  for (const [who, { turns, from, garbage = GARBAGE }] of Object.entries(MOMENTS)) {
    void t.test(`of ${who}`, async (t) => {
      const proxy = await start(t, { onUnparsed: 'close' });
      const pair = await proxy.pair();
      await converseOver(pair, turns);
      const ended = proxy.here.ended(pair.address);
      pair[from].say(garbage);
      await Promise.all([pair.client.ended(), pair.server.ended()]);
      t.match(await ended, { by: 'sluice', reason: 'what came could not be followed' });
      t.equal(proxy.here.log.filter(isUnparsed).length, 1);
      t.equal(proxy.here.proxy.sessionCount, 0);
    });
  }
});

await t.test('a client that speaks before the greeting waits for it', async (t) => {
  const proxy = await start(t);
  const pair = await proxy.pair();
  pair.client.say(response.bytes);
  pair.server.say(greeting.bytes);
  await pair.server.hear(response.bytes.length);
  t.same(proxy.here.log.filter(isUnparsed), []);
});

await t.test('drops a pending verdict on a result when following ends', async (t) => {
  const proxy = await start(t, { limits: { rows: 3 }, streaming: { pace: { wait: '1m' } } });
  const pair = await proxy.pair();
  await converseOver(pair, [...LOGIN, ask(query('SELECT body FROM big'))]);
  pair.client.socket.pause();
  const rows = Array.from({ length: 4 }, () => textRow('x'.repeat(LARGE_ROW_BYTES)));
  pair.server.say(answer(Buffer.from([1]), definition('a'), eof(), ...rows).bytes);
  // The client has three rows and leaves them unread: its pace is being watched.
  while (pair.client.socket.readableLength === 0) await new Promise(setImmediate);
  pair.client.say(GARBAGE);
  await pair.server.hear(sumOf(LOGIN, 'client') + GARBAGE.length);
  pair.client.socket.resume();
  let relayed = sumOf(LOGIN, 'server') + 4 * LARGE_ROW_BYTES;
  for (let round = 0; round < 10; round += 1) {
    pair.server.say(GARBAGE);
    relayed += GARBAGE.length;
    t.ok(await pair.client.hear(relayed), 'everything passes');
    await delay(LOOK_MS); // no event says when the watch has ended
  }
  t.same(proxy.here.records, []);
});
