import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { command, execute, longData, prepare, query } from '../support/commandPayloads.js';
import { SCALE } from '../proof/scale.js';
import { Follower } from '../support/follower.js';
import { liveBytes } from '../support/heap.js';
import {
  answer, ask, err, greetingPayload, login, packetsFrom, preparedAnswer, resultSet, responsePayload, textRow,
} from '../support/wirePackets.js';

// The memory that one session can make Sluice keep with any bytes and in any time.

const MIB = 1024 * 1024;
const { statements, commands } = SCALE.followed;

/** The growth of live memory in bytes through `act`, which returns what has to stay alive until it is measured. */
const growth = async (act: () => unknown): Promise<number> => {
  const before = await liveBytes();
  const kept = act();
  const after = await liveBytes();
  if (kept === undefined) throw new Error('nothing is kept alive');
  return after - before;
};

const follow = (options: ConstructorParameters<typeof Follower>[0] = {}): Follower =>
  new Follower(options).hearAll(login('deprecate-eof'));

await t.test('keeps at most twenty thousand prepared statements', async (t) => {
  const follower = follow();
  const { bytes: asked } = ask(prepare('SELECT ?, ?, 0000000'));
  const { bytes: answered } = answer(...preparedAnswer('deprecate-eof', 0, 1, 2));
  const grown = await growth(() => {
    for (let id = 1; id <= statements; id += 1) {
      asked.write(String(id).padStart(7, '0'), asked.length - 7);
      answered.writeUInt32LE(id, HEADER_BYTES + 1);
      follower.hear('client', asked);
      follower.hear('server', answered);
    }
    return follower;
  });
  t.equal(follower.conversation.statements.size, 20_000);
  t.equal(
    follower.conversation.statements.get(statements)?.sql?.toString(),
    `SELECT ?, ?, ${String(statements).padStart(7, '0')}`,
  );
  t.equal(follower.problem, null, 'and each of them is followed');
  t.ok(grown < 16 * MIB, 'in less than 16 MiB', { grown });
});

await t.test(`keeps only long data that a record may show, out of ${commands} parameters`, async (t) => {
  const follower = follow({ parameterBytes: 4096 });
  follower.hear('client', ask(prepare('INSERT')).bytes);
  follower.hear('server', answer(...preparedAnswer('deprecate-eof', 1, 0, 60_000)).bytes);
  const { bytes } = ask(longData(1, 0, 'x'));
  const grown = await growth(() => {
    for (let index = 0; index < commands; index += 1) {
      bytes.writeUInt16LE(index % 60_000, HEADER_BYTES + 5);
      follower.hear('client', bytes);
    }
    return follower;
  });
  t.ok(grown < MIB, 'less than 1 MiB', { grown });
});

await t.test(`lets only 256 unanswered commands through when ${commands} are sent ahead`, async (t) => {
  const follower = follow();
  const { bytes } = ask(query('SELECT 1'));
  let forwarded = 0;
  const grown = await growth(() => {
    while (follower.hear('client', bytes) === 0) forwarded += 1;
    return follower;
  });
  t.equal(forwarded, 256);
  t.ok(grown < MIB, 'less than 1 MiB', { grown });
  const { bytes: response } = answer(...resultSet('deprecate-eof', [textRow('1')]));
  let answered = 0;
  for (; answered < commands; answered += 1) {
    follower.hear('server', response);
    if (follower.hear('client', bytes) !== 0) break;
  }
  t.equal(answered, commands, 'each answer lets on one of them, for as long as they come');
  t.equal(follower.problem, null);
});

const LONG = 'x'.repeat(64 * 1024);
const AHEAD: Record<string, { payload: Buffer; options?: ConstructorParameters<typeof Follower>[0] }> = {
  'queries of 64 KiB': { payload: query(LONG) },
  'queries of 64 KiB, where records may hold as much': { payload: query(LONG), options: { textBytes: 64 * 1024 } },
  'changes of user with 64 KiB of attributes': { payload: changeUserWith(64 * 1024) },
  'executions with 64 KiB of parameters': {
    payload: execute(1, 0, [LONG.slice(0, 200)]), options: { parameterBytes: 64 * 1024 },
  },
};

function changeUserWith(attributesBytes: number): Buffer {
  const pairs = Array.from(
    { length: attributesBytes / 8 }, (_, i) => encodeLenencString(i.toString(36).padStart(5, '0')),
  );
  const attributes = Buffer.concat(pairs.flatMap((name) => [name, encodeLenencString('v')]));
  return command(
    Command.CHANGE_USER, 'you\0', Buffer.from([0]), 'shop\0', Buffer.from([45, 0]), 'plugin\0',
    encodeLenencString(attributes),
  );
}

for (const [what, { payload, options }] of Object.entries(AHEAD)) {
  await t.test(`keeps little more than 1 MiB of ${what} sent ahead`, async (t) => {
    const follower = new Follower(options).hearAll(login('deprecate-eof', { capabilities: Capability.CONNECT_ATTRS }));
    const { bytes } = ask(payload);
    const grown = await growth(() => {
      for (let sent = 0; sent < 1000 && follower.hear('client', bytes) === 0; sent += 1) continue;
      return follower;
    });
    t.ok(follower.conversation.client.isStopped, 'the next one waits');
    t.ok(grown < 2 * MIB, 'less than 2 MiB', { grown });
  });
}

await t.test('keeps nothing of commands that were answered before they had arrived', async (t) => {
  const follower = follow();
  const { bytes } = ask(query(LONG));
  for (let asked = 0; asked < 1000; asked += 1) {
    follower.hear('client', bytes.subarray(0, 100));
    follower.hear('server', answer(err(1153)).bytes);
    follower.hear('client', bytes.subarray(100));
  }
  t.equal(follower.conversation.client.isStopped, false, 'the next one need not wait');
  t.equal(follower.problem, null);
});

await t.test('keeps what has come of announced packets of 16 MiB, and not what was announced', async (t) => {
  const followers = Array.from({ length: 100 }, () => follow());
  const trickle = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0]), query('SELECT')]);
  const grown = await growth(() => {
    for (const follower of followers) {
      for (let at = 0; at < trickle.length; at += 1) follower.hear('client', trickle.subarray(at, at + 1));
    }
    return followers;
  });
  t.ok(grown < 100 * 34 * 1024, 'a statement\'s bound of 16 KiB at most, twice that while it grows', { grown });
});

await t.test("keeps at most 256 KiB of a client's attributes", async (t) => {
  const pairs = Array.from({ length: 30_000 }, (_, i) => [encodeLenencString(i.toString(36)), Buffer.from([0])]).flat();
  const answerTo = (attributes: Buffer): Buffer => {
    const capabilities =
    Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.CONNECT_ATTRS | Capability.LONG_PASSWORD;
    return packetsFrom(
      1, Buffer.concat([responsePayload({ capabilities }).subarray(0, -1), encodeLenencString(attributes)]),
    );
  };
  const bytes = answerTo(Buffer.concat(pairs));
  const grown = await growth(() => Array.from({ length: 20 }, () => {
    const follower = new Follower();
    follower.hear('server', packetsFrom(0, greetingPayload()));
    follower.hear('client', bytes);
    return follower;
  }));
  t.ok(grown < 20 * 256 * 1024, 'less than 256 KiB each', { grown });
});

await t.test('keeps nothing of a column list without end', async (t) => {
  const follower = follow();
  follower.hear('client', ask(query('SELECT')).bytes);
  follower.hear('server', answer(Buffer.from([0xfc, 0xff, 0xff])).bytes);
  const definitions = packetsFrom(2, ...Array.from({ length: 1000 }, (_, i) => Buffer.from(`def${i}`.repeat(50))));
  const grown = await growth(() => {
    for (let i = 0; i < 65; i += 1) follower.hear('server', definitions);
    return follower;
  });
  t.equal(follower.problem, null);
  t.ok(grown < MIB, 'less than 1 MiB of 12 MiB that came', { grown });
  follower.hear('server', definitions);
  t.equal(
    follower.conversation.server.usage?.rows, 465, 'and after as many as a count can announce, rows are counted',
  );
});

await t.test('gives back what it kept of a session when following ends', async (t) => {
  const fill = (): Follower => {
    const follower = follow();
    for (let id = 1; id <= 60; id += 1) {
      follower.hear('client', ask(prepare(LONG)).bytes);
      follower.hear('server', answer(...preparedAnswer('deprecate-eof', id, 0, 0)).bytes);
    }
    while (follower.hear('client', ask(query(LONG)).bytes) === 0) continue;
    return follower;
  };
  const followers = Array.from({ length: 20 }, fill);
  const before = await liveBytes();
  for (const follower of followers) follower.hear('server', packetsFrom(1, Buffer.alloc(0)));
  const givenBack = before - await liveBytes();
  t.ok(followers.every(({ problem }) => problem !== null), 'an empty packet answers nothing');
  t.ok(givenBack > 20 * 1.9 * MIB, 'texts of statements and of commands', { givenBack });
});
