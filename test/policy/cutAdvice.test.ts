import t, { type Test } from 'tap';
import { cutMessage, judge } from '../../src/policy/judgement.js';
import { problems, withUpstream } from '../config/configFile.js';
import { govern } from '../support/governed.js';

const SELECT = 'SELECT * FROM t';

interface Place {
  readonly settings?: object;
  readonly reason?: 'rows' | 'bytes';
  readonly sql?: string;
  readonly rows?: number;
  readonly mayStream?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
}

const textOf = (t: Test, message: string | null, place: Place = {}): string => {
  const { settings = {}, reason = 'rows', sql = SELECT, rows = 10, mayStream = true, attributes = {} } = place;
  const given = { limits: { rows: 10, bytes: 4096 }, onExceed: { error: { message } }, ...settings };
  const { usage } = govern(t, given, sql);
  const at = { rows, bytes: 123, mayStream, attributes: new Map(Object.entries(attributes)) };
  return cutMessage(usage, judge(usage, reason, false), at);
};

t.test('fills limit, rule, rows, bytes and digest', async (t) => {
  t.equal(
    textOf(t, '{limit} {rule} {rows} {bytes} {digest}'),
    `10 rows default 10 123 ${govern(t, {}, SELECT).usage.statement.digest!.hash}`,
  );
  t.equal(textOf(t, '{limit}', { reason: 'bytes' }), '4096 bytes');
  t.equal(textOf(t, 'short', { sql: 'CALL p()' }), 'short; the statement runs to its end on the server');
});

t.test('advises the call that streams, by driver and program', async (t) => {
  const cases: readonly [Readonly<Record<string, string>>, string][] = [
    [{ _client_name: 'MySQL Connector/J' }, 'statement.setFetchSize(Integer.MIN_VALUE)'],
    [{ _client_name: 'MariaDB Connector/J' }, 'statement.setFetchSize(1000)'],
    [{ _client_name: 'pymysql' }, 'pymysql.cursors.SSCursor'],
    [{ _client_name: 'libmariadb' }, 'mysql_use_result(), in Python MySQLdb.cursors.SSCursor'],
    [
      { _client_name: 'libmysql', _connector_name: 'mysql-connector-python' },
      'cursor(buffered=False), then fetchmany()',
    ],
    [{ _client_name: 'libmysql', program_name: 'mysql' }, 'mysql --quick'],
    [{ _client_name: 'mysqlnd' }, 'MYSQLI_USE_RESULT, or PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => false'],
    [{ _client_name: 'Node-MySQL-2' }, 'connection.query(sql).stream()'],
    [{ _client_name: 'MariaDB connector/Node' }, 'connection.queryStream(sql)'],
    [{ _client_name: 'Go-MySQL-Driver' }, 'work on each row inside rows.Next(), and keep none'],
    [{}, 'read it row by row'],
  ];
  for (const [attributes, call] of cases) {
    t.equal(textOf(t, '{advice}', { attributes }), `add a LIMIT, or stream it: ${call}`);
  }
});

t.test('advises what can be followed', async (t) => {
  const less = 'add a LIMIT, aggregate, or select fewer columns';
  t.equal(textOf(t, '{advice}', { mayStream: false }), less, 'no signal is trusted');
  const buffered = { rules: [{ name: 'r', match: {}, class: 'buffered' }] };
  t.equal(textOf(t, '{advice}', { settings: buffered }), less, 'the rule says how the client reads');
  const oneRow = { reason: 'bytes', rows: 0 } as const;
  t.equal(textOf(t, '{advice}', oneRow), 'select fewer columns, for one row alone is larger');
});

t.test('says that a hint was refused, with and without a text of its own', async (t) => {
  const hinted = { sql: `/* sluice: rows=1000 */ ${SELECT}` };
  const remark = ' (its hint was refused: hints is "lower")';
  t.equal(textOf(t, '{advice}', hinted), `add a LIMIT, or stream it: read it row by row${remark}`);
  const own = 'sluice: result set exceeds 10 rows (rule default); page it, stream it, or raise the limit';
  t.equal(textOf(t, null, hinted), `${own}${remark}`);
  const lowered = textOf(t, null, { sql: `/* sluice: rows=5 */ ${SELECT}` });
  t.equal(lowered, own.replace('10 rows', '5 rows'), 'a hint that is followed');
  t.equal(textOf(t, null), own);
});

t.test('refuses a text with an unknown placeholder', async (t) => {
  const found = problems(t, withUpstream({ onExceed: { error: { message: 'at most {limits}' } } }));
  const expected = /onExceed\.error\.message: unknown placeholder \{limits\}, did you mean \{limit\}\? known here: /;
  t.match(found[0], expected);
});
