import t from 'tap';
import { Command, LAST_PREPARED_STATEMENT_ID } from '../../src/protocol/commands.js';
import { intentOf } from '../../src/conversation/intentOf.js';
import { close, command, execute, longData, prepare, query } from '../support/commandPayloads.js';
import { allFrom, eventsOf, everySplit, fromClient, fromServer,
  type Turn } from '../support/conversationHarness.js';
import {
  answer, ask, binaryRow, err, login, ok, packetsFrom, preparedAnswer, resultSet, textRow,
} from '../support/wirePackets.js';

/** Commands in one write, as clients send them that do not wait for answers. */
const ahead = (...payloads: Buffer[]): Turn =>
  fromClient(...payloads.map((payload) => packetsFrom(0, payload)));
const one = (value: string): Buffer[] => resultSet('eof', [textRow(value)]);

await t.test('matches answers to commands that were sent ahead, in their order', async (t) => {
  const turns = [
    ...login('eof'), ahead(query('SELECT 1'), command(Command.PING), query('SELECT bad'), close(7),
      query('SELECT 2')),
    fromServer(...[one('1'), [ok()], [err(1054)], one('2')].map((payloads) => packetsFrom(1, ...payloads))),
  ];
  const outcome = everySplit(t, turns);
  t.match(eventsOf(outcome, 'usageEnded'), [{ text: 'SELECT 1', rows: 1 }, { text: 'SELECT 2', rows: 1 }]);
  t.equal(outcome.conversation.commands.length, 0);
});

await t.test('delays the 257th unanswered command until there is room', async (t) => {
  const payloads = Array.from({ length: 600 }, (_, i) => query(`SELECT ${i}`));
  const turns = [...login('eof'), ahead(...payloads)];
  const sentBytes = (count: number): number =>
    allFrom('client', [...login('eof'), ahead(...payloads.slice(0, count))]).length;
  const waiting = everySplit(t, turns);
  t.equal(waiting.toServer.length, sentBytes(256));
  const answers = payloads.map((_, i) => answer(...one(String(i))));
  const partly = everySplit(t, [...turns, ...answers.slice(0, 10)]);
  t.equal(partly.toServer.length, sentBytes(266));
  const outcome = everySplit(t, [...turns, ...answers]);
  t.equal(outcome.toServer.length, sentBytes(600));
  t.equal(eventsOf(outcome, 'usageEnded').length, 600);
  t.match(eventsOf(outcome, 'usageEnded').at(-1), { text: 'SELECT 599', rows: 1 });
});

await t.test('follows a statement that is prepared, executed and closed before its id is known', async (t) => {
  const outcome = everySplit(t, [
    ...login('eof', { server: 'mariadb' }),
    ahead(prepare('SELECT ahead'), execute(LAST_PREPARED_STATEMENT_ID), close(LAST_PREPARED_STATEMENT_ID),
      query('SELECT 2')),
    fromServer(
      packetsFrom(1, ...preparedAnswer('eof', 9, 1, 0)),
        packetsFrom(1, ...resultSet('eof', [binaryRow('a')])),
      packetsFrom(1, ...one('2')),
    ),
  ]);
  t.match(eventsOf(outcome, 'usageEnded'), [{ text: 'SELECT ahead', rows: 1 },
    { text: 'SELECT 2', rows: 1 }]);
  t.equal(outcome.conversation.statements.size, 0);
});

await t.test('closes a statement when its turn comes, not while its result is being read', async (t) => {
  const prepared = [...login('eof'), ask(prepare('SELECT kept')), answer(...preparedAnswer('eof', 9, 1, 0))];
  const asked = [...prepared, ahead(execute(9), close(9), execute(9))];
  const during = everySplit(t, asked);
  t.equal(during.conversation.statements.size, 1);
  const outcome = everySplit(t, [
    ...asked, fromServer(packetsFrom(1, ...resultSet('eof', [binaryRow('a')])), packetsFrom(1, err(1243))),
  ]);
  t.match(eventsOf(outcome, 'usageEnded'), [{ text: 'SELECT kept', rows: 1 }]);
  t.equal(outcome.conversation.statements.size, 0);
});

await t.test('expects no answer to long data, a close or a quit', async (t) => {
  const payloads = [longData(1, 0, 'x'.repeat(500)), close(1), close(2), query('SELECT 1')];
  const outcome = everySplit(t, [...login('eof'), ahead(...payloads), answer(...one('1')),
    ahead(close(3), command(Command.QUIT))]);
  t.match(eventsOf(outcome, 'usageEnded'), [{ text: 'SELECT 1', rows: 1 }]);
  t.equal(outcome.conversation.commands.length, 0);
  t.equal(outcome.conversation.hasQuit, true);
});

await t.test('stops following when commands are sent ahead of a file', async (t) => {
  const turns = [
    ...login('eof'), ahead(query('LOAD DATA LOCAL'), query('SELECT 1')),
      answer(Buffer.from('\xfbname', 'latin1')),
    fromClient(packetsFrom(2, Buffer.from('data'))),
  ];
  const outcome = everySplit(t, turns);
  t.match(eventsOf(outcome, 'unparsed'), [{ direction: 'server', phase: 'commands' }]);
  t.equal(outcome.toServer.length, allFrom('client', turns).length);
});

await t.test('does not take the content of a file for commands', async (t) => {
  const contents = ['\x03SELECT 1', '\x01', '\x11', '\x19\0\0\0\0', 'x'.repeat(70_000)].map((text) =>
    Buffer.from(text));
  for (const [name, uploaded] of Object.entries({ five: contents, none: [] })) {
    const end = 2 + uploaded.length;
    const turns = [
      ...login('eof'), ask(query('LOAD DATA LOCAL INFILE')), answer(Buffer.from('\xfbname', 'latin1')),
      fromClient(packetsFrom(2, ...uploaded, Buffer.alloc(0))), fromServer(packetsFrom(end + 1, ok())),
      ask(query('SELECT 1')), answer(...one('1')),
    ];
    const outcome = everySplit(t, turns);
    t.match(eventsOf(outcome, 'usageEnded'), [{ text: 'SELECT 1', rows: 1 }], name);
    t.same(eventsOf(outcome, 'unparsed'), [], name);
  }
});

await t.test('accepts sequence id 0 for the content of a file after 255', async (t) => {
  const contents = Array.from({ length: 600 }, () => Buffer.from('\x03line\n'));
  const turns = [
    ...login('eof'), ask(query('LOAD DATA LOCAL INFILE')), answer(Buffer.from('\xfbname', 'latin1')),
    fromClient(packetsFrom(2, ...contents, Buffer.alloc(0))), fromServer(packetsFrom(603, ok())),
    ask(query('SELECT 1')), answer(...one('1')),
  ];
  t.match(eventsOf(everySplit(t, turns), 'usageEnded'), [{ text: 'SELECT 1', rows: 1 }]);
});

await t.test('stops following at a command with a wrong sequence id', async (t) => {
  for (const sequenceId of [1, 7, 255]) {
    const turns = [
      ...login('eof'), fromClient(packetsFrom(sequenceId, query('SELECT 1'))),
        fromServer(packetsFrom(0, err(1156))),
    ];
    const outcome = everySplit(t, turns);
    t.match(eventsOf(outcome, 'unparsed'), [
      { direction: 'client', reason: 'a command whose sequence id is not 0', awaited: 'command' },
    ]);
    t.equal(outcome.toServer.length, allFrom('client', turns).length);
    t.equal(outcome.toClient.length, allFrom('server', turns).length);
  }
});

await t.test('keeps the front and the whole length of a long text', async (t) => {
  const text = `SELECT '${'ä'.repeat(40_000)}'`;
  const outcome = everySplit(t, [...login('eof'), ask(query(text)), answer(...one('1'))], { textBytes: 100 });
  t.match(eventsOf(outcome, 'usageEnded'), [{ text: Buffer.from(text).subarray(0, 100).toString(),
    textBytes: 80_009 }]);
});

await t.test('finds a quit only at the front or after commands that close statements', async (t) => {
  const bytes = (...payloads: Buffer[]): Buffer => ahead(...payloads).bytes;
  const quit = command(Command.QUIT);
  t.equal(intentOf(bytes(quit)), 'quit');
  t.equal(intentOf(bytes(close(1), close(2), quit)), 'quit');
  t.equal(intentOf(Buffer.concat([bytes(quit), Buffer.from([1, 2, 3])])), 'quit');
  t.equal(intentOf(bytes(query('SELECT 1'), quit)), 'command');
  t.equal(intentOf(bytes(close(1))), 'none');
  t.equal(intentOf(Buffer.alloc(0)), 'none');
  t.equal(intentOf(packetsFrom(0, Buffer.from([1, 1]))), 'command', 'a quit has one byte');
  const whole = bytes(close(1), quit);
  for (let length = 0; length < whole.length; length += 1) {
    t.equal(intentOf(whole.subarray(0, length)), 'none');
  }
});
