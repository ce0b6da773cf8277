import t from 'tap';
import { resultsOf } from '../../src/sql/results.js';
import type { SqlServer } from '../../src/sql/sqlServer.js';
import { charactersReadBy, HOSTILE_PIECES } from './work.js';

const MARIADB: SqlServer = { isMariadb: true, version: 101_119 };
const returningOf = (sql: string, server: SqlServer | null = MARIADB): readonly number[] =>
  resultsOf(sql, { server }).returning;

t.test('RETURNING makes rows exempt in the answer of its own statement', (t) => {
  const answers: Record<string, readonly number[]> = {
    'insert into t values (1) returning a': [0],
    'INSERT INTO t SELECT 1 RETURNING *': [0],
    'replace into t values (1) returning a': [0],
    'delete from t where a = 1 returning a, b': [0],
    'update t set a = 1 returning a;': [0],
    'select 1; delete from t returning a': [1],
    'delete from t returning a; select * from big': [0],
    'set @a = 1, autocommit = 0; insert into t values (1) returning a; select 2; delete from t returning 1': [1, 3],
    'begin; delete from t returning a; commit': [1],
    'begin work; delete from t returning a': [1],
    'with a as (select 1) delete from t returning b': [0],
    'set statement max_statement_time = 1 for delete from t returning a': [0],
    '/* c */ insert t values (1) /*M!100500 returning a */': [0],
    '/*!100500 delete from t */ returning a': [0],
    'use a; delete from t returning a': [1],
  };
  for (const [sql, wanted] of Object.entries(answers)) t.same(returningOf(sql), wanted, sql);
  t.end();
});

t.test('makes nothing exempt for skipped words, names, or a RETURNING of another statement', (t) => {
  for (const sql of [
    '', 'select 1', 'insert into t values (1)', 'select `returning` from t', 'insert into t (`returning`) values (1)',
    "insert into t values ('returning')", 'insert into t values (1) -- returning',
    'delete from t where t.returning = 1', "select json_value(a, '$' returning int) from t",
    "update t set a = json_value(a, '$' returning int)", 'select a from t for update; select returning',
    'delete from t; select a returning from u', 'insert into t (returning) values (1)',
    '/*!99999 DELETE RETURNING */ select * from big',
    'with a as (select 1) /*!99999 DELETE RETURNING */ select * from big',
    '/*!50700 delete from t returning a */ select 1', '/*!101120 delete from t returning a; */ select 1',
    'delete from t /*!99999 /* x */ returning a */',
    'set statement a = 1 for select * from big for update /*!99999 returning */',
    'select * from big; delete from x where 0 /* returning', 'insert into t values (1',
  ]) t.same(returningOf(sql), [], sql);
  t.end();
});

t.test('makes only a leading change exempt when the character set may end literals elsewhere', (t) => {
  const read = (sql: string): readonly number[] => returningOf(Buffer.from(sql, 'latin1').toString());
  for (const sql of [
    "delete from t where a = '\xbf\\'; select * from big; -- '; delete from t returning a",
    "set statement a = '\xbf\\' for select * from big -- ' for delete from t returning a",
    "with a as (select '\xbf\\') select * from big -- ') delete from t returning a",
    'select 1 `\xbf``; select * from big; -- `; delete from t returning a',
    "do 1 --\xa0'\n; select * from big --\xa0'\n; delete from t returning a",
  ]) t.same(read(sql), [], sql);
  t.same(read("insert into t values ('\xe9\\n') returning a; select * from big"), [0]);
  t.same(read("insert into t values ('\xe9'); delete from t returning a"), [1]);
  t.end();
});

t.test('makes nothing exempt after a statement that may have several answers or changes how text is read', (t) => {
  for (const before of [
    'call p()', "execute immediate 'select 1'", 'execute s', 'begin not atomic select 1', 'if 1 then select 1',
    "set sql_mode = ''",
    "set @@session.sql_mode = ''", "set @a = 1, `SQL_MODE` = ''", 'set names gbk', 'set character set latin1',
    'load data infile 1',
    'create procedure p() begin select 1', 'analyze delete from t', 'set statement max_statement_time = 1 for call p()',
  ]) t.same(returningOf(`${before}; delete from t returning a`), [], before);
  t.end();
});

t.test("reads a versioned comment as the server's version does, and makes nothing exempt when that is unknown", (t) => {
  const sql = 'delete from t /*!101115 returning a */';
  t.same(returningOf(sql), [0]);
  t.same(returningOf(sql, { isMariadb: true, version: 101_114 }), []);
  t.same(returningOf(sql, { isMariadb: true, version: null }), []);
  t.same(returningOf('delete from t returning a', { isMariadb: true, version: null }), [0]);
  t.end();
});

t.test('a USE sets the schema from its own answer on', (t) => {
  const schemasOf = (sql: string, ansiQuotes = false): [number, string][] =>
    [...resultsOf(sql, { ansiQuotes }).schemas];
  for (const sql of ['use shop', 'USE shop;', '/* c */ use `shop` ;', 'use shop -- c', '/*!40000 use shop */']) {
    t.same(schemasOf(sql), [[0, 'shop']], sql);
  }
  t.same(schemasOf('use `a``b`'), [[0, 'a`b']]);
  t.same(schemasOf('use "a b"', true), [[0, 'a b']]);
  t.same(schemasOf('use 2020_shop'), [[0, '2020_shop']]);
  t.same(schemasOf('use a; select 1; use b; select 2'), [[0, 'a'], [2, 'b']]);
  for (
    const sql of [
      '', 'use', 'use a.b', "use 'a'", 'use a b', 'select 1', 'use 5', 'use `a', '`use` a', 'used a',
      'select 1 -- use a',
    ]
  ) {
    t.same(schemasOf(sql), [], sql);
  }
  t.end();
});

t.test('takes the last USE after a statement that may have several answers', (t) => {
  t.match(resultsOf('use a; call p(); use b; select 1; use c'), { countable: 1, lateSchema: 'c' });
  t.match(resultsOf('begin not atomic select 1; end; use b; select 1'), { countable: 0, lateSchema: 'b' });
  t.match(resultsOf('call p(); select 1'), { lateSchema: null });
  t.end();
});

t.test('reads at most twice the characters of a text of twice the length', (t) => {
  const read = (sql: string): number => charactersReadBy(() => resultsOf(sql, { server: MARIADB }));
  for (const piece of [...HOSTILE_PIECES, '/*!99999 /* ', 'use a; ', 'call p; use a; ']) {
    for (const begin of ['use a; ', 'delete returning ', 'call p(); use a; ']) {
      const text = begin + piece.repeat(500);
      if (read(text + text) >= 2.1 * read(text) + 200) t.fail(`${begin}${piece}`);
    }
  }
  t.end();
});
