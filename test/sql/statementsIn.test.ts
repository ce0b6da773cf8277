import t from 'tap';
import { statementsIn } from '../../src/sql/statementsIn.js';

const MARIADB = { server: { isMariadb: true, version: 101119 } };

t.test('separates the statements of a text', async (t) => {
  const cases: readonly [string, readonly string[]][] = [
    ['SELECT 1', ['SELECT 1']],
    ['SELECT 1;', ['SELECT 1']],
    [' ;; SELECT 1 ; ; ', [' SELECT 1 ']],
    ['', []],
    ['/* nothing */', []],
    ["SELECT ';'; DROP TABLE t", ["SELECT ';'", ' DROP TABLE t']],
    ['SELECT 1 /* ; */; -- ;\nDROP TABLE t # ;', ['SELECT 1 /* ; */', ' -- ;\nDROP TABLE t # ;']],
    ['WITH a AS (SELECT 1) SELECT * FROM a; SET x = 1', ['WITH a AS (SELECT 1) SELECT * FROM a', ' SET x = 1']],
    ['CREATE PROCEDURE p() BEGIN SELECT 1; DELETE FROM t; END',
      ['CREATE PROCEDURE p() BEGIN SELECT 1', ' DELETE FROM t', ' END']],
  ];
  for (const [sql, statements] of cases) {
    t.strictSame(statementsIn(sql, false, MARIADB), { statements, mayHoldMore: false }, sql);
  }
});

t.test('says when the server may run a statement that is not one of those in the text', async (t) => {
  const cases = [
    'EXECUTE s', "EXECUTE IMMEDIATE 'DROP TABLE t'", 'SELECT 1; EXECUTE s',
    'BEGIN NOT ATOMIC DELETE FROM t; END', 'IF 1 THEN DROP TABLE t; END IF', 'WHILE 1 DO DROP TABLE t; END WHILE',
    'a: LOOP DROP TABLE t; END LOOP', '`a` : BEGIN NOT ATOMIC SELECT 1; END',
    'ANALYZE DELETE FROM t', 'ANALYZE FORMAT=JSON UPDATE t SET a = 1', 'EXPLAIN ANALYZE DELETE t FROM t JOIN u',
    "SET sql_mode = 'ANSI_QUOTES'; SELECT 1", 'SET NAMES gbk; SELECT 1', 'SET @@session.sql_mode = 1; SELECT 1',
    "SELECT 'never ended", 'SELECT 1 /* never ended', 'SELECT 1; SELECT "\u00e9\\"',
    Array.from({ length: 101 }, () => 'SELECT 1').join(';'),
  ];
  for (const sql of cases) t.ok(statementsIn(sql, false, MARIADB).mayHoldMore, sql.slice(0, 60));
  t.ok(statementsIn('SELECT 1', true, MARIADB).mayHoldMore, 'the rest of a text is missing');
  t.ok(statementsIn('SELECT 1 /*!99999 + 1 */').mayHoldMore, 'the server is not known, and may skip the comment');
});

t.test('is certain about statements that only look uncertain', async (t) => {
  const cases = [
    'BEGIN', 'BEGIN WORK', 'BEGIN; SELECT 1', 'ANALYZE TABLE t', 'ANALYZE LOCAL TABLE t', 'ANALYZE SELECT 1',
    'EXPLAIN DELETE FROM t', 'DESC t', 'EXPLAIN ANALYZE SELECT REPLACE(a, 1, 2) FROM t',
    'SET NAMES utf8mb4', "SET sql_mode = ''", 'SET autocommit = 1; SELECT 1', 'SELECT IF(a, b, c) FROM t',
    'PREPARE s FROM "DROP TABLE t"', 'SELECT 1 /*!99999 + 1 */',
    Array.from({ length: 100 }, () => 'SELECT 1').join(';'),
  ];
  for (const sql of cases) t.notOk(statementsIn(sql, false, MARIADB).mayHoldMore, sql.slice(0, 60));
});
