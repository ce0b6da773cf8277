import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command, commandName } from '../../src/protocol/commands.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { Status } from '../../src/protocol/status.js';
import { close, command, CURSOR_READ_ONLY, execute, fetch, prepare,
  query } from '../support/commandPayloads.js';
import { allFrom, eventsOf, everySplit, fromServer, type Outcome,
  type Turn } from '../support/conversationHarness.js';
import {
  answer, ask, binaryRow, definitions, DIALECTS, eof, err, login, ok, okEof, packetsFrom, preparedAnswer,
    resultSet,
  rowsEnd, textRow, wireBytes,
} from '../support/wirePackets.js';

const MORE = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
const OUT = Status.AUTOCOMMIT | Status.PS_OUT_PARAMS;
const CURSOR = Status.AUTOCOMMIT | Status.CURSOR_EXISTS;

/** The last command of a conversation, with an answer of one row. Only a follower that is in step counts that row. */
const LAST = 'SELECT last';
const last = (dialect: 'eof' | 'deprecate-eof'): Turn[] =>
  [ask(query(LAST)), answer(...resultSet(dialect, [textRow('1')]))];

const isInStep = (outcome: Outcome): boolean => {
  const usage = eventsOf(outcome, 'usageEnded').at(-1);
  return usage?.['text'] === LAST && usage['rows'] === 1 && eventsOf(outcome, 'unparsed').length === 0
    && outcome.conversation.commands.length === 0;
};

for (const dialect of DIALECTS) {
  await t.test(`${dialect}: counts rows whose first byte looks like another packet`, async (t) => {
    const long = 'x'.repeat(70_000);
    const rows = [
      textRow(null, 'a'), // NULL is 0xFB, which also asks for a file
      textRow('', 'a'), // an empty string is 0x00, which also is OK
      textRow('x'.repeat(0xfa), 'a'), textRow('x'.repeat(300), 'a'), textRow(long, 'a'), textRow('', ''),
    ];
    const outcome = everySplit(t, [
      ...login(dialect), ask(query('SELECT 1')), answer(...resultSet(dialect, rows, { columns: 2 })),
        ...last(dialect),
    ]);
    t.ok(isInStep(outcome));
    t.match(eventsOf(outcome, 'usageEnded')[0], {
      rows: rows.length, bytes: wireBytes(...rows), columns: 2, largestRowBytes: wireBytes(rows[4]!),
    });
  });

  await t.test(`${dialect}: an error ends a response at any packet`, async (t) => {
    const result = resultSet(dialect, [textRow('1'), textRow('2')], { columns: 2 });
    for (let before = 0; before < result.length; before += 1) {
      const payloads = [...result.slice(0, before), err(1317)];
      const outcome = everySplit(t, [
        ...login(dialect), ask(query('SELECT 1')), answer(...payloads), ...last(dialect),
      ]);
      t.ok(isInStep(outcome), `after ${before} packets`);
      if (before > 0) t.match(eventsOf(outcome, 'usageEnded')[0], { error: 1317, isCut: false },
        `after ${before}`);
    }
  });

  await t.test(`${dialect}: an error ends a PREPARE in the middle of its definitions`, async (t) => {
    const payloads = preparedAnswer(dialect, 5, 2, 2);
    for (let before = 0; before < payloads.length; before += 1) {
      const outcome = everySplit(t, [
        ...login(dialect), ask(prepare('SELECT ?')), answer(...payloads.slice(0, before), err(1317)),
          ...last(dialect),
      ]);
      t.ok(isInStep(outcome), `after ${before} packets`);
    }
  });

  await t.test(`${dialect}: expects an OK after a result of OUT parameters`, async (t) => {
    const outcome = everySplit(t, [
      ...login(dialect), ask(prepare('CALL p(?)')), answer(...preparedAnswer(dialect, 1, 0, 1)),
      // MySQL 9.7 with EOF packets: only the EOF after the definitions says that these are OUT parameters.
      ask(execute(1)),
      answer(...resultSet(dialect, [binaryRow('7')], {
        metadataStatusFlags: OUT | MORE, statusFlags: dialect === 'eof' ? Status.AUTOCOMMIT : OUT | MORE,
      }), ok()),
      ...last(dialect),
    ]);
    t.ok(isInStep(outcome));
    t.match(eventsOf(outcome, 'usageEnded')[0], { text: 'CALL p(?)', rows: 1, resultSets: 1 });
  });

  await t.test(`${dialect}: does not take a procedure's own cursor for the client's`, async (t) => {
    const lying = resultSet(dialect, [binaryRow('1'), binaryRow('2')], { statusFlags: CURSOR | MORE });
    const outParameters = resultSet(dialect, [binaryRow('1')], { metadataStatusFlags: OUT | MORE,
      statusFlags: CURSOR });
    for (const flags of [0, CURSOR_READ_ONLY]) {
      for (const results of [lying, dialect === 'eof' ? outParameters : []]) {
        const outcome = everySplit(t, [
          ...login(dialect), ask(prepare('CALL p()')), answer(...preparedAnswer(dialect, 1, 0, 0)),
          ask(execute(1, flags)), answer(...results, ok(CURSOR)), ...last(dialect),
        ]);
        t.ok(isInStep(outcome));
        t.same(eventsOf(outcome, 'cursorOpened'), []);
        const rows = results === lying ? 2 : 1;
        if (results.length > 0) t.match(eventsOf(outcome, 'usageEnded')[0], { rows, isComplete: true });
      }
    }
  });

  await t.test(`${dialect}: reports the text of a prepared statement when it is executed`, async (t) => {
    for (const [columns, parameters] of [[0, 0], [1, 0], [0, 3], [300, 2]] as const) {
      const outcome = everySplit(t, [
        ...login(dialect), ask(prepare('SELECT the text')),
          answer(...preparedAnswer(dialect, 3, columns, parameters)),
        ask(execute(3)), answer(...resultSet(dialect, [binaryRow('1')])),
        ask(close(3)), ask(execute(3)), answer(err(1243)), ...last(dialect),
      ]);
      t.ok(isInStep(outcome), `${columns} columns, ${parameters} parameters`);
      t.match(eventsOf(outcome, 'usageEnded'), [{ text: 'SELECT the text', rows: 1 }, { text: LAST }]);
      t.equal(outcome.conversation.statements.size, 0);
    }
  });

  await t.test(`${dialect}: counts no definitions of a FIELD_LIST, and finds its end`, async (t) => {
    for (const count of [0, 1, 4]) {
      const outcome = everySplit(t, [
        ...login(dialect), ask(command(Command.FIELD_LIST, 't\0')), answer(...definitions(count),
          rowsEnd(dialect)),
        ask(command(Command.FIELD_LIST, 't\0')), answer(...definitions(count), err(1317)), ...last(dialect),
      ]);
      t.ok(isInStep(outcome));
      t.equal(eventsOf(outcome, 'usageEnded').length, 1);
    }
  });

  await t.test(`${dialect}: follows every command that one packet answers`, async (t) => {
    const single = [
      Command.SLEEP, Command.INIT_DB, Command.CREATE_DB, Command.DROP_DB, Command.REFRESH, Command.SHUTDOWN,
      Command.CONNECT, Command.PROCESS_KILL, Command.DEBUG, Command.PING, Command.TIME,
        Command.DELAYED_INSERT,
      Command.TABLE_DUMP, Command.CONNECT_OUT, Command.REGISTER_REPLICA, Command.STMT_RESET,
        Command.SET_OPTION,
      Command.DAEMON, Command.RESET_CONNECTION, 0x66, 0xfe,
    ];
    for (const code of single) {
      for (const payload of [ok(), rowsEnd(dialect), err(1047)]) {
        const outcome = everySplit(t, [...login(dialect), ask(command(code, 'rest')), answer(payload),
          ...last(dialect)]);
        t.ok(isInStep(outcome), commandName(code));
      }
    }
  });

  await t.test(`${dialect}: follows statistics: bare text or an error`, async (t) => {
    for (const payload of [Buffer.from('Uptime: 17'), err(1227)]) {
      const outcome = everySplit(t, [
        ...login(dialect), ask(command(Command.STATISTICS)), answer(payload), ...last(dialect),
      ]);
      t.ok(isInStep(outcome));
    }
  });
}

await t.test('a true EOF packet ends rows with CLIENT_DEPRECATE_EOF', async (t) => {
  // MySQL 9.7 sends it where a procedure's handler swallows an error in the middle of a result.
  const swallowed = [...resultSet('deprecate-eof', [textRow('1')]).slice(0, -1), eof(MORE)];
  const outcome = everySplit(t, [
    ...login('deprecate-eof'), ask(query('CALL p()')),
    answer(...swallowed, ...resultSet('deprecate-eof', [textRow('2')], { statusFlags: MORE }), ok()),
    ...last('deprecate-eof'),
  ]);
  t.ok(isInStep(outcome));
  t.match(eventsOf(outcome, 'usageEnded')[0], { rows: 2, resultSets: 2 });
});

await t.test('relays an error that a server sends unasked before it closes', async (t) => {
  for (const sequenceId of [0, 1]) {
    const turns = [...login('eof'), fromServer(packetsFrom(sequenceId, err(4031)))];
    const outcome = everySplit(t, turns);
    t.same(eventsOf(outcome, 'unparsed'), []);
    t.equal(outcome.toClient.length, allFrom('server', turns).length);
  }
});

await t.test('reports a packet that answers no command and is no error', async (t) => {
  const outcome = everySplit(t, [...login('eof'), fromServer(packetsFrom(0, ok()))]);
  t.match(eventsOf(outcome, 'unparsed'),
    [{ direction: 'server', reason: 'a packet that answers no command' }]);
});

await t.test('marks a usage as incomplete when following ends before the result does', async (t) => {
  const rows = [textRow('1'), textRow('2'), Buffer.alloc(0)];
  const outcome = everySplit(t, [...login('eof'), ask(query('q')), answer(...resultSet('eof', rows))]);
  t.match(eventsOf(outcome, 'unparsed'), [{ reason: 'an empty row', awaited: 'row' }]);
  t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 2, isComplete: false }]);
});

await t.test('relays binary log events unseen, and ends open cursors', async (t) => {
  const event = Buffer.concat([Buffer.from([0]), Buffer.alloc(40, 0xfb)]);
  for (const code of [Command.BINLOG_DUMP, Command.BINLOG_DUMP_GTID, Command.CLONE]) {
    const turns: Turn[] = [
      ...login('eof'), ask(prepare('SELECT 1')), answer(...preparedAnswer('eof', 1, 1, 0)),
      ask(execute(1, CURSOR_READ_ONLY)), answer(...resultSet('eof', [], { statusFlags: CURSOR }).slice(0,
        -1)),
      ask(command(code, 'file')), answer(event, event), fromServer(Buffer.from('whatever')),
    ];
    const outcome = everySplit(t, turns);
    t.equal(outcome.conversation.phase, 'stream');
    t.same(eventsOf(outcome, 'unparsed'), [], 'that is known, so there is nothing to tell');
    t.match(eventsOf(outcome, 'usageEnded'), [{ isComplete: false, rows: 0 }]);
    t.equal(outcome.toClient.length, allFrom('server', turns).length);
    t.equal(outcome.toServer.length, allFrom('client', turns).length);
  }
  const refused = everySplit(t, [...login('eof'), ask(command(Command.BINLOG_DUMP)), answer(err(1227)),
    ...last('eof')]);
  t.ok(isInStep(refused), 'where the server refuses, commands go on');
});

await t.test("expects MySQL's error for a malformed command that otherwise has no answer", async (t) => {
  const malformed = [command(Command.STMT_CLOSE, 'x'), command(Command.STMT_SEND_LONG_DATA, 'xxxx')];
  for (const payload of malformed) {
    const mysql = everySplit(t, [...login('eof'), ask(payload), answer(err(1835)), ...last('eof')]);
    t.ok(isInStep(mysql));
    const mariadb = everySplit(t, [...login('eof', { server: 'mariadb' }), ask(payload), ...last('eof')]);
    t.ok(isInStep(mariadb));
  }
});

await t.test('a progress report of MariaDB does not end a response', async (t) => {
  const report = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 1, 1, 2, 0, 0, 0]),
    encodeLenencString('copy to tmp table')]);
  const capabilities = Capability.MARIADB_PROGRESS;
  const outcome = everySplit(t, [
    ...login('eof', { server: 'mariadb', capabilities }), ask(query('ALTER TABLE t ADD INDEX (a)')),
    answer(report, report, ok()), ...last('eof'),
  ]);
  t.ok(isInStep(outcome));
});

await t.test('does not wait for definitions that the server leaves out', async (t) => {
  const withFlag = (flag: number, payloads: Buffer[]): Buffer[] =>
    [Buffer.concat([payloads[0]!, Buffer.from([flag])]), ...payloads.slice(flag === 1 ? 1 : 2)];
  for (const [server, capabilities] of [
    ['mysql', Capability.OPTIONAL_RESULTSET_METADATA], ['mariadb', Capability.MARIADB_CACHE_METADATA],
  ] as const) {
    for (const dialect of DIALECTS) {
      const result = resultSet(dialect, [textRow('1'), textRow('2')]);
      const outcome = everySplit(t, [
        ...login(dialect, { server, capabilities }), ask(query('SELECT 1')), answer(...withFlag(1, result)),
        ask(query('SELECT 2')), answer(...withFlag(0, result)),
        ask(query(LAST)), answer(...withFlag(0, resultSet(dialect, [textRow('1')]))),
      ]);
      t.ok(isInStep(outcome), `${server}, ${dialect}`);
      t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 2, columns: 1 }, { rows: 2, columns: 1 },
        { rows: 1 }]);
    }
  }
});

await t.test('the default schema is the one that was chosen last', async (t) => {
  const tracked = (schema: string): Buffer => {
    const change = Buffer.concat([Buffer.from([1]), encodeLenencString(encodeLenencString(schema))]);
    const flags = Buffer.from([2, 0x40, 0, 0]);
    return Buffer.concat([Buffer.from([0, 0, 0]), flags, Buffer.from([0]), encodeLenencString(change)]);
  };
  const start = login('eof', { capabilities: Capability.SESSION_TRACK });
  const schemaAfter = (...turns: Turn[]): string => everySplit(t, turns).conversation.schema;
  t.equal(schemaAfter(...start), 'shop');
  t.equal(schemaAfter(...start, ask(command(Command.INIT_DB, 'attic')), answer(ok())), 'attic');
  t.equal(schemaAfter(...start, ask(command(Command.INIT_DB, 'attic')), answer(err(1049))), 'shop');
  t.equal(schemaAfter(...start, ask(query('USE cellar')), answer(tracked('cellar'))), 'cellar');
  const result = [...resultSet('eof', [textRow('1')], { statusFlags: MORE }), tracked('roof')];
  t.equal(schemaAfter(...start, ask(query('CALL p()')), answer(...result)), 'roof');
  const untracked = everySplit(t, [...login('eof'), ask(query('USE cellar')), answer(ok())]);
  t.match(eventsOf(untracked, 'statementDone'), [{ text: 'USE cellar', answers: 1, toldSchema: false }],
    'where it is not tracked, the text can tell');
});

await t.test('one packet ends a fetch without rows, and a fetch without a cursor', async (t) => {
  for (const dialect of DIALECTS) {
    const outcome = everySplit(t, [
      ...login(dialect), ask(fetch(1, 5)), answer(rowsEnd(dialect, CURSOR)), ask(fetch(1, 5)),
        answer(err(1421)),
      ...last(dialect),
    ]);
    t.ok(isInStep(outcome));
  }
});

await t.test('reads an OK packet that is longer than what is kept of it', async (t) => {
  const long = Buffer.concat([okEof(), Buffer.from([0xfd, 0, 0, 1]), Buffer.alloc(0x10000, 0x41)]);
  const result = resultSet('deprecate-eof', [textRow('1')]);
  const outcome = everySplit(t, [
    ...login('deprecate-eof', { capabilities: Capability.SESSION_TRACK }), ask(query('SELECT 1')),
    answer(...result.slice(0, -1), long), ...last('deprecate-eof'),
  ]);
  t.ok(isInStep(outcome));
});
