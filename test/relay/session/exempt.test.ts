import t, { type Test } from 'tap';
import { Status } from '../../../src/protocol/status.js';
import { execute, prepare, query } from '../../support/commandPayloads.js';
import type { Turn } from '../../support/conversationHarness.js';
import type { ProxySettings } from '../../support/inProcess.js';
import { converseOver, PairedProxy } from '../../support/pairs.js';
import {
  answer, ask, binaryRow, login, ok, packetsFrom, preparedAnswer, resultSet, textRow,
} from '../../support/wirePackets.js';

// Cuts in a response with several answers: each answer is judged by its own statement, in the schema of that
// statement.

const MORE = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
const LIMIT: ProxySettings = { limits: { rows: 2 }, streaming: { signals: [] } };
const RETURNING = 'DELETE FROM t RETURNING a';
const FORGED = [
  '/*!99999 DELETE RETURNING */ SELECT * FROM big',
  'WITH a AS (SELECT 1) /*!99999 DELETE RETURNING */ SELECT * FROM big',
  `SELECT * FROM big; DELETE FROM t WHERE 0 /*${'x'.repeat(17_000)}*/`,
  `BEGIN NOT ATOMIC SELECT * FROM big; ${RETURNING}; END`,
  'SET STATEMENT max_statement_time = 1 FOR SELECT * FROM big FOR UPDATE /*!99999 RETURNING */',
];

const rows = (count: number): Buffer[] => Array.from({ length: count }, (_, index) => textRow(`row ${index}`));
const set = (count: number, statusFlags?: number): Buffer[] =>
  resultSet('eof', rows(count), statusFlags === undefined ? {} : { statusFlags });

interface Played {
  /** The bytes that the client got as the answer. */
  readonly heard: Buffer;
  readonly records: readonly Record<string, unknown>[];
  readonly exemptCount: number;
}

interface Playing {
  readonly config?: ProxySettings;
  readonly server?: 'mysql' | 'mariadb';
  readonly before?: readonly Turn[];
  readonly command?: Buffer;
}

/** Answers a text with these payloads, and plays on to the next command. */
const play = async (t: Test, sql: string, payloads: readonly Buffer[], playing: Playing = {}): Promise<Played> => {
  const { config = LIMIT, server = 'mariadb', before = [], command = query(sql) } = playing;
  const proxy = await PairedProxy.start(config);
  t.teardown(() => proxy.stop());
  const { client, server: far } = await proxy.pair();
  await converseOver({ client, server: far, address: '' }, [...login('eof', { server }), ...before, ask(command)]);
  client.forget();
  far.say(packetsFrom(1, ...payloads));
  const next = ask(query('SELECT 42'));
  far.forget();
  client.say(next.bytes);
  await far.hear(next.bytes.length);
  const { bytes } = answer(ok());
  far.say(bytes);
  await client.until(() => client.heard.subarray(-bytes.length).equals(bytes));
  const heard = client.heard.subarray(0, -bytes.length);
  const [exempt] = proxy.here.metrics.exemptions.all();
  return { heard, records: proxy.here.records, exemptCount: exempt!.count };
};

/** Whether the client got the first `count` payloads, then an error. */
const isCutAfter = ({ heard }: Played, payloads: readonly Buffer[], count: number): boolean => {
  const passed = packetsFrom(1, ...payloads.slice(0, count));
  const isError = heard[passed.length + 4] === 0xff && heard[passed.length + 3] === count + 1;
  return isError && heard.subarray(0, passed.length).equals(passed);
};

await t.test("passes a change's own rows whole on MariaDB, recorded and counted as exempt", async (t) => {
  const payloads = set(5);
  const played = await play(t, RETURNING, payloads);
  t.ok(played.heard.equals(packetsFrom(1, ...payloads)));
  t.match(played.records, [{ action: 'would-cut', reason: 'rows', exempt: 'returning', rows: 5, forwardedRows: 5 }]);
  t.equal(played.exemptCount, 1);
});

await t.test('exempts nothing on a server without RETURNING', async (t) => {
  const payloads = set(5);
  const played = await play(t, RETURNING, payloads, { server: 'mysql' });
  t.ok(isCutAfter(played, payloads, 5));
  t.match(played.records, [{ action: 'cut', forwardedRows: 2 }]);
  t.equal(played.exemptCount, 0);
});

await t.test('cuts a statement that only looks like a change, and a text too long to be judged', async (t) => {
  for (const sql of FORGED) {
    const payloads = set(5);
    const played = await play(t, sql, payloads);
    const [record] = played.records;
    t.ok(isCutAfter(played, payloads, 5), sql.slice(0, 60));
    t.match(record, { action: 'cut', forwardedRows: 2 });
    t.notOk('exempt' in record!);
    t.equal(
      played.heard.includes('runs to its end'), !/^(?:WITH|\/\*!99999)/.test(sql),
      'what it does is said where it may do more',
    );
  }
});

await t.test('cuts a result after exempt rows, and one before them', async (t) => {
  const behind = [...set(5, MORE), ...set(1)];
  const played = await play(t, `${RETURNING}; SELECT * FROM big`, behind);
  t.ok(
    isCutAfter(played, behind, set(5).length + 3),
    'in place of its first row, since rows of one response count together',
  );
  t.match(played.records, [{ action: 'cut', exempt: 'returning', rows: 6, forwardedRows: 5 }]);
  const before = [...set(5, MORE), ...set(5)];
  t.ok(isCutAfter(await play(t, `SELECT * FROM big; ${RETURNING}`, before), before, 5));
});

await t.test('holds back all rows except exempt ones with hold', async (t) => {
  const config = { ...LIMIT, onExceed: { action: 'hold' }, budget: { bytes: '1MiB' } };
  const behind = [...set(1, MORE), ...set(5)];
  const first = await play(t, `${RETURNING}; SELECT * FROM big`, behind, { config });
  t.ok(isCutAfter(first, behind, set(1).length + 3), 'not one row of what follows them');
  t.match(first.records, [{ action: 'cut', rows: 6, forwardedRows: 1, forwardedBytes: rows(1)[0]!.length + 4 }]);
  const before = [...set(1, MORE), ...set(5)];
  const second = await play(t, `SELECT 1; ${RETURNING}`, before, { config });
  t.ok(second.heard.equals(packetsFrom(1, ...before)), 'what was held fits');
  t.match(second.records, [{ action: 'would-cut', exempt: 'returning', forwardedRows: 6 }]);
});

await t.test('passes only exempt rows beyond the budget', async (t) => {
  const config = {
    ...LIMIT, limits: { rows: null, bytes: null }, budget: { bytes: 1000 }, audit: { sample: { oneIn: 1 } }
  };
  const proxy = await PairedProxy.start(config);
  t.teardown(() => proxy.stop());
  const pair = await proxy.pair();
  await converseOver(pair, [...login('eof', { server: 'mariadb' }), ask(query(`${RETURNING}; SELECT * FROM big`))]);
  const payloads = [...set(200, MORE), ...set(5)];
  const most = packetsFrom(1, ...payloads.slice(0, 150));
  await converseOver(pair, [{ from: 'server', bytes: most }]); // the budget is checked between reads
  pair.server.say(packetsFrom(151, ...payloads.slice(150)));
  const passed = packetsFrom(1, ...payloads.slice(0, set(200).length + 3));
  await pair.client.until(() => pair.client.heard.includes('exceed the budget'));
  t.equal(pair.client.heard.indexOf('#HY000sluice'), pair.client.heard.indexOf(passed) + passed.length + 7);
});

await t.test('knows the kind of a prepared statement when its text was dropped', async (t) => {
  const prepared = (id: number, sql: string): Turn[] => [ask(prepare(sql)), answer(...preparedAnswer('eof', id, 1, 0))];
  const long = 'x'.repeat(16_000);
  const crowd = Array.from({ length: 70 }, (_, index) => prepared(index + 3, `SELECT '${long}${index}'`)).flat();
  const config: ProxySettings = {
    ...LIMIT, rules: [{ name: 'shows', match: { statement: 'show' }, limits: { rows: null } }]
  };
  const binary = resultSet('eof', Array.from({ length: 5 }, () => binaryRow('a')));
  for (const sql of [RETURNING, 'SHOW PROCESSLIST', 'SELECT 1']) {
    const played = await play(t, '', binary, { config, before: [...prepared(1, sql), ...crowd], command: execute(1) });
    const wanted = sql === 'SELECT 1' ? isCutAfter(played, binary, 5) : played.heard.equals(packetsFrom(1, ...binary));
    t.ok(wanted, sql);
    for (const record of played.records) t.match(record, { sql: null, digest: /^[0-9a-f]{16}$/ }, 'its text is gone');
  }
});

const BY_SCHEMA: ProxySettings = {
  ...LIMIT, limits: { rows: 100 }, rules: [{ name: 'archive', match: { schema: 'archive' }, limits: { rows: 2 } }],
};

await t.test('a rule by schema holds from the USE in the same text on', async (t) => {
  const first = [ok(MORE), ...set(5)];
  const played = await play(t, 'USE archive; SELECT * FROM big', first, { config: BY_SCHEMA });
  t.ok(isCutAfter(played, first, 6));
  t.match(played.records, [{ rule: 'archive', schema: 'archive' }]);
  const later = [...set(1, MORE), ok(MORE), ...set(5)];
  const behind = await play(t, 'SELECT 1; USE `archive`; SELECT * FROM big', later, { config: BY_SCHEMA });
  t.ok(isCutAfter(behind, later, set(1).length + 5), 'all rows of a response count together');
  t.match(behind.records, [{ rule: 'archive', rows: 6, forwardedRows: 2 }]);
});

await t.test('a USE that failed changes no rule', async (t) => {
  const before = [ask(query('USE archive')), answer(Buffer.from('\xff\x19\x04#42000no', 'latin1'))];
  const played = await play(t, 'SELECT * FROM big', set(5), { config: BY_SCHEMA, before });
  t.same(played.records, []);
});
