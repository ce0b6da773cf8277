import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { Command } from '../../../src/protocol/commands.js';
import { Status } from '../../../src/protocol/status.js';
import { Turns } from '../../../src/world/turns.js';
import { command, query } from '../../support/commandPayloads.js';
import type { Turn } from '../../support/conversationHarness.js';
import { FramedExchange } from '../../support/framedExchange.js';
import { deflatedFrame } from '../../support/frames.js';
import { WHOLE } from '../../support/splits.js';
import { answer, ask, login, ok, packetsFrom, resultSet, textRow } from '../../support/wirePackets.js';

// The work of one turn of the event loop has a bound for any bytes of either end. The tests count turns and packets.

/** The most packets that one turn reads. */
const PER_TURN = 1024;
const MANY = 50_000;

interface Flood {
  /** The turns before the flood, and the end that sends the flood. */
  readonly turns: readonly Turn[];
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
}

const quit = packetsFrom(0, command(Command.QUIT));
const moreResults = ok(Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS);

const FLOODS: Record<string, Flood> = {
  'commands of five bytes': {
    turns: [], from: 'client', bytes: Buffer.concat(Array.from({ length: MANY }, () => quit)),
  },
  'results without rows': {
    turns: [ask(query('CALL p()'))], from: 'server',
    bytes: answer(...Array.from({ length: MANY }, () => moreResults)).bytes,
  },
};

/** Gives a flow bytes, and counts the turns until it has handled all of them. */
const turnsFor = async (exchange: FramedExchange, from: Flood['from'], bytes: Buffer): Promise<number> => {
  const { flow } = from === 'client' ? exchange.requests : exchange.responses;
  flow.accept(Buffer.from(bytes));
  let turns = 1;
  for (; flow.waitsForTurn; turns += 1) await nextTurn();
  return turns;
};

const inTheClear = async (turns: readonly Turn[]): Promise<FramedExchange> => {
  const exchange = new FramedExchange();
  for (const { from, bytes } of [...login('eof'), ...turns]) await exchange.take(from, bytes, WHOLE, false);
  return exchange;
};

const framing = { name: 'one frame', bytesOf: () => 0xff_ffff, isStored: () => false };

for (const [what, { turns, from, bytes }] of Object.entries(FLOODS)) {
  const other = from === 'client' ? 'server' : 'client';
  t.test(`spreads ${what} in one read from the ${from} over many turns, and passes all`, async (t) => {
    const exchange = await inTheClear(turns);
    const before = exchange.writtenAt(other).length;
    t.ok(await turnsFor(exchange, from, bytes) >= MANY / PER_TURN);
    t.ok(exchange.writtenAt(other).subarray(before).equals(bytes));
    t.same(exchange.problems, []);
  });

  t.test(`spreads ${what} in one frame of ${from === 'client' ? 'a' : 'the'} compressed ${from} over many ` +
    `turns`, async (t) => {
    const exchange = await new FramedExchange().play([...login('eof'), ...turns], framing, WHOLE);
    const frame = deflatedFrame(from === 'client' ? 0 : 1, bytes);
    t.ok(await turnsFor(exchange, from, frame) >= MANY / PER_TURN);
    t.ok(exchange.writtenAt(other).subarray(-frame.length).equals(frame), 'and the frame passes as it came');
    t.same(exchange.problems, []);
  });
}

t.test('counts rows in the turn in which they come, since a look at a header costs next to nothing', async (t) => {
  const exchange = await inTheClear([ask(query('SELECT'))]);
  const rows = answer(...resultSet('eof', Array.from({ length: MANY }, () => textRow('1')))).bytes;
  t.equal(await turnsFor(exchange, 'server', rows), 1);
  t.match(exchange.usages, [{ rows: MANY }]);
});

t.test("relays a client's flood to its end, and then the client's FIN", async (t) => {
  const { bytes } = FLOODS['commands of five bytes']!;
  const exchange = await inTheClear([]);
  const before = exchange.writtenAt('server').length;
  exchange.requests.flow.accept(Buffer.from(bytes));
  exchange.client.resume().push(null);
  await nextTurn();
  t.equal(exchange.upstream.writableEnded, false);
  while (exchange.requests.flow.waitsForTurn) await nextTurn();
  t.equal(exchange.writtenAt('server').length, before + bytes.length);
  t.equal(exchange.upstream.writableEnded, true);
});

t.test('gives each waiting session one turn, in the order in which they asked', async (t) => {
  const turns = new Turns(setImmediate);
  const served: string[] = [];
  const work = (name: string, count: number): void => {
    served.push(name);
    if (count > 1) turns.next(() => work(name, count - 1));
  };
  turns.next(() => work('a', 3));
  turns.next(() => work('b', 1));
  turns.next(() => work('c', 2));
  for (let turn = 1; turn <= 6; turn += 1) {
    await nextTurn();
    t.equal(served.length, turn, 'one in each turn');
  }
  t.same(served, ['a', 'b', 'c', 'a', 'c', 'a']);
});
