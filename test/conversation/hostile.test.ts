import t from 'tap';
import { Command } from '../../src/protocol/commands.js';
import type { Usage } from '../../src/conversation/command.js';
import { command, execute, prepare, query } from '../support/commandPayloads.js';
import {
  allFrom, converse, eventsOf, everySplit, fromClient, fromServer, type Outcome, type Turn,
} from '../support/conversationHarness.js';
import { fixtureNames, loadFixture } from '../support/recorder.js';
import { randomFrom, SPLITS, WHOLE } from '../support/splits.js';
import {
  answer, ask, binaryRow, definition, eof, login, ok, packetsFrom, preparedAnswer, resultSet, textRow,
} from '../support/wirePackets.js';

const GARBAGE = Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n'.repeat(3));

/** Whether both ends have every byte that was sent to them, except undecided ones. */
const isAllRelayed = (outcome: Outcome, turns: readonly Turn[]): boolean => {
  const { toClient, toServer, undecidedFromClient, undecidedFromServer } = outcome;
  const isRefused = eventsOf(outcome, 'refused').length > 0;
  return isRefused || (toClient.length + undecidedFromServer === allFrom('server', turns).length
    && toServer.length + undecidedFromClient === allFrom('client', turns).length);
};

/** The first `count` turns, then garbage from both ends. */
const interrupted = (turns: readonly Turn[], count: number, from: Turn['from']): Turn[] => {
  const both = [fromClient(GARBAGE), fromServer(GARBAGE)];
  return [...turns.slice(0, count), ...(from === 'client' ? both : both.reverse())];
};

await t.test('relays garbage in any state, and reports it at most once', async (t) => {
  const turns = [
    ...login('eof'),
    ask(query('SELECT 1')), answer(...resultSet('eof', [textRow('1')]).slice(0, 1)),
    fromServer(packetsFrom(2, definition('a'))), fromServer(packetsFrom(3, eof())),
      fromServer(packetsFrom(4, textRow('1'))),
    fromServer(packetsFrom(5, eof())),
    ask(prepare('SELECT ?')), answer(...preparedAnswer('eof', 1, 1, 1).slice(0, 2)),
    fromServer(packetsFrom(3, ...preparedAnswer('eof', 1, 1, 1).slice(2))),
    ask(execute(1)), answer(...resultSet('eof', [binaryRow('x')])),
    ask(query('LOAD DATA LOCAL INFILE')), answer(Buffer.from('\xfbname', 'latin1')),
    fromClient(packetsFrom(2, Buffer.from('data'))), fromClient(packetsFrom(3, Buffer.alloc(0))),
      answer(ok()),
    ask(command(Command.STATISTICS)), answer(Buffer.from('Uptime: 1')),
    ask(command(Command.CHANGE_USER, 'x\0\0\0\0\0')), answer(Buffer.from('\xfeplugin\0', 'latin1')),
    fromClient(packetsFrom(2, Buffer.from('proof'))), fromServer(packetsFrom(3, ok())),
    ask(command(Command.PING)), answer(ok()),
  ];
  t.same(eventsOf(everySplit(t, turns), 'unparsed'), [], 'without garbage there is nothing to tell');
  for (let count = 0; count <= turns.length; count += 1) {
    for (const from of ['client', 'server'] as const) {
      const whole = interrupted(turns, count, from);
      const outcome = everySplit(t, whole);
      t.ok(isAllRelayed(outcome, whole), `relayed: ${from} after ${count} turns`);
      t.ok(eventsOf(outcome, 'unparsed').length <= 1, `told at most once: ${from} after ${count} turns`);
    }
  }
});

/** A recorded conversation with some changed bytes. */
const damaged = (name: string, flips: number, random: () => number): Turn[] => {
  const turns = loadFixture(name);
  for (let i = 0; i < flips; i += 1) {
    const { bytes } = turns[Math.floor(random() * turns.length)]!;
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  }
  return turns;
};

await t.test('relays damaged conversations to the last byte', async (t) => {
  const names = ['mariadb', 'mysql'].flatMap(fixtureNames);
  const random = randomFrom(1);
  const lossy: string[] = [];
  for (const name of names) {
    for (const flips of [1, 3, 12]) {
      const turns = damaged(name, flips, random);
      for (const split of [WHOLE, ...SPLITS]) {
        if (!isAllRelayed(converse(turns, {}, split), turns)) lossy.push(`${name}, ${flips} bytes, ${split.name}`);
      }
    }
  }
  t.ok(names.length > 100, `${names.length} conversations`);
  t.same(lossy, []);
});

await t.test('lets no more rows of a damaged conversation through than the limit', async (t) => {
  const names = ['mariadb', 'mysql'].flatMap(fixtureNames);
  const random = randomFrom(2);
  const options = { limit: (usage: Usage) => void (usage.maxRows = 2) };
  for (const name of names) {
    const forwarded = SPLITS.flatMap((split) => {
      const outcome = converse(damaged(name, 6, random), options, split);
      return eventsOf(outcome, 'usageEnded').map(({ forwardedRows }) => Number(forwardedRows));
    });
    t.ok(Math.max(0, ...forwarded) <= 2, name);
  }
});
