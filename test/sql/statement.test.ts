import t from 'tap';
import { Lexer } from '../../src/sql/lexer.js';
import {
  isSingleReadOnly, mayLoadFile, statementKind, type StatementKind,
} from '../../src/sql/statement.js';
import { prefixesOf, randomTexts, STATEMENTS } from './corpus.js';
import { charactersReadBy, HOSTILE_PIECES } from './work.js';

const KINDS: Record<StatementKind, readonly string[]> = {
  select: [
    'select 1', 'SELECT a FROM t', '(select a from t)', '((select 1) union (select 2))',
    '/* c */ -- d\n select a from t', '/*!50000 select */ a from t', 'table t', 'values row(1)',
    'with a as (select 1) select * from a',
    'with recursive a (n) as (select 1 union all select n + 1 from a) select n from a',
    'set statement max_statement_time = 1 for select a from t',
    'with a as (select 1), b as (select 2) (select * from b)', 'select 1; delete from t',
    "select 'into outfile'", 'select outfile from t', "select 1; select 2 into outfile 'x'", 'select 1 into @outfile',
  ],
  metadata: [
    'show variables', "SHOW GLOBAL VARIABLES LIKE 'x'", 'show session status', 'show collation', 'show character set',
    'show full columns from t', 'show index from t', 'show create table t', 'show full tables', 'show databases',
    'show warnings', 'show count(*) warnings', 'show table status', 'show grants', 'show storage engines',
    'select @@version_comment limit 1', 'select @@global.sql_mode as a, @@session.autocommit, @@`port`',
    'select database()', 'select connection_id(), version(), user(), current_user',
    'select last_insert_id() from dual', "/* mysql-connector-j */SELECT @@session.auto_increment_increment AS a, 'x'",
    "select table_name from information_schema.tables where table_schema = database() and f(table_name) in (1, 2)",
    'select * from INFORMATION_SCHEMA.columns c join `performance_schema`.threads t using (a, b) order by a, b',
    'select a from mysql.user, mysql.db', 'select a from (select b from mysql.user) c, mysql.db',
    'select (select count(*) from mysql.user)', 'table information_schema.tables', '(select @@a)',
    'select @@a; show warnings',
    'select a from information_schema.a left join (mysql.b, mysql.c) on a = b union select b from mysql.d limit 1, 2;',
  ],
  show: [
    'show processlist', 'show full processlist', 'show engine innodb status', 'show binary logs', 'show profiles',
    'show variables; select a from t', 'show warnings; show processlist', 'show /*!50700 variables */ processlist',
  ],
  call: ['call p()', '/* c */ CALL db.p(1)'],
  dml: [
    'insert into t values (1)', 'replace t values (1)', 'update t set a = 1', 'delete from t', "binlog 'x'",
    'load data infile \'x\' into table t', 'with a as (select 1) update t set b = 1',
    'with a (b, c) as (select 1, 2), d as (select 3) delete from t',
    'set statement max_statement_time = 1 for insert into t values (1)', 'insert into t select * from u',
  ],
  ddl: [
    'create table t (a int)', 'alter table t add b int', 'drop table t', 'rename table t to u', 'truncate t',
    'create user u', 'grant all on *.* to u', 'revoke all on *.* from u', "import table from 'x'",
    "install plugin p soname 'x'", 'uninstall plugin p', 'optimize table t', 'repair table t', 'analyze table t',
    'analyze local table t',
  ],
  admin: [
    'flush tables', 'lock tables t read', 'unlock tables', 'kill 1', 'shutdown', 'restart', 'reset master',
    "purge binary logs to 'x'", "change master to master_host = 'x'", "change replication source to source_host = 'x'",
    'start slave', 'start all slaves', 'start group_replication', 'stop replica', "clone local data directory = 'x'",
    'cache index t in c', 'backup stage start', 'set global a = 1', 'set @@global.a = 1', 'set persist a = 1',
    'set @@persist_only.a = 1', "set password = 'x'", "set password for u = 'x'", 'set default role r to u',
    'set resource group g for 1', 'set @a = f(1, 2), global b = 3', 'set a = 1, @@GLOBAL.b = 2',
    'set statement max_statement_time = 1 for set global a = 1', 'set global transaction read only',
    "select a from t into outfile 'x'", "select a into dumpfile 'x' from t", "table t into outfile 'x'",
    "with a as (select 1) select * from a into outfile 'x'",
  ],
  other: [
    '', ';', 'set names utf8mb4', 'begin', 'commit', 'use a', 'explain select 1', 'desc t', 'describe t',
    'do sleep(1)', 'execute s', 'prepare s from \'select 1\'', 'analyze select 1', 'start transaction', 'start',
    'set @a = @@global.b', 'set a = (select 1, @@global.b)', 'set @global = 1', 'set session a = 1', 'set role r',
    "set a = 'x, global b'", 'set transaction read only', 'set a = 1; set global b = 2',
    'begin not atomic select 1; end', 'with', '`select`', '\'select\'', 'select.x', 'set statement',
    'with a as (select 1); select 1', 'nonsense', 'selects', '?',
  ],
};

for (const [kind, statements] of Object.entries(KINDS)) {
  t.test(`knows statements of kind ${kind} by their beginning`, (t) => {
    for (const sql of statements) t.equal(statementKind(sql), kind, sql);
    t.end();
  });
}

t.test("a metadata query that reads an application's table is an ordinary one", (t) => {
  const statements = [
    'select @@a from t', 'select @@a, (select b from t)', 'select a from mysql.user, t',
    'select a from mysql.user join t', 'select a from mysql.user where b in (select c from t)',
    'select a from information_schema.tables union select b from t', 'select a from (t, mysql.user)',
    'select a from mysql.user straight_join t', 'select a from `mysql.user`',
    'select a from mysql.user; select a from t', 'table t',
    'select a from mysql.user where b = 1 order by (select c from t)', 'select database() from t',
    'select a from mysql.user use index for order by (a), t', 'select @@a into @b',
    'select a from json_table(@@a, 1) b',
    'select @@a /*!99999 from t */', 'select @@a /*!50000 from t */', 'select @@a )',
    'select a from mysql.user /*M!100000 , t */',
  ];
  for (const sql of statements) t.equal(statementKind(sql), 'select', sql);
  t.end();
});

t.test('a SELECT without a table is metadata only when it asks for the session and computes nothing', (t) => {
  for (const sql of [
    'select 1', "select 'x'", 'select now()', "select @@a, repeat('x', 1000000)", 'select database from t',
    'select user',
  ]) {
    t.equal(statementKind(sql), 'select', sql);
  }
  t.end();
});

t.test('never calls a truncated text metadata', (t) => {
  t.equal(statementKind('select @@a', true), 'select');
  t.equal(statementKind('show variables', true), 'show');
  t.equal(statementKind('insert into t', true), 'dml');
  t.end();
});

t.test('a single statement that only reads may be killed', (t) => {
  const statements = [
    'select 1', 'select 1;', 'select 1 ;; -- c', '(select 1)',
    '((select a from t) union (select b from u)) order by 1', 'show tables', 'table t', 'values row(1, 2)',
    'with a as (select 1) select * from a', '(with a as (select 1) select * from a)',
    'with a (b) as (select 1), c as (select 2) (select * from a)', "select ';', 'into', `into`, t.into from t",
    '/* c */ select /*!40001 sql_no_cache */ * from t # into', 'select a from t for update',
    'select a from t lock in share mode', 'with a as (select 1) values row(1)',
  ];
  for (const sql of statements) t.ok(isSingleReadOnly(sql), sql);
  t.end();
});

t.test('any other statement runs to its end', (t) => {
  const statements = [
    '', ';', 'insert into t values (1)', 'update t set a = 1', 'delete from t', 'call p()', 'do f()', 'set @a = 1',
    'execute s', 'select 1; select 2', 'select 1; delete from t', 'select a into @b from t',
    "select a from t into outfile '/tmp/x'", "select a from t into dumpfile '/tmp/x'",
    'with a as (select 1) update t set b = 1', 'with a as (select 1) delete from t', 'explain select 1', 'describe t',
    'analyze select 1', 'create table t select 1', 'handler t read first', 'begin', 'select 1 /*!50000 into @a */',
    'select 1 /*!99999 into @a */', 'select 1 /*!80000 x */', 'select 1 /*M!100000 x */', "select 'a",
    'select 1 /* a', 'select `a', 'with', 'with a as (select 1)', 'with a as (select 1);select 1',
    'set statement max_statement_time = 1 for select 1', "select 1 -- \n; delete from t",
    "select '\ufffd\\'; delete from t -- '", 'select 1 `\ufffd``; delete from t -- `',
    "select 1 --\ufffd'\n; delete from t -- '",
  ];
  for (const sql of statements) t.notOk(isSingleReadOnly(sql), sql);
  t.ok(isSingleReadOnly("select 'é\\n'"));
  t.notOk(isSingleReadOnly('select 1', true), 'nor what is cut off: the rest may be INTO OUTFILE');
  t.end();
});

t.test('literals end as the sql_mode of the session says', (t) => {
  t.notOk(isSingleReadOnly("select '\\'; delete from t -- '", false, { noBackslashEscapes: true }));
  t.ok(isSingleReadOnly("select '\\'; delete from t -- '"));
  t.ok(isSingleReadOnly('select "into"', false, { ansiQuotes: true }));
  t.end();
});

t.test('a text may load a file when it has LOAD or EXECUTE, or is truncated', (t) => {
  for (const sql of [
    "load data local infile 'x' into table t", "LOAD XML LOCAL INFILE 'x' INTO TABLE t",
    "select 1; load data infile 'x' into table t",
    "set statement max_statement_time = 1 for load data local infile 'x' into table t", '/*!50000 load */ data',
    'execute s',
  ]) t.ok(mayLoadFile(sql), sql);
  for (
    const sql of ['select 1', "select 'load data'", 'select load_file(1)', 'select `load` from t', 'select 1 -- load']
  ) {
    t.notOk(mayLoadFile(sql), sql);
  }
  t.ok(mayLoadFile('insert into t values (1', true));
  t.end();
});

t.test('ignores words that the server skips', (t) => {
  const [mariadb, mysql] = [{ isMariadb: true, version: 101_119 }, { isMariadb: false, version: 90_704 }];
  const forged = '/*!99999 show variables */ select * from t';
  t.equal(statementKind(forged, false, { server: mysql }), 'select');
  t.equal(statementKind('/*!80000 select */ /*M! show */ a', false, { server: mysql }), 'select');
  t.equal(statementKind('/*!80000 select */ /*M! show */ processlist', false, { server: mariadb }), 'show');
  t.ok(
    isSingleReadOnly('select a /*!99999 into @b */ from t', false, { server: mysql }), 'and may be killed without it',
  );
  t.notOk(isSingleReadOnly('select a /*!80000 into @b */ from t', false, { server: mysql }));
  t.end();
});

t.test('reads no more of a huge statement than it needs', (t) => {
  const huge = 'a, '.repeat(100_000);
  t.ok(
    charactersReadBy(() => statementKind(`select b from t where c in (${huge}1)`)) < 200,
    'a SELECT: to its first table',
  );
  t.ok(charactersReadBy(() => statementKind(`insert into t values (${huge}1)`)) < 50, 'an INSERT: its first word');
  t.ok(charactersReadBy(() => isSingleReadOnly(`insert into t values (${huge}1)`)) < 50);
  t.ok(charactersReadBy(() => isSingleReadOnly(`select a into @b from (${huge}1)`)) < 100);
  t.equal(charactersReadBy(() => isSingleReadOnly(`select (${huge}1)`, true)), 0, 'a part tells nothing');
  t.end();
});

t.test('gives a safe answer for any text, whole or cut off anywhere', (t) => {
  const texts = randomTexts(3);
  const beginsToRead = (sql: string): boolean => {
    const lexer = new Lexer(sql);
    do lexer.next(); while (lexer.isOperator('('));
    return ['SELECT', 'SHOW', 'TABLE', 'VALUES', 'WITH'].includes(lexer.keyword());
  };
  let wrong = 0;
  const check = (sql: string): void => {
    for (const isTruncated of [false, true]) {
      statementKind(sql, isTruncated);
      mayLoadFile(sql, isTruncated);
      if (isSingleReadOnly(sql, isTruncated) && (isTruncated || !beginsToRead(sql))) wrong += 1;
    }
  };
  for (let count = 0; count < 10_000; count += 1) {
    for (const begin of [
      '', 'select @@a, ', 'select a from (', 'with a as (',
    ]) check(begin + texts.next().value);
  }
  STATEMENTS.flatMap(prefixesOf).forEach(check);
  t.equal(wrong, 0);
  t.end();
});

t.test('a statement that may be killed stands alone and has no INTO', (t) => {
  const texts = randomTexts(4);
  let checked = 0;
  let wrong = 0;
  while (checked < 200) {
    const sql = `select ${texts.next().value}`;
    if (!isSingleReadOnly(sql)) continue;
    checked += 1;
    const lexer = new Lexer(sql);
    let isBehind = false;
    while (lexer.next() !== 'end') {
      if (lexer.isOperator(';')) isBehind = true;
      else if (isBehind || lexer.keyword() === 'INTO') wrong += 1;
    }
  }
  t.equal(wrong, 0);
  t.end();
});

t.test('reads at most twice the characters of a text of twice the length', (t) => {
  const functions = { statementKind, isSingleReadOnly, mayLoadFile };
  for (const [name, ask] of Object.entries(functions)) {
    const read = (sql: string): number => charactersReadBy(() => ask(sql));
    for (const piece of HOSTILE_PIECES) {
      for (const begin of ['', 'select ', 'with ', 'insert returning ']) {
        const text = begin + piece.repeat(500);
        if (read(text + text) >= 2.1 * read(text) + 200) t.fail(`${name}: ${begin}${piece}`);
      }
    }
    t.ok(read('select 1, '.repeat(1000)) < 200_000, name);
  }
  t.end();
});
