import t from 'tap';
import { Statement, statementBytes } from '../../src/policy/statement.js';
import { Command } from '../../src/protocol/commands.js';
import { Status } from '../../src/protocol/status.js';
import { newCommand, responseShape } from '../../src/conversation/command.js';
import { queryCommand, statementCommand } from '../support/governed.js';

t.test('the statement of a query is its text, and that of an execution the prepared text', (t) => {
  t.equal(Statement.of(queryCommand('SELECT 1'), 0).text, 'SELECT 1');
  const execution = statementCommand(Command.STMT_EXECUTE, 'SELECT ?');
  t.equal(Statement.of(execution, 0).text, 'SELECT ?');
  t.equal(statementBytes(execution)?.toString(), 'SELECT ?');
  t.end();
});

t.test('a statement without a known text is of kind other, and is never killed', (t) => {
  const { STMT_EXECUTE, STATISTICS } = Command;
  const textless = newCommand(STATISTICS, responseShape(STATISTICS), 1, 0);
  for (const command of [statementCommand(STMT_EXECUTE, null), textless]) {
    const statement = Statement.of(command, 0);
    t.match(statement, { text: null, isTruncated: false, kind: 'other', digest: null, isSingleReadOnly: false });
    t.match(statement, { hint: { kind: 'none' }, isSingleReadOnly: false });
    t.equal(statement.returnsChangedRows(0), false);
    t.equal(statement.schemaFrom(0), null);
  }
  t.end();
});

t.test('knows that a text is truncated when only a part of it is kept', (t) => {
  const sql = 'SELECT a FROM t WHERE b = 1';
  t.match(Statement.of(queryCommand(sql, 1, 12), 0), { isTruncated: true, isSingleReadOnly: false, kind: 'select' });
  t.match(Statement.of(queryCommand(sql), 0), { isTruncated: false, isSingleReadOnly: true });
  t.end();
});

t.test('reads quotes and backslashes as the sql_mode of the session says', (t) => {
  const sql = "SELECT 'a\\' /* sluice: rows=5 */";
  t.match(Statement.of(queryCommand(sql), 0).hint, { kind: 'none' }, 'the literal goes on');
  t.match(Statement.of(queryCommand(sql), Status.NO_BACKSLASH_ESCAPES).hint, { kind: 'hint', rows: 5 });
  const quoted = 'SELECT "a" FROM t';
  t.equal(Statement.of(queryCommand(quoted), 0).digest?.text, 'SELECT ? FROM `t`');
  t.equal(Statement.of(queryCommand(quoted), Status.ANSI_QUOTES).digest?.text, 'SELECT `a` FROM `t`');
  t.end();
});

t.test('makes the normal form of a digest and its hash once', (t) => {
  const statement = Statement.of(queryCommand('select 1'), 0);
  t.match(statement.digest, { text: 'SELECT ?', hash: /^[0-9a-f]{16}$/ });
  t.equal(statement.digest, statement.digest);
  t.end();
});

t.test('keeps the facts about a statement when its text is dropped', (t) => {
  const server = { isMariadb: true, version: 101_119 };
  const keptOf = (sql: string, kept = Infinity): Statement => {
    const command = statementCommand(Command.STMT_EXECUTE, sql);
    const { statement } = command;
    statement!.sql = statement!.sql!.subarray(0, kept);
    statement!.kept = Statement.keptOf(statement!, 0, server);
    statement!.sql = null;
    return Statement.of(command, 0, server);
  };
  const select = 'SELECT a FROM t /* sluice: rows=5 */';
  const { hash } = Statement.of(queryCommand(select), 0).digest!;
  t.match(keptOf(select), {
    text: null, kind: 'select', digest: { hash, text: null }, hint: { rows: 5 }, isSingleReadOnly: true,
    mayLoadFile: false,
  });
  t.ok(keptOf('DELETE FROM t RETURNING a').returnsChangedRows(0));
  t.equal(keptOf('USE shop').schemaFrom(0), 'shop');
  t.match(keptOf(select, 12), { isTruncated: true, isSingleReadOnly: false });
  t.end();
});

t.test('a change returns rows only when the server is MariaDB', (t) => {
  const on = (isMariadb: boolean): boolean =>
    Statement.of(queryCommand('DELETE FROM t RETURNING a'), 0, { isMariadb, version: 101_119 }).returnsChangedRows(0);
  t.ok(on(true));
  t.notOk(on(false));
  t.end();
});

t.test('reads the schema of a USE, and bytes that are no UTF-8', (t) => {
  t.equal(Statement.of(queryCommand('USE `other`'), 0).schemaFrom(0), 'other');
  const command = queryCommand('SELECT 1');
  command.text = Buffer.from([0x53, 0xff, 0xfe]);
  t.equal(Statement.of(command, 0).text, 'S\ufffd\ufffd');
  t.end();
});
