import t, { type Test } from 'tap';
import type { StreamingSignal } from '../../src/config/config.js';
import { cutMessage, judge, judgeOverBudget } from '../../src/policy/judgement.js';
import { decodeErr, encodeErr } from '../../src/protocol/packets.js';
import type { TextEncoding } from '../../src/protocol/textEncoding.js';
import { problems, withUpstream } from '../config/configFile.js';
import { govern } from '../support/governed.js';

const SELECT = 'SELECT * FROM t';

interface Place {
  readonly settings?: object;
  readonly reason?: 'rows' | 'bytes' | 'budget';
  readonly sql?: string;
  readonly rows?: number;
  readonly signals?: readonly StreamingSignal[];
  /** The signal by which the response was recognized as a stream, and the last look at its client's pace. */
  readonly told?: StreamingSignal;
  readonly isFast?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly encoding?: TextEncoding;
}

const SIGNALS: readonly StreamingSignal[] = ['cursor', 'dump', 'jdbc', 'hint', 'pace'];

const textOf = (t: Test, message: string | null, place: Place = {}): string => {
  const { settings = {}, reason = 'rows', sql = SELECT, rows = 10, signals = SIGNALS, encoding = 'utf8' } = place;
  const attributes = new Map(Object.entries(place.attributes ?? {}));
  const given = { limits: { rows: 10, bytes: 262_144 }, onExceed: { error: { message } }, ...settings };
  const { usage } = govern(t, given, sql);
  if (place.told !== undefined) usage.turnIntoStream(place.told);
  if (place.isFast !== undefined) usage.lookedAt({ isSlow: !place.isFast, rowsPerSecond: 9000 });
  const judgement = reason === 'budget' ? judgeOverBudget(usage, 65_536, false) : judge(usage, reason, false);
  return cutMessage(usage, judgement, { rows, bytes: 123, signals, attributes, encoding });
};

t.test('fills limit, rule, rows, bytes and digest', async (t) => {
  t.equal(
    textOf(t, '{limit} {rule} {rows} {bytes} {digest}'),
    `10 rows default 10 123 ${govern(t, {}, SELECT).usage.statement.digest!.hash}`,
  );
  t.equal(textOf(t, '{limit}', { reason: 'bytes' }), '256 KiB');
  for (const [bytes, shown] of [[1536 * 1024, '1536 KiB'], [2 ** 20, '1 MiB'], [1500, '1500 bytes']] as const) {
    t.equal(textOf(t, '{limit}', { reason: 'bytes', settings: { limits: { bytes } } }), shown);
  }
  t.equal(textOf(t, 'short', { sql: 'CALL p()' }), 'short; the statement runs to its end on the server');
});

t.test('does not shorten the promise about the statement when the text is too long', async (t) => {
  const promise = '; the statement runs to its end on the server';
  for (const front of ['', 'a', 'ab']) {
    const text = textOf(t, `${front}${'é'.repeat(250)}{advice}`, { sql: 'CALL p()' });
    const whole = decodeErr(encodeErr(1, { code: 3170, sqlState: 'HY000', message: text }).subarray(4)).message;
    t.equal(whole, text, 'it fits into the packet');
    const kept = Math.floor((511 - promise.length - 3 - front.length) / 2);
    t.equal(whole, `${front}${'é'.repeat(kept)}...${promise}`);
  }
});

t.test('does not give the budget of all results as the limit of one', async (t) => {
  t.equal(
    textOf(t, 'the result has more than {limit}', { reason: 'budget' }),
    'sluice: results under way exceed the budget of 65536 bytes, and this is the largest (rule default); ' +
      'page it, stream it, or raise the budget',
  );
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
  t.equal(textOf(t, '{advice}', { signals: [] }), less, 'no signal is trusted');
  const buffered = { rules: [{ name: 'r', match: {}, class: 'buffered' }] };
  t.equal(textOf(t, '{advice}', { settings: buffered }), less, 'the rule says how the client reads');
  const oneRow = { reason: 'bytes', rows: 0 } as const;
  t.equal(textOf(t, '{advice}', oneRow), 'select fewer columns, for one row alone is larger');
});

t.test('advises a call only if a trusted signal recognizes it', async (t) => {
  const less = 'add a LIMIT, aggregate, or select fewer columns';
  const stream = 'add a LIMIT, or stream it: ';
  const advice = (client: string, signals: readonly StreamingSignal[], settings = {}) =>
    textOf(t, '{advice}', { attributes: { _client_name: client }, signals, settings });
  t.equal(advice('pymysql', ['jdbc', 'cursor', 'dump', 'hint']), less);
  t.equal(advice('MariaDB Connector/J', ['jdbc', 'cursor']), less, 'it does not announce its streams');
  t.equal(advice('unknown', ['cursor']), less);
  t.equal(advice('asyncmy', SIGNALS), less, 'its pace tells nothing');
  t.equal(advice('pymysql', ['pace']), `${stream}pymysql.cursors.SSCursor`);
  t.equal(advice('MySQL Connector/J', ['jdbc']), `${stream}statement.setFetchSize(Integer.MIN_VALUE)`);
  t.equal(advice('MySQL Connector/J', ['pace']), `${stream}statement.setFetchSize(Integer.MIN_VALUE)`);
  const cursor = `${stream}useCursorFetch=true in the URL, and statement.setFetchSize(1000)`;
  t.equal(advice('MySQL Connector/J', ['cursor', 'pace']), cursor);
  t.equal(advice('mysqldump', ['dump']), `${stream}mysqldump --quick`);
  const held = { onExceed: { action: 'hold', error: { message: '{advice}' } }, budget: { bytes: '1MiB' } };
  t.equal(advice('pymysql', SIGNALS, held), less, 'pace does not tell about what is held back');
});

t.test('advises no streaming to a client that streams, and says if it reads too fast', async (t) => {
  const attributes = { _client_name: 'pymysql' };
  const call = 'add a LIMIT, or stream it: pymysql.cursors.SSCursor';
  const fast = 'as fast as one that buffers: it needs a rule or a higher limit';
  t.equal(textOf(t, '{advice}', { attributes, isFast: true }), `${call}; if it does already, it reads ${fast}`);
  t.equal(
    textOf(t, '{advice}', { attributes, isFast: true, told: 'pace' }), `add a LIMIT; this client streams ${fast}`);
  t.equal(
    textOf(t, '{advice}', { attributes, isFast: true, settings: { hints: 'any' } }),
    `${call}; if it does already, it reads ${fast.replace('a rule', 'a hint, a rule')}`);
  const less = 'add a LIMIT, aggregate, or select fewer columns';
  t.equal(textOf(t, '{advice}', { attributes, isFast: false, told: 'pace' }), less, 'the limit of streams');
  t.equal(textOf(t, '{advice}', { attributes, told: 'cursor' }), less, 'the limit of streams');
  const java = { _client_name: 'MySQL Connector/J' };
  const told = 'add a LIMIT, or stream it: statement.setFetchSize(Integer.MIN_VALUE)';
  t.equal(textOf(t, '{advice}', { attributes: java, isFast: true }), told, 'it would announce a stream');
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
