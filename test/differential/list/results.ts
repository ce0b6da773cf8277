import { type Group, inWays, query, statement, volatile } from '../line.js';

const columns = (count: number, value: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `${value(i)} AS c${i}`).join(', ');

/** One column of `bytes` bytes. */
const wide = (bytes: number): string => `SELECT REPEAT('w', ${bytes}) AS w`;

/** 0xFFFFFF, the payload from which on a packet is continued. */
const FULL = 0xff_ffff;
/** The prefix of a text row of one long column: its length in 4 or 9 bytes. */
const LENGTH_BYTES = 4;
const LONG_LENGTH_BYTES = 9;

const results: Group = {
  name: 'results',
  once: ['CREATE TABLE shop.nothing (id INT, label VARCHAR(40))'],
  lines: [
    statement('SELECT 1'),
    statement("SELECT 'a'"),
    statement("SELECT ''"),
    statement('SELECT NULL'),
    statement("SELECT NULL, 'a'"),
    statement("SELECT '', 'a'"),
    statement('SELECT NULL, NULL, NULL FROM numbers WHERE id <= 5'),
    statement('SELECT * FROM nothing'),
    statement('SELECT id FROM numbers WHERE FALSE'),
    statement('SELECT 1 FROM DUAL LIMIT 0'),
    statement('SELECT id FROM numbers WHERE id <= 1'),
    statement('SELECT id, label FROM numbers WHERE id <= 10 ORDER BY id'),
    statement('SELECT * FROM numbers WHERE id <= 1000 ORDER BY id'),
    query('SELECT id, label FROM numbers WHERE id <= 30000 ORDER BY id'),
    statement("SELECT id, REPEAT('r', 60) AS r FROM numbers WHERE id <= 3000 ORDER BY id"),
    statement('SELECT SQL_CALC_FOUND_ROWS id FROM numbers LIMIT 3'),
    statement('SELECT FOUND_ROWS()'),
    statement('SELECT DISTINCT id % 3 AS m FROM numbers ORDER BY m'),
    statement(
      'SELECT id % 10 AS m, COUNT(*), SUM(id), AVG(id), MIN(label), GROUP_CONCAT(label ORDER BY id) FROM numbers ' +
        'WHERE id <= 200 GROUP BY m WITH ROLLUP',
    ),
    statement('SELECT id FROM numbers WHERE id <= 2 UNION ALL SELECT 7 UNION SELECT 7'),
    statement('WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300) SELECT n FROM c'),
    statement('SELECT ROW_NUMBER() OVER (ORDER BY id), LAG(id) OVER (ORDER BY id) FROM numbers WHERE id <= 5'),
    statement('SELECT a.id, b.id FROM numbers a LEFT JOIN numbers b ON b.id = a.id + 2 AND b.id < 4 WHERE a.id <= 4'),
    statement('SELECT id FROM numbers ORDER BY id DESC LIMIT 3 OFFSET 5'),
    statement('SELECT id FROM numbers WHERE id < 5 FOR UPDATE'),
    statement('VALUES ROW(1, 2), ROW(3, 4)'), // a syntax error to MariaDB
    statement('TABLE nothing'),
    statement('SELECT 1 / 0, CAST(\'x\' AS SIGNED)'), // with warnings
    statement('SHOW WARNINGS'),
    statement('SELECT nosuch'),
    statement('SELECT * FROM nosuch'),
    statement('SELEC 1'),
    statement(''),
    statement('/* nothing */'),
    statement('-- nothing'),
    statement(';'),
    // Fails after rows.
    statement(
      'SELECT id FROM numbers WHERE id <= 5 AND (SELECT id FROM numbers b WHERE b.id <= IF(numbers.id < 3, 1, 2)) > 0',
    ),
    statement('SHOW TABLES LIKE \'type_1%\''),
    statement('SHOW COLUMNS FROM numbers'),
    statement('SHOW FULL COLUMNS FROM numbers'),
    statement('SHOW CREATE TABLE numbers'),
    statement('SHOW INDEX FROM nothing'),
    volatile(statement('SHOW TABLE STATUS LIKE \'nothing\'')),
    statement('SHOW DATABASES'),
    statement('SHOW GRANTS'),
    statement('SHOW CHARACTER SET'),
    statement('SHOW COLLATION LIKE \'utf8mb4_g%\''),
    statement('SHOW ENGINES'),
    statement('SHOW VARIABLES LIKE \'sql_%\''),
    volatile(statement('SHOW STATUS LIKE \'Com_sel%\'')),
    // MySQL 9.7.4 crashes if it is to open a cursor.
    inWays(volatile(statement('SHOW FULL PROCESSLIST')), 'text', 'binary'),
    volatile(statement('SHOW ENGINE INNODB STATUS')),
    volatile(statement('SHOW BINARY LOGS')),
    statement('SHOW PRIVILEGES'),
    inWays(statement('EXPLAIN SELECT * FROM nothing WHERE id = 1'), 'text', 'binary'),
    inWays(volatile(statement('EXPLAIN FORMAT=JSON SELECT * FROM numbers WHERE id = 1')), 'text', 'binary'),
    inWays(volatile(statement('ANALYZE SELECT COUNT(*) FROM nothing')), 'text', 'binary'), // see brokenAnalyze
    // MySQL 9.7.4 crashes again.
    inWays(volatile(statement('EXPLAIN ANALYZE SELECT COUNT(*) FROM nothing')), 'text', 'binary'),
    statement('DESCRIBE numbers label'),
    statement('CHECK TABLE numbers QUICK'),
    statement('CHECKSUM TABLE nothing, nosuch'),
    statement('ANALYZE TABLE nothing'),
    statement('HELP \'nosuchtopic\''),
    statement(
      'SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = \'mysql\' AND ' +
        'TABLE_NAME = \'user\' ORDER BY ORDINAL_POSITION',
    ),
    volatile(statement('SELECT NOW(6), CONNECTION_ID(), UUID(), RAND()')),
    statement('SELECT USER() LIKE \'app@%\', CURRENT_USER(), DATABASE(), SCHEMA()'),
    statement('SELECT _binary\'\\0\\xff\', x\'fbfe\', b\'1010\', N\'n\', _latin1\'l\''),
    statement('SELECT 1 AS `a very long name that has nearly sixty-four characters in it, all`'),
    statement('SELECT 1 AS ``'),
    statement('SELECT \'ä😀\' AS `ä😀`'),
  ],
};

const rowBegins: Group = {
  name: 'how rows begin',
  lines: [
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 249, 250, 251, 252, 253, 254, 255, 256, 257, 65_534, 65_535, 65_536]
      .map((bytes) =>
      statement(wide(bytes))),
    // 0xFB, 0xFC, 0xFD and 0xFE as first bytes of rows: NULL, and lengths of 2, 3 and 8 bytes.
    statement('SELECT NULL AS a UNION ALL SELECT 1 UNION ALL SELECT NULL'),
    statement("SELECT NULL, REPEAT('x', 300) UNION ALL SELECT REPEAT('y', 70000), NULL"),
    statement(`SELECT ${columns(8, () => 'NULL')}`),
    statement(`SELECT ${columns(250, (i) => String(i))}`),
    statement(`SELECT ${columns(251, (i) => String(i))}`),
    statement(`SELECT ${columns(252, () => 'NULL')}`),
    statement(`SELECT ${columns(255, () => 'NULL')}`),
    statement(`SELECT ${columns(256, () => "''")}`),
  ],
};

const wideResults: Group = {
  name: 'wide results',
  lines: [
    statement(`SELECT ${columns(1000, (i) => `'${i}'`)}`),
    statement(`SELECT ${columns(4096, (i) => String(i))}`),
    statement(`SELECT ${columns(4096, () => 'NULL')}`),
    statement(`SELECT ${columns(4096, () => 'NULL')} FROM numbers WHERE id <= 3`),
    statement(`SELECT ${columns(4096, () => '1')} FROM numbers WHERE FALSE`),
    statement(`SELECT ${columns(4097, () => '1')}`), // more than there can be
  ],
};

/** Each in a group of its own: the bytes of a group are kept until they have been compared. */
const large: readonly Group[] = [
  query(wide(FULL - LENGTH_BYTES - 1)),
  query(wide(FULL - LENGTH_BYTES)), // a payload of exactly 0xFFFFFF: an empty packet follows
  query(wide(FULL - LENGTH_BYTES + 1)),
  statement(wide(FULL)),
  query(wide(FULL + 1)), // from here on a row begins with 0xFE
  query(wide(2 * FULL - LONG_LENGTH_BYTES)), // two full packets and an empty one
  query(wide(2 * FULL - LONG_LENGTH_BYTES + 1)),
  query(`SELECT REPEAT('a', ${FULL + 9}), id FROM numbers WHERE id <= 2`),
  query(`SELECT NULL, REPEAT('b', ${FULL}), 'c'`),
  query(`SELECT 1; ${wide(FULL - LENGTH_BYTES)}; SELECT 2`),
].map((line, i) => ({ name: `rows of 16 MiB: ${i + 1}`, isLarge: true, lines: [line, query('SELECT 1')] }));

export const resultGroups: readonly Group[] = [results, rowBegins, wideResults, ...large];
