import t from 'tap';
import type { ColumnCounter } from '../../src/conversation/columnCounter.js';
import { Usage } from '../../src/conversation/command.js';
import { Definitions } from '../../src/conversation/definitions.js';
import { beginCounting, noteColumns } from '../../src/conversation/resultColumns.js';
import { Command } from '../../src/protocol/commands.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { Status } from '../../src/protocol/status.js';
import { converse, type Turn } from '../support/conversationHarness.js';
import { fixtureNames, loadFixture } from '../support/recorder.js';
import { SPLITS, WHOLE } from '../support/splits.js';
import { close, CURSOR_READ_ONLY, execute, prepare } from '../support/commandPayloads.js';
import { queryCommand } from '../support/governed.js';
import { answer, ask, login, preparedAnswer, resultSet } from '../support/wirePackets.js';

const VAR_STRING = 253;
const LONG = 3;
const definition = (table: string, name: string, type: number): Buffer => encodePacket(1, Buffer.concat([
  ...['def', 'shop', 'alias', table, name, name].map(encodeLenencString),
  Buffer.from([0x0c, 45, 0, 0, 0, 0, 0, type, 0, 0, 0, 0, 0]),
]));
const textRow = (...values: (string | null)[]): Buffer =>
  encodePacket(1, Buffer.concat(
    values.map((value) => (value === null ? Buffer.from([0xfb]) : encodeLenencString(value))),
  ));
const EOF_PACKET = encodePacket(1, Buffer.from([0xfe, 0, 0, 2, 0]));
const NAMED = [definition('orders', 'id', LONG), definition('orders', 'body', VAR_STRING), definition('', 'n', LONG)];

/** A response with these thresholds. All its rows so far are counted. */
const counted = (given: object = {}) => ({
  command: { code: Command.QUERY as number, statement: null }, rows: 0, bytes: 0, resultSets: 1, columnsNow: 3,
  recordRows: Infinity, recordBytes: Infinity, columnCounter: null as ColumnCounter | null, ...given,
});

/** Shows a chunk of definitions and rows, as the reader does that has skimmed them. */
const show = (
  usage: Parameters<typeof noteColumns>[0] & { rows: number }, definitions: Buffer[], rows: Buffer[],
  behind: Buffer = Buffer.alloc(0),
) => {
  const [front, body] = [Buffer.concat(definitions), Buffer.concat(rows)];
  const chunk = Buffer.concat([front, body, behind]);
  usage.rows += rows.length;
  const at = front.length + body.length;
  const seen = new Definitions();
  seen.expect(0, definitions.length, 0);
  seen.begin(0);
  noteColumns(usage, chunk, front.length, at, chunk.length, seen);
  return usage.columnCounter;
};

t.test('gives the bytes of each column by its name and table', (t) => {
  const rows = [textRow('1', 'x'.repeat(300), null), textRow('22', 'y', '7')];
  const counter = show(counted(), NAMED, rows);
  t.equal(counter?.rows, 2);
  t.strictSame(counter?.shares(), [
    { position: 2, name: 'body', table: 'orders', bytes: 305, largest: 303 },
    { position: 1, name: 'id', table: 'orders', bytes: 5, largest: 3 },
    { position: 3, name: 'n', table: 'alias', bytes: 3, largest: 2 },
  ]);
  t.end();
});

t.test('reads rows of the binary protocol by the types of their columns', (t) => {
  const row = encodePacket(1, Buffer.concat([Buffer.from([0, 1 << 4, 1, 0, 0, 0]), encodeLenencString('body')]));
  const code = Command.STMT_EXECUTE;
  const counter = show(counted({ command: { code, statement: null } }), NAMED, [row]);
  t.strictSame(counter?.shares().map(({ name, bytes }) => [name, bytes]), [['body', 5], ['id', 4], ['n', 0]]);
  t.equal(show(counted({ command: { code, statement: { columnTypes: null } } }), [], [row]), null, 'not without them');
  const columnTypes = Buffer.from([LONG, VAR_STRING, LONG]);
  const known = show(counted({ command: { code, statement: { columnTypes } } }), [], [row]);
  t.strictSame(known?.shares().map(({ name, position, bytes }) => [name, position, bytes]),
    [[null, 2, 5], [null, 1, 4], [null, 3, 0]], 'which may be known from an earlier command');
  const others = show(counted({ command: { code, statement: { columnTypes: columnTypes.subarray(1) } } }), [], [row]);
  t.equal(others, null, 'not by those of other columns');
  t.end();
});

t.test('names columns by position when their definitions are not there', (t) => {
  const counter = show(counted(), [], [textRow('1', 'abc', '')]);
  t.match(counter?.shares(), [{ position: 2, name: null, table: null, bytes: 4 }, { position: 1 }, { position: 3 }]);
  t.end();
});

t.test('counts a response of one chunk only if a record is due, or at its limit', (t) => {
  const rows = [textRow('1', 'a', 'b'), textRow('2', 'a', 'b')];
  t.equal(show(counted(), NAMED, rows, EOF_PACKET), null);
  t.equal(show(counted({ recordRows: 2 }), NAMED, rows, EOF_PACKET), null);
  t.equal(show(counted({ recordRows: 1 }), NAMED, rows, EOF_PACKET)?.rows, 2);
  t.equal(show(counted(), NAMED, rows, textRow('3', 'a', 'b'))?.rows, 3, 'at a limit, with the row that breaks it');
  t.equal(show(counted({ resultSets: 65 }), NAMED, rows), null, 'not of one result set after the other');
  t.end();
});

t.test('counts a few rows of each chunk, and no more than 1,000', (t) => {
  const usage = counted();
  const rows = Array.from({ length: 100 }, () => textRow('1', 'a', 'b'));
  t.equal(show(usage, NAMED, rows)?.rows, 16);
  for (let i = 0; i < 100; i += 1) show(usage, [], rows);
  t.equal(usage.columnCounter?.rows, 1000);
  t.equal(usage.columnCounter?.shares()[0]?.name, 'id', 'names are kept from the first chunk');
  t.end();
});

t.test('counts the row that breaks the limit as far as its lengths can be read, and only once', (t) => {
  const usage = counted();
  const fat = textRow('1', 'x'.repeat(5000), 'behind');
  const seen = fat.subarray(0, 1000);
  for (const attempt of ['at first', 'when it is looked at again']) {
    const counter = show(usage, attempt === 'at first' ? NAMED : [], [], seen);
    t.equal(counter?.rows, 1, attempt);
    t.strictSame(counter?.shares().map(({ name, bytes }) => [name, bytes]), [['body', 5003], ['id', 2], ['n', 0]]);
  }
  // The rest is discarded: it begins with the same row, which is whole now.
  const counter = show(Object.assign(usage, { recordRows: 0 }), [], [fat, textRow('2', 'y', 'z')]);
  t.equal(counter?.rows, 2);
  t.strictSame(counter?.shares().map(({ bytes }) => bytes), [5005, 4, 2]);
  t.end();
});

t.test('counts the fetches from a cursor by the definitions that its execution brought', (t) => {
  const usage = counted({ command: { code: Command.STMT_EXECUTE, statement: null } });
  beginCounting(usage, Buffer.concat(NAMED));
  const row = encodePacket(1, Buffer.concat([Buffer.from([0, 1 << 4, 1, 0, 0, 0]), encodeLenencString('body')]));
  const counter = show(Object.assign(usage, { recordRows: 0 }), [], [row, row]);
  t.equal(counter?.rows, 2);
  t.strictSame(counter?.shares().map(({ name, bytes }) => [name, bytes]), [['body', 10], ['id', 8], ['n', 0]]);
  t.end();
});

t.test('gives up at a row that does not match its columns', (t) => {
  for (const row of [textRow('1'), textRow('1', '2', '3', '4'), encodePacket(1, Buffer.from([0xfe, 1, 2]))]) {
    t.ok(show(counted(), NAMED, [textRow('1', '2', '3'), row])?.isBroken);
  }
  t.end();
});

t.test('understands the rows that real servers have sent, however they are cut', (t) => {
  const found: Usage[] = [];
  const limit = (usage: Usage): void => {
    Object.assign(usage, { countsColumns: true, recordRows: 0 });
    found.push(usage);
  };
  // MySQL answers one fetch there with a column count and definitions, which count as rows.
  const names = ['mysql', 'mariadb'].flatMap(fixtureNames)
    .filter((name) => name !== 'mysql/raw-cursor-first-deprecate-eof');
  for (const turns of names.map(loadFixture)) {
    for (const split of SPLITS) converse(turns, { limit }, split);
  }
  t.ok(found.some(({ heaviestColumns }) => (heaviestColumns?.shares()[0]?.name ?? null) !== null));
  t.notOk(found.some(({ heaviestColumns }) => heaviestColumns?.isBroken));
  t.end();
});

/** The usages of a recorded conversation, all rows of which are counted. */
const usagesOf = (name: string, split = WHOLE): Usage[] => {
  const found: Usage[] = [];
  converse(loadFixture(name), {
    limit: (usage) => {
      Object.assign(usage, { countsColumns: true, recordRows: 0 });
      found.push(usage);
    },
  }, split);
  return found.filter(({ rows }) => rows > 0);
};

t.test('names the columns of the heaviest result set of a command', (t) => {
  const usage = new Usage(queryCommand('CALL p()'));
  Object.assign(usage, { countsColumns: true, recordRows: 0 });
  const resultSet = (definitions: Buffer[], rows: Buffer[]): void => {
    usage.beginResultSet(definitions.length);
    usage.bytes += Buffer.concat(rows).length;
    show(usage, definitions, rows, EOF_PACKET);
  };
  resultSet(NAMED, [textRow('1', 'x', '1')]);
  resultSet([definition('posts', 'text', VAR_STRING)], [textRow('x'.repeat(100)), textRow('y')]);
  resultSet([definition('tags', 'tag', VAR_STRING)], [textRow('z')]);
  const { heaviestColumns: counter } = usage;
  t.equal(counter?.resultSet, 2);
  t.equal(counter?.rows, 2);
  t.match(counter?.shares(), [{ name: 'text', table: 'posts', bytes: 103 }]);
  usage.beginResultSet(1);
  t.equal(usage.heaviestColumns, counter, 'also while a further one begins');
  t.end();
});

t.test('counts executions of which the client knows the definitions', (t) => {
  for (const name of ['mariadb/raw-cached-metadata-eof', 'mariadb/raw-cached-metadata-deprecate-eof']) {
    for (const split of SPLITS) {
      const usages = usagesOf(name, split).filter(({ command }) => command.code === Command.STMT_EXECUTE);
      t.ok(usages.length >= 6);
      for (const { heaviestColumns: counter, command } of usages) {
        t.ok(counter !== null && !counter.isBroken, `${name}, ${command.statement?.sql?.toString()}, ${split.name}`);
      }
    }
  }
  t.end();
});

t.test('knows the names of columns whose definitions come in pieces', (t) => {
  for (const name of ['mysql/raw-prepared-eof', 'mysql/raw-text-deprecate-eof', 'mariadb/raw-cursor-eof']) {
    for (const first of [1, 7, 20, 40, 60, 90]) {
      const split = { name: '', ends: ({ length }: Buffer) => [Math.min(first, length), length] };
      const usages = usagesOf(name, split).filter(({ heaviestColumns }) => (heaviestColumns?.rows ?? 0) > 0);
      t.ok(usages.length > 0);
      for (const { heaviestColumns } of usages) t.type(heaviestColumns?.shares()[0]?.name, 'string', `${name} ${first}`);
    }
  }
  t.end();
});

t.test('counts the columns of a bounded number of open cursors', (t) => {
  const columns = 2048;
  const cursor = Status.AUTOCOMMIT | Status.CURSOR_EXISTS;
  const open = (id: number): Turn[] => [
    ask(prepare(`SELECT ${id}`)), answer(...preparedAnswer('deprecate-eof', id, columns, 0)),
    ask(execute(id, CURSOR_READ_ONLY)), answer(...resultSet('deprecate-eof', [], { columns, statusFlags: cursor })),
  ];
  const found: Usage[] = [];
  converse([
    ...login('deprecate-eof'), ...[1, 2, 3, 4, 5].flatMap(open), ask(close(2)), ...open(6), ...open(7),
  ], { limit: (usage) => found.push(Object.assign(usage, { countsColumns: true })) });
  t.strictSame(found.map(({ columnCounter }) => columnCounter !== null), [true, true, true, true, false, true, false]);
  t.end();
});
