import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { type ClientSession, startSession } from '../support/session.js';
import { type Server, SERVER_KINDS, startServer } from '../support/servers.js';
import { APP } from '../support/seed.js';
import { type AuditRecord, type Sluice, startSluice } from '../support/sluice.js';

/** More rows than any rule here allows, and fewer than the global settings do. */
const ROWS = 100;
const SELECT = `SELECT id FROM shop.numbers WHERE id <= ${ROWS}`;
const GROUPED = 'SELECT COUNT(*) FROM shop.numbers WHERE id <= 77 GROUP BY id';
const EXEMPT_MS = 10_000;

const rule = (name: string, match: object, rows: number, further: object = {}): object =>
  ({ name, match, limits: { rows }, ...further });

const RULES = [
  rule('ended', {}, 1, { until: '2020-02-29' }),
  rule('reports', { user: ['report_*', 'bi'] }, 11),
  rule('archive', { schema: 'archive' }, 12),
  rule('archive-again', { schema: 'archive' }, 1),
  rule('neighbour', { client: '127.0.1.0/24' }, 13),
  rule('nightly', { program: 'nightly-*' }, 14),
  rule('driver', { attributes: { _client_name: 'pymysql', program_name: 'job ?' } }, 15),
  rule('heavy', { digest: digestHash(digestText(GROUPED)) }, 16),
  rule('shows', { statement: 'show' }, 2),
  rule('metadata', { statement: 'metadata' }, 17),
  rule('calls', { statement: 'call' }, 18),
  rule('others', { statement: ['other', 'ddl'] }, 1),
  rule('shy', { program: 'shy' }, 19, { mode: 'audit' }),
  rule('route', { tags: { route: '/reports/*' } }, 9),
  rule('own-words', { program: 'own' }, 20, { onExceed: { error: { code: 1644 } } }),
];

const CONFIG = {
  limits: { rows: 1000, bytes: '64KiB' },
  onExceed: { error: { code: 3130 } },
  streaming: { signals: [] },
  rules: RULES,
};

const prepare = (server: Server): Promise<string[][]> => server.sql(`
CREATE DATABASE archive;
CREATE USER 'report_eu'@'%' IDENTIFIED BY '${APP.password}';
GRANT ALL ON *.* TO 'report_eu'@'%';
USE shop;
DELIMITER //
CREATE PROCEDURE listing() BEGIN ${SELECT}; END //
DELIMITER ;
`);

for (const kind of SERVER_KINDS) {
  await t.test(`rules in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await prepare(server);
    const sluice = await startSluice(t, { upstream: server.port, config: CONFIG });

    /** Runs a statement that a rule cuts, and checks error and record. */
    const cutsBy = async (
      t: Test, session: ClientSession, name: string, rows: number, sql = SELECT,
    ): Promise<AuditRecord> => {
      const seen = await session.run(sql);
      t.match(seen.error, {
        code: 3130, message: new RegExp(`^sluice: result set exceeds ${rows} rows? \\(rule ${name}\\)`),
      }, sql);
      const record = await sluice.nextRecord();
      const limit = { rows, bytes: 65536 };
      t.match(record, { action: 'cut', rule: name, reason: 'rows', forwardedRows: rows, limit });
      return record;
    };
    const passes = async (t: Test, session: ClientSession, sql = SELECT): Promise<void> => {
      t.match(await session.run(sql), { error: null, rows: ROWS }, sql);
    };
    const named = (t: Test, program: string): Promise<ClientSession> =>
      startSession(t, sluice.port, { driver: 'pymysql', connect: { program_name: program } });

    const app = await startSession(t, sluice.port);

    await t.test('the global settings hold when no rule matches', (t) => passes(t, app));

    await t.test('a rule matches a user by a pattern, also after a change of user', async (t) => {
      const reports = await startSession(t, sluice.port, { connect: { user: 'report_eu' } });
      t.equal((await cutsBy(t, reports, 'reports', 11)).user, 'report_eu');
      await reports.changeUser(APP.user, APP.password, APP.schema);
      await passes(t, reports);
      await reports.changeUser('report_eu', APP.password, APP.schema);
      await cutsBy(t, reports, 'reports', 11);
      await reports.close();
      // Servers remove the quotes around a user name.
      const quoted = await startSession(t, sluice.port, { connect: { user: "'report_eu'" } });
      t.equal((await cutsBy(t, quoted, 'reports', 11)).user, 'report_eu');
      await quoted.close();
    });

    await t.test('a rule by route cuts one route and not the other, and the record names it', async (t) => {
      const comment = (route: string): string => `${SELECT} /*route='${route}',job='x'*/`;
      const { tags } = await cutsBy(t, app, 'route', 9, comment('%2Freports%2F7'));
      t.strictSame(tags, { route: '/reports/7', job: 'x' });
      await passes(t, app, comment('%2Fcarts%2F7'));
      await passes(t, app, `SELECT id, '/*route=/reports/7*/' FROM shop.numbers WHERE id <= ${ROWS}`);
    });

    await t.test('a rule matches the current schema, however it was chosen', async (t) => {
      t.equal((await app.useSchema('archive')).error, null);
      t.equal((await cutsBy(t, app, 'archive', 12)).schema, 'archive');
      t.equal((await app.run('USE shop')).error, null);
      await passes(t, app);
      t.equal((await app.run('USE `archive`')).error, null);
      await cutsBy(t, app, 'archive', 12);
      await app.changeUser(APP.user, APP.password, APP.schema);
      await passes(t, app);
      await app.changeUser(APP.user, APP.password, 'archive');
      await cutsBy(t, app, 'archive', 12);
      await app.useSchema(APP.schema);
    });

    await t.test('a failed change of schema or user changes no rule', async (t) => {
      t.match(await app.useSchema('nowhere'), { error: { code: 1049 } });
      t.match(await app.run('USE nowhere'), { error: { code: 1049 } });
      await passes(t, app);
    });

    await t.test("a rule matches the client's address by its network", async (t) => {
      const connect = { bind_address: '127.0.1.9' };
      const session = await startSession(t, sluice.port, { driver: 'pymysql', connect });
      t.match(await cutsBy(t, session, 'neighbour', 13), { client: /^127\.0\.1\.9:\d+$/ });
    });

    await t.test('a rule matches the program and any other attribute of the client', async (t) => {
      t.equal((await cutsBy(t, await named(t, 'nightly-job'), 'nightly', 14)).program, 'nightly-job');
      t.equal((await cutsBy(t, await named(t, 'job 7'), 'driver', 15)).program, 'job 7');
      await passes(t, await named(t, 'job 77'));
    });

    await t.test('a rule matches a statement by its digest, with any literals', async (t) => {
      const record = await cutsBy(t, app, 'heavy', 16, GROUPED.replace('77', '99'));
      t.equal(record.digest, digestHash(digestText(GROUPED)));
      t.match(record.digestText, /^SELECT COUNT/);
    });

    await t.test('a rule matches kinds of statements', async (t) => {
      await cutsBy(t, app, 'shows', 2, 'SHOW BINLOG EVENTS');
      await cutsBy(t, app, 'metadata', 17, 'SHOW VARIABLES');
      await cutsBy(t, app, 'metadata', 17, 'SELECT * FROM information_schema.COLUMNS');
      await cutsBy(t, app, 'calls', 18, 'CALL listing()');
      await cutsBy(t, app, 'others', 1, 'DESCRIBE numbers');
    });

    await t.test('a rule inherits settings that it does not set', async (t) => {
      const own = await named(t, 'own');
      t.match(await own.run(SELECT), { error: { code: 1644, message: /\(rule own-words\)/ } });
      t.match(await sluice.nextRecord(), { rule: 'own-words', limit: { rows: 20, bytes: 65536 } });
      const wide = "SELECT REPEAT('x', 10000) FROM shop.numbers WHERE id <= 19";
      t.match(await own.run(wide), { error: { code: 1644, message: /65536 bytes \(rule own-words\)/ } });
      t.match(await sluice.nextRecord(), { rule: 'own-words', reason: 'bytes', forwardedRows: 6 });
    });

    await t.test('a rule in mode audit only records when all others enforce', async (t) => {
      await passes(t, await named(t, 'shy'));
      t.match(await sluice.nextRecord(), { action: 'would-cut', rule: 'shy', forwardedRows: ROWS });
    });

    await t.test('leaves one record for each cut by a rule, and no other', async (t) => {
      await app.close();
      await sluice.stop();
      t.equal(sluice.records().length, 19);
    });
  });

  await t.test(`rules of their own mode and time in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const untilMs = Date.now() + EXEMPT_MS;
    const until = new Date(untilMs).toISOString();
    const config = {
      mode: 'audit',
      limits: { rows: 10 },
      streaming: { signals: [] },
      rules: [
        { name: 'exempt', match: {}, limits: { rows: null }, warn: { rows: 10 }, until },
        { name: 'strict', match: { program: 'strict' }, mode: 'enforce' },
      ],
    };
    const sluice: Sluice = await startSluice(t, { upstream: server.port, config });
    const connect = { program_name: 'strict' };
    const strict = await startSession(t, sluice.port, { driver: 'pymysql', connect });
    const app = await startSession(t, sluice.port);

    await t.test('a rule ends while a session runs', async (t) => {
      t.match(await strict.run(SELECT), { error: null, rows: ROWS });
      t.match(await sluice.nextRecord(), { action: 'warn', rule: 'exempt', rows: ROWS });
      await pause(untilMs - Date.now());
      t.match(await strict.run(SELECT), { error: { message: /exceeds 10 rows \(rule strict\)/ } });
      t.match(await sluice.nextRecord(), { action: 'cut', rule: 'strict', forwardedRows: 10 });
    });

    await t.test('a rule enforces when all others only record', async (t) => {
      t.match(await app.run(SELECT), { error: null, rows: ROWS });
      t.match(await sluice.nextRecord(), { action: 'would-cut', rule: 'default', forwardedRows: ROWS });
    });
  });
}
