import { isDeepStrictEqual } from 'node:util';
import t, { type Test } from 'tap';
import { Command } from '../../../src/protocol/commands.js';
import { storedFrame } from '../../../src/protocol/compression.js';
import { encodeErr } from '../../../src/protocol/packets.js';
import { otherPeer } from '../../../src/protocol/peer.js';
import { Status } from '../../../src/protocol/status.js';
import type { Usage } from '../../../src/conversation/command.js';
import { IS_WHOLE } from '../../proof/scale.js';
import {
  admitAll, converse, CUT_ERROR, eventsOf, fromClient, fromServer, type Turn,
} from '../../support/conversationHarness.js';
import { FramedExchange, miscounted, type FramedOptions } from '../../support/framedExchange.js';
import {
  contentOf, deflatedFrame, FRAMINGS, framesOf, ONE_FRAME, rawFrame, splitFrames, type Framing,
} from '../../support/frames.js';
import { fixtureNames, loadFixture } from '../../support/recorder.js';
import { piecesOfSize, SPLITS, WHOLE, type Split } from '../../support/splits.js';
import { answer, ask, login, ok, packetsFrom, resultSet, textRow } from '../../support/wirePackets.js';

const FEW_SPLITS = SPLITS.filter(({ name }) => name !== 'around headers').slice(0, 3);

/** Every framing at every split, from whole reads to single bytes. */
const WAYS: readonly (readonly [Framing, Split])[] =
  FRAMINGS.flatMap((framing) => [WHOLE, ...FEW_SPLITS].map((split) => [framing, split] as const));

/** The ways to play recorded conversations: all with `npm run proof`, else every other one. */
const WAYS_OF_RECORDED = WAYS.filter((_, index) => IS_WHOLE || (index + Math.floor(index / 4)) % 2 === 0);

const query = (sql: string): Turn => ask(Buffer.concat([Buffer.from([Command.QUERY]), Buffer.from(sql)]));
const rows = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => textRow(`row ${index} ${'x'.repeat(index)}`));
const result = (count: number, statusFlags?: number): Buffer[] =>
  resultSet('eof', rows(count), statusFlags === undefined ? {} : { statusFlags });

/** Whether each end got the frames of the other unchanged. */
const isUntouched = (exchange: FramedExchange): boolean =>
  (['client', 'server'] as const).every((peer) => {
    const written = exchange.writtenAt(otherPeer(peer));
    const frames = Buffer.concat(exchange.sent[peer]);
    return frames.length > 0 && written.subarray(-frames.length).equals(frames);
  });

const counts = ({ rows, bytes, resultSets }: { readonly [key: string]: unknown }): object =>
  ({ rows, bytes, resultSets });

for (const name of [...fixtureNames('mysql'), ...fixtureNames('mariadb')]) {
  const turns = loadFixture(name);
  const plain = converse(turns);
  if (plain.conversation.phase === 'refused') continue; // there are no frames without a login
  t.test(`${name}, compressed: passes every frame unchanged, and counts the same as without compression`, async (t) => {
    const ended = eventsOf(plain, 'usageEnded').map(counts);
    const played: { way: string; isWhole: boolean; usages: object[]; problems: number }[] = [];
    for (const [framing, split] of WAYS_OF_RECORDED) {
      const exchange = await new FramedExchange().play(turns, framing, split);
      played.push({
        way: `${framing.name}, ${split.name}`, isWhole: isUntouched(exchange), usages: exchange.usages.map(counts),
        problems: exchange.problems.length,
      });
    }
    t.equal(played.length, WAYS_OF_RECORDED.length);
    t.same(played.filter(({ isWhole }) => !isWhole).map(({ way }) => way), [], 'every frame is untouched');
    const others = played.filter(({ usages }) => !isDeepStrictEqual(usages, ended));
    t.strictSame(others.map(({ way, usages }) => ({ way, usages })),
      others.map(({ way }) => ({ way, usages: ended })));
    t.ok(played.every(({ problems }) => problems === eventsOf(plain, 'unparsed').length));
  });
}

/** The bytes that both ends got after the login, taken out of their frames. */
interface Contents {
  readonly toClient: Buffer;
  readonly toServer: Buffer;
}

interface Seen extends Contents {
  readonly exchange: FramedExchange;
}

/** Plays a conversation in every way; `check` gets what both ends got. */
const everyWay = async (
  t: Test, turns: readonly Turn[], options: FramedOptions, check: (t: Test, seen: Seen) => void,
): Promise<void> => {
  for (const [framing, split] of WAYS) {
    await t.test(`${framing.name}, ${split.name}`, async (t) => {
      const exchange = await new FramedExchange(options).play([...login('eof'), ...turns], framing, split);
      t.equal(miscounted(exchange.passed.client, true), null, 'the client can count the frames');
      t.equal(miscounted(exchange.passed.server, false), null, 'the server can count the frames');
      check(t, { exchange, toClient: exchange.contentAt('client'), toServer: exchange.contentAt('server') });
    });
  }
};

/** The bytes that both ends of the same conversation get without compression, after the login. */
const inTheClear = (turns: readonly Turn[], options: Parameters<typeof converse>[1]): Contents => {
  const whole = converse([...login('eof'), ...turns], options);
  const before = converse(login('eof'));
  return {
    toClient: whole.toClient.subarray(before.toClient.length),
    toServer: whole.toServer.subarray(before.toServer.length),
  };
};

const limitTo = (maxRows: number) => (usage: Usage): void => {
  usage.maxRows = maxRows;
};

t.test('passes the frames of a large result unchanged when each read reuses the same memory', async (t) => {
  // Half of each packet of 10 bytes is its header and first byte. So the last frame of many reads waits for the next
  // read.
  const smallRows = Array.from({ length: 10_000 }, () => textRow('12345'));
  const turns = [...login('eof'), query('SELECT'), answer(...resultSet('eof', smallRows))];
  const framing: Framing = { name: 'stored frames', bytesOf: () => 97, isStored: () => true };
  const exchange = await new FramedExchange().play(turns, framing, piecesOfSize(9001));
  t.ok(isUntouched(exchange));
  t.match(exchange.usages, [{ rows: 10_000 }]);
});

t.test('a cut puts the error after the last row that fits, wherever frames begin', async (t) => {
  const turns = [
    query('SELECT 1'), answer(...result(3)),
    query('SELECT 2'), answer(...result(40)),
    query('SELECT 3'), answer(...result(10)),
    query('SELECT 4'), answer(...result(11, Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS), ...result(5)),
    query('SELECT 5'), answer(...result(2)),
  ];
  const expected = inTheClear(turns, { limit: limitTo(10) });
  await everyWay(t, turns, { limit: limitTo(10) }, (t, { exchange, toClient, toServer }) => {
    t.ok(toClient.equals(expected.toClient), 'the client is told what it is told without compression');
    t.ok(toServer.equals(expected.toServer));
    t.match(exchange.usages, [
      { rows: 3 }, { rows: 40, forwardedRows: 10 }, { rows: 10 }, { rows: 16, forwardedRows: 10 },
      { rows: 2 },
    ]);
  });
});

t.test('passes the frames of a held back result that fits unchanged', async (t) => {
  const turns = [query('SELECT 1'), answer(...result(9)), query('SELECT 2'), answer(...result(2))];
  const options: FramedOptions = {
    limit: (usage) => (usage.maxRows = usage.rows === 0 && usage.maxRows === Infinity ? 0 : 100),
    decide: () => 'hold',
  };
  await everyWay(t, turns, options, (t, { exchange }) => {
    t.ok(isUntouched(exchange));
    t.match(exchange.usages, [{ rows: 9, forwardedRows: 9 }, { rows: 2 }]);
  });
});

t.test('the client gets only the error for a held back result that does not fit', async (t) => {
  const turns = [query('SELECT 1'), answer(...result(50)), query('SELECT 2'), answer(...result(2))];
  const limit = (usage: Usage): void => limitTo(usage.command.number === 1 ? 0 : 2)(usage);
  const expected = inTheClear(turns, { limit });
  const options: FramedOptions = {
    limit: (usage) => (usage.maxRows = usage.maxRows === Infinity ? 0 : 20),
    decide: (usage) => (usage.rows === 0 ? 'hold' : 'cut what is held'),
  };
  await everyWay(t, turns, options, (t, { exchange, toClient }) => {
    t.ok(toClient.equals(expected.toClient));
    t.match(exchange.usages, [{ rows: 50, forwardedRows: 0 }, { rows: 2 }]);
  });
});

t.test('the client has all rows before the limit while a verdict takes time', async (t) => {
  const turns = [
    query('SELECT 1; LOAD DATA LOCAL INFILE'),
    answer(...result(30, Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS), Buffer.from('\xfbfile', 'latin1')),
    fromClient(packetsFrom(40, Buffer.alloc(3000, 'line\n'), Buffer.alloc(0))),
    fromServer(packetsFrom(42, ok())),
    query('SELECT 2'), answer(...result(2)),
  ];
  const expected = inTheClear(turns, {});
  const cut = inTheClear(turns.slice(0, 2), { limit: limitTo(10) }).toClient;
  const uptoLimit = cut.subarray(0, cut.length - encodeErr(0, CUT_ERROR).length);
  for (const [framing, split] of WAYS) {
    await t.test(`${framing.name}, ${split.name}`, async (t) => {
      const exchange = new FramedExchange({ limit: limitTo(10), decide: () => 'admit later' });
      await exchange.play([...login('eof'), ...turns.slice(0, 2)], framing, split);
      t.ok(exchange.contentAt('client').equals(uptoLimit));
      t.equal(exchange.conversation.server.usage?.rows, 10);
      admitAll(exchange.conversation.server.usage!);
      await exchange.unblock();
      await exchange.play(turns.slice(2), framing, split);
      t.equal(miscounted(exchange.passed.client, true), null, 'the client can count the frames');
      t.equal(miscounted(exchange.passed.server, false), null, 'the server can count the frames');
      t.ok(exchange.contentAt('client').equals(expected.toClient));
      t.ok(exchange.contentAt('server').equals(expected.toServer));
    });
  }
});

t.test('a command sent ahead while frames are renumbered does not change the count of the response', async (t) => {
  const numbersIn = (bytes: Buffer): number[] => splitFrames(bytes).map((frame) => frame[3]!);
  const countedOn = (numbers: readonly number[], from: number): number[] =>
    numbers.map((_, index) => (from + index) & 0xff);
  const second = query(`SELECT 2 /* ${'x'.repeat(50)} */`).bytes;
  for (const [framing, split] of WAYS) {
    await t.test(`${framing.name}, ${split.name}`, async (t) => {
      const limit = (usage: Usage): void => (usage.command.number === 1 ? limitTo(10)(usage) : undefined);
      const exchange = new FramedExchange({ limit, decide: () => 'admit later' });
      await exchange.play([...login('eof'), query('SELECT 1')], framing, split);
      const before = exchange.writtenAt('client').length;
      const asked = exchange.writtenAt('server').length;
      await exchange.takeFrames('server', framesOf(packetsFrom(1, ...result(30)), 1, framing), split);
      await exchange.takeFrames('client', framesOf(second, 0, framing), split);
      admitAll(exchange.conversation.server.usage!);
      await exchange.unblock();
      const between = exchange.writtenAt('client').length;
      await exchange.takeFrames('server', framesOf(packetsFrom(1, ...result(2)), 1, framing), split);
      const written = exchange.writtenAt('client');
      for (const answered of [written.subarray(before, between), written.subarray(between)]) {
        const numbers = numbersIn(answered);
        t.same(numbers, countedOn(numbers, 1));
      }
      const commandNumbers = numbersIn(exchange.writtenAt('server').subarray(asked));
      t.same(commandNumbers, countedOn(commandNumbers, 0));
      t.ok(contentOf(splitFrames(written.subarray(before)))
        .equals(Buffer.concat([packetsFrom(1, ...result(30)), packetsFrom(1, ...result(2))])));
    });
  }
});

t.test('refuses a file that a cut statement asks for, in a frame with the right number', async (t) => {
  const more = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
  const turns = [
    query('SELECT 1; LOAD DATA LOCAL INFILE'),
    answer(...result(30, more), Buffer.from('\xfbfile', 'latin1')),
    fromServer(packetsFrom(36, ok())),
    query('SELECT 2'), answer(...result(2)),
  ];
  const expected = inTheClear(turns, { limit: limitTo(10) });
  await everyWay(t, turns.slice(0, 2), { limit: limitTo(10) }, (t, { toServer }) => {
    t.ok(toServer.equals(expected.toServer.subarray(0, toServer.length)));
    t.equal(toServer.length, turns[0]!.bytes.length + 4, 'an empty packet after the command');
  });
});

t.test('puts commands that wait in the middle of a frame into a frame of their own', async (t) => {
  const COUNT = 700;
  const pings = Array.from({ length: COUNT }, () => packetsFrom(0, Buffer.from([Command.PING])));
  const exchange = await new FramedExchange().play(login('eof'), ONE_FRAME, WHOLE);
  await exchange.takeFrames('client', [deflatedFrame(0, Buffer.concat(pings))], WHOLE);
  for (let answered = 0; answered < COUNT; answered += 1) {
    await exchange.takeFrames('server', [storedFrame(1, packetsFrom(1, ok()))], WHOLE);
  }
  t.ok(exchange.contentAt('server').equals(Buffer.concat(pings)));
  const commands = splitFrames(exchange.writtenAt('server').subarray(exchange.loginBytes.server));
  t.ok(commands.length > 1);
  t.ok(commands.every((frame) => frame[3] === 0), 'each begins a count');
  t.same(exchange.problems, []);
});

t.test('sends waiting commands to the server when a frame after them cannot be opened', async (t) => {
  const pings = Array.from({ length: 700 }, () => packetsFrom(0, Buffer.from([Command.PING])));
  const bad = rawFrame(1, 10, Buffer.alloc(10, 7));
  const exchange = await new FramedExchange().play(login('eof'), ONE_FRAME, WHOLE);
  await exchange.takeFrames('client', [deflatedFrame(0, Buffer.concat(pings)), bad], WHOLE);
  const relayed = splitFrames(exchange.writtenAt('server').subarray(exchange.loginBytes.server));
  t.ok(relayed.pop()?.equals(bad), 'it passes unopened, after them');
  t.ok(contentOf(relayed).equals(Buffer.concat(pings)));
  t.match(exchange.problems, [{ direction: 'client', reason: /does not hold what it declares/ }]);
});

t.test('a command begins a new count when the last one ended with number 255', async (t) => {
  const framing: Framing = { ...ONE_FRAME, bytesOf: () => 400 };
  const exchange = new FramedExchange({ limit: (usage) => (usage.maxBytes = 400 * 254) });
  const turns = [query('SELECT 1'), answer(...result(600)), query('SELECT 2')];
  await exchange.play([...login('eof'), ...turns], framing, WHOLE);
  t.equal(exchange.passed.client.filter(({ from }) => from === 'far').at(-1)?.number, 255, 'the error');
  t.equal(exchange.passed.server.at(-1)?.number, 0, 'the next command');
});

t.test('sees that a client quits after other frames while a cut response is drained', async (t) => {
  const turns = [query('SELECT 1'), answer(...result(5).slice(0, -1))];
  const exchange = await new FramedExchange({ limit: limitTo(1) }).play([...login('eof'), ...turns], ONE_FRAME, WHOLE);
  const close = packetsFrom(0, Buffer.from([Command.STMT_CLOSE, 1, 0, 0, 0]));
  await exchange.takeFrames('client', [deflatedFrame(0, close)], WHOLE);
  t.notOk(exchange.hasGone);
  await exchange.takeFrames('client', [storedFrame(0, packetsFrom(0, Buffer.from([Command.QUIT])))], WHOLE);
  t.ok(exchange.hasGone);
});

const BAD_FRAMES: readonly (readonly [string, Buffer])[] = [
  ['is not compressed', rawFrame(1, 10, Buffer.alloc(10, 7))],
  ['yields more than it declares', rawFrame(1, 9, deflatedFrame(1, Buffer.alloc(10)).subarray(7))],
];
for (const [what, bad] of BAD_FRAMES) {
  for (const from of ['client', 'server'] as const) {
    t.test(`passes a frame of the ${from} that ${what}, and all after it, unopened`, async (t) => {
      const turns = [...login('eof'), query('SELECT 1'), answer(...result(2))];
      const exchange = await new FramedExchange().play(turns, ONE_FRAME, WHOLE);
      const loginBytes = exchange.loginBytes[otherPeer(from)];
      const offset = exchange.sent[from].reduce((sum, { length }) => sum + length, loginBytes);
      await exchange.takeFrames(from, [bad, deflatedFrame(2, Buffer.from('what')), bad], WHOLE);
      await exchange.takeFrames(otherPeer(from), [bad], SPLITS[1]!);
      t.ok(isUntouched(exchange));
      t.match(exchange.problems, [{
        direction: from, reason: /does not hold what it declares/, awaited: 'frame', offsetBytes: offset,
        hex: bad.toString('hex', 0, 16),
      }]);
      t.equal(exchange.problems.length, 1);
    });
  }
}

t.test('passes the frames of a binary log unopened', async (t) => {
  const dump = ask(Buffer.from([Command.BINLOG_DUMP, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0]));
  const turns = [...login('eof'), dump, answer(Buffer.from('\0event'))];
  const exchange = await new FramedExchange().play(turns, ONE_FRAME, WHOLE);
  await exchange.takeFrames('server', [rawFrame(2, 100, Buffer.from('not to be opened'))], SPLITS[1]!);
  t.same(exchange.problems, []);
  t.equal(exchange.conversation.phase, 'stream');
  t.ok(isUntouched(exchange));
});

t.test('does not mistake bytes that a client sends before the end of its login for frames', async (t) => {
  const [greeting, response, letIn] = login('eof');
  const early = fromClient(response!.bytes, Buffer.from([9, 0, 0, 3, 1]));
  const exchange = await new FramedExchange().play([greeting!, early, letIn!], ONE_FRAME, WHOLE);
  t.match(exchange.problems, [{ direction: 'client', reason: /before being let in/ }]);
});

t.test('relays an incomplete frame as far as it came', async (t) => {
  const exchange = await new FramedExchange().play([...login('eof'), query('SELECT 1')], ONE_FRAME, WHOLE);
  const [frame] = [deflatedFrame(1, packetsFrom(1, ...result(5)))];
  await exchange.take('server', frame.subarray(0, -5), WHOLE, false);
  exchange.upstream.push(null);
  exchange.upstream.resume();
  await new Promise((resolve) => exchange.client.on('finish', resolve));
  t.ok(exchange.writtenAt('client').subarray(exchange.loginBytes.client).equals(frame.subarray(0, -5)));
});

t.test("an answer after a cut one has the server's own number, however many frames were dropped", async (t) => {
  const cut = result(400);
  const ahead = [query('SELECT 1'), query('SELECT 2')].map(({ bytes }) => storedFrame(0, bytes));
  for (const droppedTo of [255, 256, 257]) {
    const exchange = await new FramedExchange({ limit: limitTo(3) }).play(login('eof'), ONE_FRAME, WHOLE);
    await exchange.takeFrames('client', ahead, WHOLE);
    const frames = cut.map(
      (payload, index) => storedFrame(Math.min(index + 1, droppedTo) & 0xff, packetsFrom(index + 1, payload)),
    );
    const first = [
      ...frames.slice(0, droppedTo - 1),
      storedFrame(droppedTo & 0xff, packetsFrom(droppedTo, ...cut.slice(droppedTo - 1)))
    ];
    await exchange.takeFrames('server', first, WHOLE);
    const before = exchange.client.written.length;
    await exchange.takeFrames('server', [storedFrame(1, packetsFrom(1, ...result(1)))], WHOLE);
    const [next] = splitFrames(Buffer.concat(exchange.client.written.slice(before)));
    t.equal(next![3], 1, `${droppedTo} frames`);
  }
});
