import t from 'tap';
import { isDumpProgram, isDumpStatement, JdbcStreaming, netWriteTimeoutSeconds } from '../../src/policy/signals.js';
import { SUBJECT } from '../support/governed.js';

t.test('knows dump tools by their program name', (t) => {
  const named = (name: string) => isDumpProgram({ ...SUBJECT, attributes: new Map([['program_name', name]]) });
  for (const name of ['mysqldump', 'mariadb-dump', 'mysqlpump', 'mydumper']) t.ok(named(name), name);
  for (const name of ['', 'mysql', 'MYSQLDUMP', 'mysqldump2']) t.notOk(named(name), name);
  t.notOk(isDumpProgram(SUBJECT));
  t.end();
});

t.test('knows a statement of a dump tool by its beginning', (t) => {
  const isDump = (sql: string) => isDumpStatement(Buffer.from(sql));
  t.ok(isDump('SELECT /*!40001 SQL_NO_CACHE */ * FROM `t`'));
  t.ok(isDump('SELECT /*!40001 SQL_NO_CACHE */ `a`, `b` FROM `t` WHERE 1 LIMIT 3'));
  t.notOk(isDump('SELECT /*!40001 SQL_NO_CACHE */ '), 'nothing after it');
  t.notOk(isDump("SELECT '/*!40001 SQL_NO_CACHE */ '"));
  t.notOk(isDump('SELECT SQL_NO_CACHE * FROM t'));
  t.notOk(isDump(''));
  t.end();
});

t.test('reads each way to set net_write_timeout of the session, and no other statement', (t) => {
  for (const sql of [
    'SET net_write_timeout=600', 'set  NET_WRITE_TIMEOUT = 600 ;', 'SET SESSION net_write_timeout=600',
    'SET @@session.net_write_timeout=600', '\n SET net_write_timeout=600\n',
  ]) t.equal(netWriteTimeoutSeconds(sql), 600, sql);
  for (const sql of [
    'SET GLOBAL net_write_timeout=600', 'SET net_write_timeout=DEFAULT', 'SET net_write_timeout=600, a=1',
    'SET net_read_timeout=600', 'SELECT @@net_write_timeout=600', 'SET net_write_timeout=60000000000',
  ]) t.equal(netWriteTimeoutSeconds(sql), null, sql);
  t.end();
});

t.test('JDBC streaming announces only the next command', (t) => {
  const jdbc = new JdbcStreaming();
  t.notOk(jdbc.isArmed(1));
  jdbc.set(600, 1);
  t.same([1, 2, 3].map((number) => jdbc.isArmed(number)), [false, true, false]);
  jdbc.begin(2);
  jdbc.set(60, 3);
  t.notOk(jdbc.isArmed(4), 'the old value is set again when the result is closed');
  jdbc.set(600, 9);
  t.ok(jdbc.isArmed(10), 'and the next stream is announced like the first');
  t.end();
});

t.test("recognizes the end of a JDBC stream when the server's own timeout is as long", (t) => {
  const jdbc = new JdbcStreaming();
  for (const first of [1, 4, 7]) {
    jdbc.set(600, first);
    t.ok(jdbc.isArmed(first + 1));
    jdbc.begin(first + 1);
    jdbc.set(600, first + 2);
    t.notOk(jdbc.isArmed(first + 3));
  }
  t.end();
});

t.test('a stream that fails before its first row leaves the next one announced', (t) => {
  const jdbc = new JdbcStreaming();
  jdbc.set(600, 1);
  jdbc.set(600, 3); // the driver has no result to close, and so does not set the old value
  t.ok(jdbc.isArmed(4));
  t.end();
});

t.test('the known initial value ends a stream, and any other value announces one', (t) => {
  const jdbc = new JdbcStreaming();
  jdbc.begun(3600);
  jdbc.set(600, 1);
  t.ok(jdbc.isArmed(2), 'the driver sets its own value, which is lower');
  jdbc.begin(2);
  jdbc.set(3600, 3);
  t.notOk(jdbc.isArmed(4), 'and then the first one again');
  jdbc.begun(600);
  jdbc.set(600, 5);
  t.ok(jdbc.isArmed(6), 'its own value may be the first one');
  jdbc.begin(6);
  jdbc.set(600, 7);
  t.notOk(jdbc.isArmed(8));
  t.end();
});
