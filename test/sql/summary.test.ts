import t from 'tap';
import { digestText } from '../../src/sql/digest.js';
import { summaryOf } from '../../src/sql/summary.js';

const summaryOfStatement = (sql: string) => summaryOf(digestText(sql));

const textsOf = (statements: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.keys(statements).map((sql) => [sql, summaryOfStatement(sql)?.text]));

t.test('names the operations and tables of a statement in their order', (t) => {
  const statements = {
    'SELECT a, b FROM orders o JOIN shop.customers c ON o.x = c.y WHERE a = 1': 'SELECT orders shop.customers',
    'SELECT a FROM t LEFT JOIN (b JOIN c ON b.x = c.x) ON 1': 'SELECT t b c',
    'INSERT INTO t (a) SELECT a FROM u': 'INSERT t SELECT u',
    'DELETE FROM t WHERE id IN (SELECT id FROM q)': 'DELETE t SELECT q',
    'WITH x AS (SELECT a FROM t) SELECT * FROM x': 'SELECT t SELECT x',
    'UPDATE t SET a = 1': 'UPDATE t',
    'CALL monthly(1)': 'CALL monthly',
    '(SELECT 1)': 'SELECT',
    'SHOW TABLES': 'SHOW',
    'EXPLAIN SELECT 1 FROM t': 'EXPLAIN SELECT t',
  };
  t.strictSame(textsOf(statements), statements);
  t.end();
});

t.test('does not take a function or a lock for an operation or a table', (t) => {
  const statements = {
    'SELECT EXTRACT(YEAR FROM day), TRIM(BOTH x FROM y) FROM t FOR UPDATE': 'SELECT t',
    'INSERT INTO t SELECT REPLACE(a, 1, 2), INSERT(a, 1, 2, b) FROM u': 'INSERT t SELECT u',
    'INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1': 'INSERT t',
  };
  t.strictSame(textsOf(statements), statements);
  t.end();
});

t.test('gives the effect of a statement, with any text before or within it', (t) => {
  t.equal(summaryOfStatement('WITH x AS (SELECT 1) DELETE FROM t')?.operation, 'DELETE');
  t.equal(summaryOfStatement('EXPLAIN SELECT 1')?.operation, 'EXPLAIN');
  t.equal(summaryOfStatement('INSERT INTO t SELECT 1')?.operation, 'INSERT');
  t.end();
});

t.test('bounds its length, and is empty for a text without words', (t) => {
  t.equal(summaryOfStatement(''), null);
  t.equal(summaryOfStatement('?'), null);
  const long = `SELECT 1 FROM ${Array.from({ length: 100 }, (_, index) => `t${index}`).join(' JOIN ')}`;
  t.equal(summaryOfStatement(long)?.text.length, 255);
  t.end();
});
