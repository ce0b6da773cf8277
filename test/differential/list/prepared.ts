import { Capability } from '../../../src/protocol/capabilities.js';
import { Command, LAST_PREPARED_STATEMENT_ID } from '../../../src/protocol/commands.js';
import {
  close, CURSOR_READ_ONLY, execute as executeBare, fetch, longData, prepare, reset,
} from '../../support/commandPayloads.js';
import { type BoundParameter, RARE_EXAMPLES, VALUE_EXAMPLES } from '../../support/executePacket.js';
import { bare, command, cursor, execute, type Group, prepared, script, together, volatile } from '../line.js';

const NUMBERS = (last: number): string => `SELECT id, label FROM numbers WHERE id <= ${last} ORDER BY id`;
const VAR_STRING = 0xfd;
const LONG = 3;

const text = (value: string): BoundParameter =>
  ({ type: VAR_STRING, bytes: Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]) });
const int = (value: number): BoundParameter => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return { type: LONG, bytes };
};
const NULL: BoundParameter = { type: VAR_STRING, bytes: null };

const parameters: Group = {
  name: 'parameters of every type',
  lines: [...VALUE_EXAMPLES, ...RARE_EXAMPLES].map((example) => ({
    ...prepared('SELECT ? AS v, ? IS NULL', [example, example]), title: `a parameter: ${example.title}`,
    ...(example.title === 'TIME of nine bytes' ? { isVolatile: true } : {}), // servers read beyond it
  })),
};

const preparedStatements: Group = {
  name: 'prepared statements',
  setup: [
    'DROP TABLE IF EXISTS shop.kept',
    'CREATE TABLE shop.kept (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, word VARCHAR(300))',
  ],
  lines: [
    prepared(
      'SELECT id, label FROM numbers WHERE id <= ? AND label <> ? ORDER BY id', [int(3), text('x')],
      [int(5), text('row 2')], [int(0), NULL],
    ),
    prepared('INSERT INTO kept (word) VALUES (?)', [text('a')], [text('b')], [NULL]),
    prepared('INSERT INTO kept (id, word) VALUES (?, ?)', [int(1), text('again')]),
    prepared('UPDATE kept SET word = ? WHERE id <= ?', [text('u'), int(2)]),
    prepared('DELETE FROM kept WHERE id = ?', [int(1)], [int(1)]),
    prepared('SELECT word FROM kept WHERE word IS NULL OR word = ? ORDER BY id', [text('u')]),
    prepared('CALL two_results()', []),
    prepared('CALL out_parameter(?, ?)', [int(2), int(0)], [int(0), NULL]),
    prepared('CALL out_only(?, ?, ?)', [NULL, NULL, text('2024-02-29 12:00:00')]),
    prepared('CALL own_cursor_out(?)', [int(0)]),
    prepared('CALL fails_between()', []),
    prepared('DO ?', [int(1)]),
    prepared('SET @v = ?', [text('set')]),
    prepared('SHOW TABLES LIKE \'num%\'', [], []),
    prepared('EXPLAIN SELECT id FROM kept WHERE id = ?', [int(1)]),
    prepared('SELECT ?', [text('x'.repeat(250))], [text('')]),
    prepared('SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?', Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? NULL : int(i)))),
    prepared(
      `SELECT ${Array.from({ length: 300 }, () => '?').join(', ')}`, Array.from({ length: 300 }, (_, i) => int(i)),
    ),
    prepared('SELECT nosuch', []),
    prepared('SELECT 1; SELECT 2', []),
    prepared('', []),
    prepared('USE shop', []),
    prepared('START TRANSACTION', []),
    prepared('COMMIT', []),
    prepared('CREATE TEMPORARY TABLE passing (id INT)', []),
    prepared('LOCK TABLES kept READ', []),
    prepared('UNLOCK TABLES', []),
    prepared('LOAD DATA LOCAL INFILE \'x\' INTO TABLE kept', []),
    script('a statement whose table changes between its executions', async (client) =>
      client.withStatement('SELECT * FROM kept WHERE id = 2', async (id) => [
        ...await client.ask([executeBare(id)]),
        ...await client.ask([client.query('ALTER TABLE kept ADD COLUMN added INT')]),
        ...await client.ask([executeBare(id)]),
        ...await client.ask([client.query('DROP TABLE kept')]),
        ...await client.ask([executeBare(id)]),
      ])),
    script('long data in pieces, for both parameters, then none', async (client) =>
      client.withStatement('SELECT ? AS a, ? AS b', async (id) => [
        ...await client.ask([longData(id, 0, 'long '), longData(id, 0, 'data'), longData(id, 1, ''),
        longData(id, 1, 'x'.repeat(70_000)),
          execute(
          client, id, [{ type: VAR_STRING, bytes: Buffer.alloc(0) }, { type: VAR_STRING, bytes: Buffer.alloc(0) }],
        )]),
        ...await client.ask([reset(id)]),
        ...await client.ask([execute(client, id, [text('a'), text('b')])]),
        ...await client.ask([longData(id, 7, 'no such parameter'), execute(client, id, [text('a'), text('b')])]),
      ])),
    command('EXECUTE of no statement', Command.STMT_EXECUTE, Buffer.from([99, 0, 0, 0, 0, 1, 0, 0, 0])),
    command('FETCH of no statement', Command.STMT_FETCH, Buffer.from([99, 0, 0, 0, 1, 0, 0, 0])),
    command('RESET of no statement', Command.STMT_RESET, Buffer.from([99, 0, 0, 0])),
    together('CLOSE of no statement, and a PING', () => [close(99), Buffer.from([Command.PING])]),
    together('closed twice, and executed', (client) => {
      const id = client.statementId + 1;
      return [prepare(NUMBERS(2)), close(id), close(id), executeBare(id), Buffer.from([Command.PING])];
    }),
    command('EXECUTE that is too short', Command.STMT_EXECUTE, Buffer.from([1, 0])),
    volatile(command('RESET that is too short', Command.STMT_RESET, Buffer.from([1]))), // MariaDB reads beyond it
    script('two statements in turns', async (client) => client.withStatement(NUMBERS(3), (first) =>
      client.withStatement(NUMBERS(5), async (second) => [
        ...await client.ask([executeBare(first)]), ...await client.ask([executeBare(second)]),
        ...await client.ask([executeBare(first)]),
      ]))),
    script('a hundred statements, closed in one write', async (client) => {
      const parts = [];
      const ids: number[] = [];
      for (let i = 0; i < 100; i += 1) {
        parts.push(...await client.ask([prepare(`SELECT ${i}`)]));
        ids.push(client.statementId);
      }
      for (const id of ids) parts.push(...await client.ask([executeBare(id)]));
      return [...parts, ...await client.ask([...ids.map(close), Buffer.from([Command.PING])])];
    }),
    command('RESET_CONNECTION, which drops them all', Command.RESET_CONNECTION),
    command('EXECUTE of a dropped statement', Command.STMT_EXECUTE, Buffer.from([1, 0, 0, 0, 0, 1, 0, 0, 0])),
    bare('a CLOSE of one byte and a PREPARE of nothing', Buffer.from([Command.STMT_PREPARE])),
  ],
};

const cursors: Group = {
  name: 'cursors',
  lines: [
    cursor(NUMBERS(5), [1, 1, 1, 1, 1, 1, 1]),
    cursor(NUMBERS(5), [5, 1]),
    cursor(NUMBERS(5), [100]),
    cursor(NUMBERS(5), [0, 2, 0, 100]),
    cursor(NUMBERS(5000), [1000, 1000, 1000, 1000, 1000, 1000]),
    cursor(NUMBERS(5000), Array.from({ length: 120 }, () => 7)),
    cursor(NUMBERS(5), []),
    cursor(NUMBERS(5), [2], 'reset'),
    cursor(NUMBERS(5), [2], 'execute'),
    cursor(NUMBERS(5), [2], 'leave'),
    cursor(NUMBERS(5), [], 'leave'),
    cursor('SELECT id FROM numbers WHERE FALSE', [1, 1]),
    cursor('SELECT NULL, NULL FROM numbers WHERE id <= 3', [2, 2]),
    cursor("SELECT REPEAT('c', 70000) FROM numbers WHERE id <= 20", [3, 3, 30]),
    cursor('SHOW TABLES LIKE \'num%\'', [3]),
    cursor('SHOW VARIABLES LIKE \'sql_%\'', [3, 3]),
    cursor('CALL two_results()', [1]),
    cursor('CALL own_cursor()', [1]),
    cursor('DO 1', [1]),
    cursor('SELECT nosuch', [1]),
    cursor('SELECT id FROM numbers WHERE id <= 2 UNION SELECT 9', [1, 1, 1, 1]),
    cursor(
      'SELECT id FROM numbers WHERE id <= 5 AND (SELECT id FROM numbers b WHERE b.id <= IF(numbers.id < 3, 1, 2)) > 0',
      [1, 5],
    ),
    together('PREPARE, EXECUTE with a cursor, two FETCHes and CLOSE in one write', (client) => {
      const id = client.statementId + 1;
      return [
        prepare(NUMBERS(5)), executeBare(id, CURSOR_READ_ONLY), fetch(id, 2), fetch(id, 9), close(id),
        client.query('SELECT 1'),
      ];
    }),
    script('three cursors at once', async (client) =>
      client.withStatement(NUMBERS(9), (a) => client.withStatement(NUMBERS(7), (b) =>
      client.withStatement(NUMBERS(5), async (c) => {
        const parts = [];
        for (const id of [a, b, c]) parts.push(...await client.ask([executeBare(id, CURSOR_READ_ONLY)]));
        for (const id of [a, b, c, b, a, c, c, b, a]) parts.push(...await client.ask([fetch(id, 2)]));
        return [...parts, ...await client.ask([client.query('SELECT 1')]), ...await client.ask([fetch(a, 100)])];
      })))),
    script('a cursor that a commit outlives, or not', async (client) => {
      const parts = await client.ask([client.query('START TRANSACTION')]);
      return [...parts, ...await client.withStatement(NUMBERS(5), async (id) => [
        ...await client.ask([executeBare(id, CURSOR_READ_ONLY)]), ...await client.ask([fetch(id, 1)]),
        ...await client.ask([client.query('COMMIT')]), ...await client.ask([fetch(id, 1)]),
      ])];
    }),
    command('RESET_CONNECTION with cursors open', Command.RESET_CONNECTION),
    command('PING', Command.PING),
  ],
};

/**
 * MySQL 9.7 answers the second EXECUTE with definitions and an OK packet, so that every client waits for the end of
 * the rows. Without EOF packets that OK looks like a row.
 */
const brokenExecute: Group = {
  name: "MySQL's broken execution after a cursor", server: 'mysql', isUnparsed: true,
  without: Capability.DEPRECATE_EOF,
  lines: [
    script('with a cursor, then without', async (client) => {
      const parts = await client.ask([prepare(NUMBERS(2))]);
      const id = client.statementId;
      parts.push(...await client.ask([executeBare(id, CURSOR_READ_ONLY)]), ...await client.ask([fetch(id, 5)]));
      client.transport.sendCommands([executeBare(id)]);
      let packet = await client.transport.packet();
      while (packet.payload[0] !== 0x00) packet = await client.transport.packet();
      return [...parts, ...await client.ask([client.query('SELECT 9')])];
    }),
  ],
};

/**
 * MariaDB 10.11 sends the column count and definitions of one result, then a whole other result, without an EOF
 * between.
 */
const brokenAnalyze: Group = {
  name: "MariaDB's broken ANALYZE after a cursor", server: 'mariadb', isUnparsed: true,
  without: Capability.DEPRECATE_EOF,
  lines: [
    script('with a cursor', async (client) => {
      const parts = await client.ask([prepare('ANALYZE SELECT id FROM numbers WHERE id <= 3')]);
      client.transport.sendCommands([executeBare(client.statementId, CURSOR_READ_ONLY)]);
      for (let ends = 0; ends < 2;) if ((await client.transport.packet()).payload[0] === 0xfe) ends += 1;
      return [...parts, ...await client.ask([client.query('SELECT 9')])];
    }),
  ],
};

const ahead: Group = {
  name: 'commands sent ahead',
  lines: [
    together('five statements', (client) => [1, 2, 3, 4, 5].map((i) => client.query(`SELECT ${i}`))),
    together('with errors between', (client) => [
      client.query('SELECT 1'), client.query('SELECT nosuch'), client.query('SELECT 1; SELECT nosuch; SELECT 2'),
      client.query('SELECT 3')]),
    together('of every kind', (client) => {
      const id = client.statementId + 1;
      return [client.query(NUMBERS(3)), prepare(NUMBERS(2)), executeBare(id), close(id), Buffer.from([Command.PING]),
        Buffer.from([Command.SLEEP]),
        client.query('DO 1'), Buffer.concat([Buffer.from([Command.INIT_DB]), Buffer.from('mysql')]),
        client.query('SELECT DATABASE()'),
        Buffer.concat([Buffer.from([Command.INIT_DB]), Buffer.from('shop')]), Buffer.from([Command.RESET_CONNECTION]),
        client.query('SELECT 2')];
    }),
    together('a thousand PINGs', () => Array.from({ length: 1000 }, () => Buffer.from([Command.PING]))),
    together('forty results', (client) => Array.from({ length: 40 }, (_, i) => client.query(NUMBERS(5 * i)))),
    together('PREPARE and EXECUTE of the last one', () => [prepare(NUMBERS(2)), executeBare(LAST_PREPARED_STATEMENT_ID),
      close(LAST_PREPARED_STATEMENT_ID), Buffer.from([Command.PING])]),
    together('a PREPARE that fails and EXECUTE of the last ' +
      'one', (client) => [prepare('SELECT nosuch'), executeBare(LAST_PREPARED_STATEMENT_ID),
      client.query('SELECT 6')]),
    together('a malformed CLOSE', (client) => [Buffer.from([Command.STMT_CLOSE, 1]), client.query('SELECT 7')]),
    together(
      'malformed long data',
      (client) => [Buffer.from([Command.STMT_SEND_LONG_DATA, 1, 0, 0]), client.query('SELECT 8')],
    ),
    together(
      'CLOSEs only, then a statement',
      (client) => [...Array.from({ length: 2000 }, (_, i) => close(1000 + i)), client.query('SELECT 9')],
    ),
    together(
      'a large result and a small one after it',
      (client) => [client.query(NUMBERS(20_000)), client.query('SELECT 10')],
    ),
  ],
};

export const preparedGroups: readonly Group[] = [
  parameters, preparedStatements, cursors, brokenExecute, brokenAnalyze, ahead,
];
