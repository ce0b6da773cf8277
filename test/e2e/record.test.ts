import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { encodeLenencString } from '../../src/protocol/lenenc.js';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { commandLine, sysbenchOptions } from '../support/clients.js';
import { execute } from '../support/commandPayloads.js';
import { executePayload } from '../support/executePacket.js';
import { startCollector } from '../support/collector.js';
import { runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type AuditRecord, startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';

// How much a record holds of a statement and of its bound parameters.

const program = (name: string): string =>
  fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));
const target = (port: number): string[] => ['127.0.0.1', String(port), APP.user, APP.password, APP.schema];

/** Settings with which every result leaves a record. */
const WARN = { warn: { bytes: '1B' } };
const SECRET = 'swordfish';
const SELECT = `SELECT '${SECRET}', ${'1234567890'.repeat(20)}0`;

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER_PARENT = '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

const phpValues = (small: number, blob: unknown): unknown[] =>
  [small, '-9007199254740993', 0.1, 'naïve 日本', { hex: 'ff00' }, null, blob];

for (const kind of SERVER_KINDS) {
  await t.test(`records of statements to ${kind}`, async (t) => {
    const server = await startServer(t, kind);

    /** The records without those of a driver's own queries. */
    const recordsOf = async (
      audit: object, use: (port: number) => Promise<unknown>,
    ): Promise<readonly AuditRecord[]> => {
      const sluice = await startSluice(t, { upstream: server.port, config: { ...WARN, audit } });
      await use(sluice.port);
      await sluice.stop();
      return sluice.records();
    };

    await t.test('records what was bound to a statement when audit.params is on', async (t) => {
      const runPhp = (port: number) => runOk('php', [program('bind.php'), ...target(port)]);
      const records = await recordsOf({ params: true }, runPhp);
      t.match(records, [
        { command: 'COM_STMT_EXECUTE', params: phpValues(42, { longData: 70_003 }), paramsTruncated: false },
        { command: 'COM_STMT_EXECUTE', params: phpValues(43, null), paramsTruncated: false },
      ]);
      t.equal(records.length, 2);
      for (const record of await recordsOf({}, runPhp)) t.notOk('params' in record, 'and not by default');
    });

    await t.test('reads parameters when their types were sent with an earlier execution', async (t) => {
      const records = await recordsOf({ params: true }, (port) =>
        runOk('sysbench', [program('bind.lua'), ...sysbenchOptions(port), '--events=1', '--time=0', 'run']));
      const bound = records.filter(({ command }) => command === 'COM_STMT_EXECUTE');
      t.same(bound.map(({ params }) => params), [[1, 'text 1'], [2, 'text 2'], [3, 'text 3']]);
    });

    await t.test('names route and trace from the tags of the statement or of its execution', async (t) => {
      const tagged = (route: string): string =>
        `SELECT '${route}' /*route='${route}',secret='x',traceparent='${PARENT}'*/`;
      const context = { traceId: PARENT.slice(3, 35), spanId: PARENT.slice(36, 52), sampled: true };
      const fromText = await recordsOf({}, (port) => commandLine(kind, port, `${tagged('a%2Fb')};\n`, ['--comments']));
      t.match(fromText.find(({ tags }) => tags !== undefined), { tags: { route: 'a/b' }, ...context });
      t.notOk(fromText.some(({ tags }) => tags !== undefined && 'secret' in tags), 'and no more than was asked for');
      const none = await recordsOf({ tags: ['other'] }, (port) =>
        commandLine(kind, port, `${tagged('a')};\n`, ['--comments']));
      t.ok(none.some(({ traceId }) => traceId === context.traceId), 'a trace needs no tag to be asked for');
      t.notOk(none.some((record) => 'tags' in record));
      if (kind === 'mariadb') return; // has no query attributes
      const input = `query_attributes route c traceparent ${OTHER_PARENT}\n${tagged('a')};\n`;
      const attributed = await recordsOf({ tags: ['route', 'secret'] }, (port) =>
        commandLine(kind, port, input, ['--comments', '--commands']));
      t.match(attributed.find(({ tags }) => tags !== undefined),
        { tags: { route: 'c', secret: 'x' }, traceId: OTHER_PARENT.slice(3, 35), sampled: false });
      const executed = await recordsOf({}, async (port) => {
        const capabilities = BASE_CAPABILITIES | Capability.QUERY_ATTRIBUTES;
        const client = await WireClient.connect({ port, ...APP, capabilities });
        await client.withStatement("SELECT ? /*route='prepared',job='nightly'*/", async (statementId) => {
          const parameters = [{ type: 253, bytes: encodeLenencString('value') }];
          const attribute = { type: 253, name: 'route', bytes: encodeLenencString('executed') };
          const options = { statementId, hasQueryAttributes: true };
          const executions = [[...parameters, attribute], parameters].map((bound) => executePayload(bound, options));
          return client.ask(executions);
        });
        await client.quit();
      });
      t.strictSame(executed.map(({ requestBytes }) => requestBytes), [43, 26], 'what was sent for each');
      t.match(executed.map(({ tags }) => tags),
        [{ route: 'executed', job: 'nightly' }, { route: 'prepared', job: 'nightly' }]);
    });

    await t.test('samples a change without a result, with the bytes sent and the rows changed', async (t) => {
      const insert = `INSERT INTO changed VALUES (1, '${'x'.repeat(1000)}'), (2, 'y')`;
      const statements = [
        'CREATE TABLE changed (id INT PRIMARY KEY, body TEXT)', 'SET @a = 1', insert, insert,
        "UPDATE changed SET body = 'z'", 'DELETE FROM changed WHERE id = 1', 'COMMIT', 'DROP TABLE changed',
      ];
      const records = await recordsOf({ sample: { oneIn: 1 } }, (port) =>
        commandLine(kind, port, statements.map((sql) => `${sql};\n`).join('')));
      const changes = records.filter(({ resultSets }) => resultSets === 0);
      t.match(changes.map(({ sql, affectedRows }) => [sql, affectedRows]),
        [[insert, 2], [insert, undefined], [/^UPDATE/, 2], [/^DELETE/, 1]]);
      t.match(changes[0], { action: 'sample', reason: 'chance', rows: 0, outcome: 'completed' });
      t.ok(changes[0]!.requestBytes > insert.length && changes[0]!.requestBytes < insert.length + 20);
      t.match(changes[1], { serverError: { code: 1062 } });
    });

    await t.test('numbers the transactions of a session, and has no number outside of one', async (t) => {
      const statements = [
        "SELECT 'before'", 'BEGIN', "SELECT 'first'", "SELECT 'first again'", 'COMMIT', "SELECT 'between'",
        'SET autocommit = 0', 'SELECT label FROM numbers WHERE id = 1', 'ROLLBACK',
        'SELECT label FROM numbers WHERE id = 2', 'COMMIT',
      ];
      const records = await recordsOf({}, (port) =>
        commandLine(kind, port, statements.map((sql) => `${sql};\n`).join('')));
      const numberOf = (sql: string) => records.find((record) => record.sql === sql)?.transaction;
      t.strictSame(statements.filter((sql) => sql.startsWith('SELECT')).map(numberOf),
        [undefined, 1, 1, undefined, 2, 3]);
    });

    await t.test('names the columns that make a result heavy', async (t) => {
      const sql = `SELECT id, REPEAT('x', 1000) AS body, label, NULL AS nothing FROM numbers WHERE id <= 3000`;
      const records = await recordsOf({}, (port) => commandLine(kind, port, `${sql};\n`));
      const { columnBytes = [], columnBytesRows = 0 } = records.find(({ rows }) => rows === 3000) ?? {};
      t.match(columnBytes.map(({ name, table }) => [name, table]),
        [['body', ''], ['label', 'numbers'], ['id', 'numbers'], ['nothing', '']]);
      t.match(columnBytes[0], { bytes: 1003 * columnBytesRows, largest: 1003 });
      t.ok(columnBytesRows > 0 && columnBytesRows <= 1000, `${columnBytesRows} rows were counted`);
    });

    await t.test('names the columns of the heaviest result set of several', async (t) => {
      const statements = ['SELECT 1 AS small', "SELECT REPEAT('x', 1000) AS large FROM numbers", 'SELECT 2 AS last'];
      const records = await recordsOf({}, (port) =>
        commandLine(kind, port, `DELIMITER //\n${statements.join('; ')}//\n`));
      const { columnBytes, columnBytesResultSet } = records.find(({ resultSets }) => resultSets === 3) ?? {};
      t.match(columnBytes, [{ name: 'large', largest: 1003 }]);
      t.equal(columnBytesResultSet, 2);
    });

    await t.test('names columns by position when the client knows their definitions', async (t) => {
      const records = await recordsOf({}, async (port) => {
        const kept = kind === 'mariadb' ? Capability.MARIADB_CACHE_METADATA : Capability.OPTIONAL_RESULTSET_METADATA;
        const client = await WireClient.connect({ port, ...APP, capabilities: BASE_CAPABILITIES | kept });
        await client.withStatement('SELECT id, label FROM numbers WHERE id <= 50', async (id) => {
          // MariaDB leaves out what has not changed since the last time; MySQL what the client says.
          if (kind === 'mysql') await client.sql("SET resultset_metadata = 'NONE'");
          return [...await client.ask([execute(id)]), ...await client.ask([execute(id)])];
        });
        await client.quit();
      });
      const last = records.filter(({ command }) => command === 'COM_STMT_EXECUTE').at(-1);
      t.match(last?.columnBytes, [{ position: 2, name: null }, { position: 1, name: null, bytes: 200, largest: 4 }]);
      t.equal(last?.columnBytesRows, 50);
    });

    await t.test('exports which kind of server the results are from', async (t) => {
      const collector = await startCollector(t);
      const telemetry = { otlp: { endpoint: collector.url, logs: false, traces: false } };
      const sluice = await startSluice(t, { upstream: server.port, config: { telemetry } });
      await commandLine(kind, sluice.port, 'SELECT * FROM numbers;\n');
      await sluice.stop();
      const told = JSON.stringify(collector.received.at(-1)?.json);
      const systems = [...told.matchAll(/"db\.system\.name","value":\{"stringValue":"(\w+)"/g)].map(([, name]) => name);
      t.strictSame([...new Set(systems)], [kind]);
    });

    await t.test('a record holds as much of a statement as audit.sql says', async (t) => {
      const normal = digestText(SELECT);
      const digest = digestHash(normal);
      const recordOf = async (audit: object): Promise<AuditRecord | undefined> => {
        const records = await recordsOf(audit, (port) => commandLine(kind, port, `${SELECT};`));
        return records.find((record) => record.digest === digest);
      };
      const whole = { sql: SELECT, sqlTruncated: false, digestText: normal };
      t.match(await recordOf({ sql: 'full' }), whole);
      const part = { sql: SELECT.slice(0, 100), sqlTruncated: true, digestText: normal };
      t.match(await recordOf({ sql: 'full', sqlBytes: 100 }), part);
      for (const [sql, shown] of [['digest', normal], ['none', null]] as const) {
        const record = await recordOf({ sql });
        t.match(record, { sql: null, digestText: shown });
        t.notMatch(JSON.stringify(record), SECRET, 'no literal is in it');
      }
    });
  });
}
