import { Capability } from '../../../src/protocol/capabilities.js';
import { Command, LAST_PREPARED_STATEMENT_ID } from '../../../src/protocol/commands.js';
import {
  bulkExecute, close, CURSOR_READ_ONLY, execute as executeBare, fetch, prepare,
} from '../../support/commandPayloads.js';
import type { Part } from '../../support/answerReader.js';
import type { ServerKind } from '../../support/servers.js';
import type { WireClient } from '../../support/wireClient.js';
import { command, type Group, inWays, last, query, script, statement, together, volatile } from '../line.js';

const LOAD = "LOAD DATA LOCAL INFILE 'lines' INTO TABLE loaded";
const LOADED = 'SELECT COUNT(*), SUM(id), SUM(LENGTH(label)) FROM loaded';
const file = (...contents: string[]): Buffer[] => contents.map((content) => Buffer.from(content));

const infile: Group = {
  name: 'LOCAL INFILE',
  setup: ['DROP TABLE IF EXISTS shop.loaded', 'CREATE TABLE shop.loaded (id INT, label VARCHAR(40))'],
  lines: [
    query(LOAD, { files: [file('1\tone\n2\ttwo\n', '3\tthree\n')] }),
    query(LOADED),
    query(LOAD), // refused: the client sends nothing
    query(LOAD, { files: [file(...Array.from({ length: 300 }, (_, i) => `${i}\tmany ${i}\n`))] }),
    query(LOAD, { files: [file('\x03', '5', '\tx', '\n')] }),
    query(LOAD, { files: [file('\x01\0\0\0\x01', '\x03SELECT 1\n')] }), // what looks like packets and commands
    query(`SELECT 1; ${LOAD}; SELECT 2`, { files: [file('4\tfour\n')] }),
    query(`${LOAD}; ${LOAD}; SELECT 2; ${LOAD}`, { files: [file('5\tfive\n'), file('6\tsix\n'), file('7\tseven\n')] }),
    query(`${LOAD}; SELECT nosuch; ${LOAD}`, { files: [file('8\teight\n')] }),
    query(`SELECT 1; ${LOAD}; ${LOAD}`),
    query(`${LOAD} (nosuch)`, { files: [file('9\tnine\n')] }),
    query("LOAD DATA LOCAL INFILE 'lines' INTO TABLE nosuch", { files: [file('9\tnine\n')] }),
    query(
      `${LOAD} FIELDS TERMINATED BY ',' IGNORE 1 LINES (id, @l) SET label = UPPER(@l)`,
      { files: [file('id,label\n10,ten\n')] },
    ),
    query(LOAD, { files: [file('not a number\tx\n11\n12\ta\tb\n')] }), // with warnings
    query('SHOW WARNINGS'),
    query("LOAD DATA LOCAL INFILE '' INTO TABLE loaded", { files: [file('13\tthirteen\n')] }),
    query(`LOAD DATA LOCAL INFILE '${'n'.repeat(400)}' INTO TABLE loaded`, { files: [file('14\tfourteen\n')] }),
    query("LOAD DATA INFILE '/nosuch' INTO TABLE loaded"),
    query(
      "LOAD XML LOCAL INFILE 'rows' INTO TABLE loaded ROWS IDENTIFIED BY '<row>'",
      { files: [file('<row><id>15</id></row>')] },
    ),
    query(LOADED),
    command('PING', Command.PING),
  ],
};

/** A statement of this many bytes, its command byte included. */
const long = (bytes: number): ((client: WireClient) => Buffer) => (client) =>
  client.query(`SELECT LENGTH('${'q'.repeat(bytes - client.query("SELECT LENGTH('')").length)}')`);

const FULL = 0xff_ffff;

const longData = script('long data of 0xFFFFFF bytes', (client) => client.withStatement('SELECT LENGTH(?)', (id) => {
  const head = Buffer.from([Command.STMT_SEND_LONG_DATA, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(id, 1);
  return client.ask([Buffer.concat([head, Buffer.alloc(FULL - head.length, 'l')]), executeBare(id, 0, [null])]);
}));

const largeCommands: readonly Group[] = [
  ...[FULL - 1, FULL, FULL + 1]
    .map((bytes) => together(`a COM_QUERY of ${bytes} bytes`, (client) => [long(bytes)(client)])),
  together('a COM_QUERY of 2 * 0xFFFFFF bytes, and commands after it in the same write', (client) => [
    long(2 * FULL)(client), Buffer.from([Command.PING]), client.query('SELECT 1')]),
  longData,
  query(LOAD, { files: [[Buffer.concat([Buffer.from('1\t'), Buffer.alloc(FULL - 2, 'f')]), Buffer.from('\n')]] }),
].map((line, i) => ({
  name: `commands and files of 16 MiB: ${i + 1}`, isLarge: true,
  setup: ['DROP TABLE IF EXISTS shop.loaded', 'CREATE TABLE shop.loaded (id INT, label LONGTEXT)'],
  lines: [line, query(LOADED)],
}));

const DUMP_NON_BLOCKING = 1;

/** A binary log of a few statements, whose reader leaves at its end. */
const binaryLog = (server: ServerKind, forget: string, ...settings: string[]): Group => ({
  name: `the binary log of ${server}`, server,
  setup: [forget, 'CREATE TABLE shop.logged (id INT, word ' +
    'LONGTEXT)', "INSERT INTO shop.logged VALUES (1, 'a'), (2, REPEAT('b', 100000))",
    'UPDATE shop.logged SET id = id + 1', 'DROP TABLE shop.logged'],
  lines: [last(volatile(script('read to its end', async (client) => {
    for (const setting of settings) await client.sql(setting);
    const [log] = await client.sql('SHOW BINARY LOGS');
    const front = Buffer.from([Command.BINLOG_DUMP, 4, 0, 0, 0, DUMP_NON_BLOCKING, 0, 77, 0, 0, 0]);
    client.transport.sendCommands([Buffer.concat([front, Buffer.from(log?.[0] ?? '')])]);
    const parts: Part[] = [];
    for (;;) {
      const { payload } = await client.transport.packet();
      parts.push({ is: 'text', bytes: payload });
      if (payload[0] !== 0x00) return parts;
    }
  })))],
});

const bulk: Group = {
  name: 'bulk execution', server: 'mariadb', needs: Capability.MARIADB_STMT_BULK_OPERATIONS,
  setup: [
    'DROP TABLE IF EXISTS shop.bulked',
    'CREATE TABLE shop.bulked (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, word VARCHAR(40) UNIQUE)',
  ],
  lines: [
    script('an INSERT of three rows', (client) => client.withStatement('INSERT INTO bulked (word) VALUES (?)', (id) =>
      client.ask([bulkExecute(id, ['a', 'b', 'c'])]))),
    script('an INSERT that fails on its second row', (client) =>
      client.withStatement('INSERT INTO bulked (word) VALUES (?)', (id) =>
      client.ask([bulkExecute(id, ['d', 'a', 'e'])]))),
    script('an INSERT of 5,000 rows', (client) => client.withStatement('INSERT INTO bulked (word) VALUES (?)', (id) =>
      client.ask([bulkExecute(id, Array.from({ length: 5000 }, (_, i) => `w${i}`))]))),
    script('INSERT … RETURNING', (client) =>
      client.withStatement('INSERT INTO bulked (word) VALUES (?) RETURNING id, word', (id) =>
      client.ask([bulkExecute(id, ['h', 'i'])]))),
    script(
      'an UPDATE',
      (client) => client.withStatement(
        'UPDATE bulked SET word = NULL WHERE word = ?', (id) => client.ask([bulkExecute(id, ['h', 'i'])]),
      ),
    ),
    script(
      'a SELECT',
      (client) => client.withStatement(
        'SELECT id FROM bulked WHERE word = ?', (id) => client.ask([bulkExecute(id, ['a', 'b'])]),
      ),
    ),
    script('unit results, which it does not ' +
      'have', (client) => client.withStatement('INSERT INTO bulked (word) VALUES (?)', (id) => {
      const payload = bulkExecute(id, ['u']);
      payload[5]! |= 64;
      return client.ask([payload]);
    })),
    together('PREPARE, bulk execution of the last one and CLOSE in one write', () => [
      prepare('INSERT INTO bulked (word) VALUES (?)'), bulkExecute(LAST_PREPARED_STATEMENT_ID, ['x', 'y']),
      close(LAST_PREPARED_STATEMENT_ID)]),
    together('thirty of them in one write', (client) => Array.from({ length: 30 }, (_, i) => [
      prepare('INSERT INTO bulked (word) VALUES (?)'), executeBare(LAST_PREPARED_STATEMENT_ID, 0, [`many ${i}`]),
      close(LAST_PREPARED_STATEMENT_ID),
      client.query('SELECT 1')]).flat()),
    script('bulk execution of no statement', (client) => client.ask([bulkExecute(99, ['a'])])),
    query('SELECT COUNT(*) FROM bulked'),
  ],
};

const cachedMetadata: Group = {
  name: 'metadata kept by the client', server: 'mariadb', needs: Capability.MARIADB_CACHE_METADATA,
  setup: [
    'DROP TABLE IF EXISTS shop.shifting', 'CREATE TABLE shop.shifting (id INT)',
    'INSERT INTO shop.shifting VALUES (1), (2)',
  ],
  lines: [
    script('executed three times', (client) =>
      client.withStatement('SELECT id, label FROM numbers WHERE id <= 4', async (id) => [
      ...await client.ask([executeBare(id)]), ...await client.ask([executeBare(id)]),
      ...await client.ask([executeBare(id)])])),
    script('with a cursor and without', (client) =>
      client.withStatement('SELECT id, label FROM numbers WHERE id <= 4', async (id) => [
      ...await client.ask([executeBare(id, CURSOR_READ_ONLY)]), ...await client.ask([fetch(id, 3)]),
      ...await client.ask([fetch(id, 3)]),
      ...await client.ask([executeBare(id)]), ...await client.ask([executeBare(id, CURSOR_READ_ONLY)]),
      ...await client.ask([fetch(id, 9)])])),
    script('of a CALL', (client) => client.withStatement('CALL two_results()', async (id) => [
      ...await client.ask([executeBare(id)]), ...await client.ask([executeBare(id)])])),
    script('of no rows', (client) => client.withStatement('SELECT id FROM numbers WHERE FALSE', async (id) => [
      ...await client.ask([executeBare(id)]), ...await client.ask([executeBare(id)])])),
    script('whose table changes', (client) => client.withStatement('SELECT * FROM shifting', async (id) => [
      ...await client.ask([executeBare(id)]),
      ...await client.ask([client.query('ALTER TABLE shifting ADD COLUMN more INT')]),
      ...await client.ask([executeBare(id)]), ...await client.ask([executeBare(id)])])),
    together('sent ahead', () => [prepare('SELECT id FROM numbers WHERE id <= ' +
      '2'), executeBare(LAST_PREPARED_STATEMENT_ID),
      executeBare(LAST_PREPARED_STATEMENT_ID), close(LAST_PREPARED_STATEMENT_ID)]),
    query('SELECT id FROM numbers WHERE id <= 3'),
  ],
};

/** Their number depends on the clock. */
const progress: Group = {
  name: 'reports of progress', server: 'mariadb', needs: Capability.MARIADB_PROGRESS,
  setup: ['DROP TABLE IF EXISTS shop.slow', 'CREATE TABLE shop.slow (id INT, label VARCHAR(40))',
    'INSERT INTO shop.slow SELECT id, label FROM shop.numbers WHERE id <= 250'],
  lines: [
    query('SET progress_report_time = 1'),
    volatile(
      query(
        'ALTER TABLE slow ADD COLUMN late INT NOT NULL DEFAULT (LENGTH(SHA2(REPEAT(label, 300000), 512))), ALGORITHM ' +
          '= COPY',
      ),
    ),
    query('SELECT 1'),
  ],
};

const mariadbStatements: Group = {
  name: "MariaDB's own statements", server: 'mariadb',
  setup: ['DROP TABLE IF EXISTS shop.returned, shop.versioned', 'DROP SEQUENCE IF EXISTS shop.counted'],
  lines: [
    query('CREATE TABLE returned (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, word VARCHAR(40))'),
    query("INSERT INTO returned (word) VALUES ('a'), ('b'), ('c') RETURNING id, word"),
    query("REPLACE INTO returned (id, word) VALUES (1, 'z') RETURNING *"),
    query('DELETE FROM returned WHERE id = 99 RETURNING id'),
    query('DELETE FROM returned WHERE id < 3 RETURNING id, word'),
    query('CREATE SEQUENCE counted'),
    query('SELECT NEXT VALUE FOR counted, PREVIOUS VALUE FOR counted'),
    query("EXECUTE IMMEDIATE 'SELECT id FROM numbers WHERE id <= ?' USING 3"),
    query('BEGIN NOT ATOMIC SELECT 1; SELECT 2; END'),
    query('SET STATEMENT max_statement_time = 1 FOR SELECT 3'),
    query('CREATE TABLE versioned (id INT) WITH SYSTEM VERSIONING'),
    query('SELECT * FROM versioned FOR SYSTEM_TIME ALL'),
    inWays(volatile(statement('ANALYZE FORMAT=JSON SELECT COUNT(*) FROM returned')), 'text', 'binary'),
    statement('SHOW CREATE SEQUENCE counted'),
    statement('SELECT seq FROM seq_1_to_20'),
    statement("SELECT JSON_VALUE('{\"a\": 1}', '$.a'), INET6_ATON('::1')"),
    query('CREATE OR REPLACE TABLE returned (id INT)'),
    volatile(query('SHOW EXPLAIN FOR 1')),
    query('DROP TABLE returned, versioned'),
    query('DROP SEQUENCE counted'),
  ],
};

const mysqlStatements: Group = {
  name: "MySQL's own statements", server: 'mysql',
  lines: [
    query('SET PERSIST_ONLY max_connections = 1000'),
    query('RESET PERSIST'),
    statement('TABLE nothing ORDER BY id LIMIT 1'),
    statement('SELECT * FROM JSON_TABLE(\'[{"a": 1}, {"a": null}]\', \'$[*]\' COLUMNS (a INT PATH \'$.a\')) j'),
    statement('SELECT * FROM LATERAL (SELECT 1 AS one) l'),
    inWays(volatile(statement('EXPLAIN FORMAT=TREE SELECT id FROM numbers WHERE id = 1')), 'text', 'binary'),
    statement('SHOW CREATE TABLE mysql_type_0'),
    statement('SELECT /*+ MAX_EXECUTION_TIME(100000) */ 1'),
  ],
};

export const transferGroups: readonly Group[] = [
  infile, ...largeCommands,
  binaryLog(
    'mariadb', 'RESET MASTER', 'SET @master_binlog_checksum = @@global.binlog_checksum',
    'SET @mariadb_slave_capability = 4',
  ),
  binaryLog(
    'mysql', 'RESET BINARY LOGS AND GTIDS', 'SET @source_binlog_checksum = @@global.binlog_checksum',
    'SET @master_binlog_checksum = @@global.binlog_checksum',
  ),
  bulk, cachedMetadata, progress, mariadbStatements, mysqlStatements,
];
