import t, { type Test } from 'tap';
import { CLIENTS, connectOptions } from '../support/clients.js';
import { run } from '../support/run.js';
import { APP, NUMBERS_ROWS } from '../support/seed.js';
import { type Seen, startSession } from '../support/session.js';
import { MYSQL9_ENV, mysql9Program, SERVER_KINDS, type ServerKind, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';

const LIMIT = 1000;
const ROWS = 3000;
const SELECT = `SELECT id, label FROM numbers WHERE id <= ${ROWS}`;
const DUMP_SELECT = SELECT.replace('SELECT', 'SELECT /*!40001 SQL_NO_CACHE */');
const CONFIG = { limits: { rows: LIMIT } };

const CURSORS = CLIENTS.filter(({ protocol }) => protocol === 'cursor');
const DUMP_PROGRAMS = { mariadb: 'mariadb-dump', mysql: mysql9Program('mysqldump') } as const;

const dumpNumbers = (vendor: ServerKind, port: number): Promise<{ code: number | null; stderr: string }> =>
  run(DUMP_PROGRAMS[vendor], [...connectOptions(vendor, port), '--no-tablespaces', APP.schema, 'numbers'], {
    env: MYSQL9_ENV, onStdout: () => undefined,
  });

const streamed = (signal: string, rows = ROWS): object =>
  ({
    action: 'admit', reason: 'rows', limit: { rows: LIMIT }, class: 'streaming', signal, rowsPerSecond: null,
    rows, forwardedRows: rows, complete: true,
  });
const cut = (rows: number): object => ({ action: 'cut', forwardedRows: rows });

/** Sends what Connector/J sends around a stream: the raised timeout before it, the old one after it. */
const readAsJdbc = async (t: Test, sluice: Sluice): Promise<Seen> => {
  const session = await startSession(t, sluice.port, { driver: 'pymysql' });
  await session.run('SET net_write_timeout=600');
  const seen = await session.stream(SELECT);
  await session.run('SET net_write_timeout=60');
  const { error } = await session.stream(SELECT);
  t.match(error?.message, 'exceeds 1000 rows', 'the next one is announced by nothing');
  return seen;
};

for (const kind of SERVER_KINDS) {
  await t.test(`streams from ${kind}`, async (t) => {
    const server = await startServer(t, kind);

    await t.test('have no limit and are recorded for each signal', async (t) => {
      const config = { ...CONFIG, streaming: { signals: ['cursor', 'dump', 'jdbc', 'hint'] } };
      const sluice = await startSluice(t, { upstream: server.port, config });

      for (const client of CURSORS) {
        await t.test(`a server-side cursor: ${client.name}`, async (t) => {
          t.match(await client.read(sluice.port, SELECT), { rows: ROWS, error: null, after: { answer: 42 } });
          const command = 'COM_STMT_EXECUTE';
          t.match(await sluice.nextRecord(), { ...streamed('cursor'), command, sql: SELECT });
        });
      }

      for (const vendor of SERVER_KINDS) {
        await t.test(`the dump tool of ${vendor}`, async (t) => {
          t.match(await dumpNumbers(vendor, sluice.port), { code: 0 });
          t.match(await sluice.nextRecord(), { ...streamed('dump', NUMBERS_ROWS), program: 'mysqldump' });
        });
      }

      await t.test('a statement as dump tools send it, from any client', async (t) => {
        const session = await startSession(t, sluice.port);
        t.match(await session.run(DUMP_SELECT), { rows: ROWS, error: null });
        t.match(await sluice.nextRecord(), streamed('dump'));
      });

      await t.test('the announcement that Connector/J sends before a stream', async (t) => {
        t.match(await readAsJdbc(t, sluice), { rows: ROWS, error: null });
        t.match(await sluice.nextRecord(), streamed('jdbc'));
        t.match(await sluice.nextRecord(), { ...cut(LIMIT), class: 'buffered', signal: null });
      });

      await t.test('a stream within the limit of buffered results leaves no record', async (t) => {
        const session = await startSession(t, sluice.port);
        t.match(await session.run(DUMP_SELECT.replace(String(ROWS), String(LIMIT))), { rows: LIMIT, error: null });
        t.match(await session.run(DUMP_SELECT), { rows: ROWS, error: null });
        t.match(await sluice.nextRecord(), { ...streamed('dump'), rows: ROWS });
      });

      await t.test('an ordinary result is cut', async (t) => {
        const session = await startSession(t, sluice.port);
        const { error } = await session.stream(SELECT);
        t.match(error?.message, 'page it, stream it, or raise the limit');
        t.match(await sluice.nextRecord(), { ...cut(LIMIT), class: 'buffered', signal: null });
      });
    });

    await t.test('have limits of their own when these are set', async (t) => {
      const config = { ...CONFIG, streaming: { limits: { rows: 2000 } } };
      const sluice = await startSluice(t, { upstream: server.port, config });
      for (const client of CURSORS) {
        const seen = await client.read(sluice.port, SELECT);
        t.match(seen, { rows: 2000, after: { answer: 42 } }, client.name);
        if (!client.losesError) t.match(seen.error?.message, 'exceeds 2000 rows (rule default)');
        t.match(await sluice.nextRecord(), { ...cut(2000), class: 'streaming', signal: 'cursor' });
      }
      const session = await startSession(t, sluice.port);
      t.match(await session.stream(DUMP_SELECT), { rows: 2000, error: { message: /exceeds 2000 rows/ } });
      t.match(await sluice.nextRecord(), { ...cut(2000), class: 'streaming', signal: 'dump' });
    });

    await t.test('are the results that a rule calls streams, whatever the signals', async (t) => {
      const rules = [
        { name: 'exports', match: { program: 'export' }, class: 'streaming' },
        { name: 'pages', match: { schema: APP.schema }, class: 'buffered' },
      ];
      const sluice = await startSluice(t, { upstream: server.port, config: { ...CONFIG, rules } });
      const connect = { program_name: 'export' };
      const exports = await startSession(t, sluice.port, { driver: 'pymysql', connect });
      t.match(await exports.run(SELECT), { rows: ROWS, error: null });
      t.match(await sluice.nextRecord(), { ...streamed('rule'), rule: 'exports' });
      const pages = await startSession(t, sluice.port);
      t.match(await pages.run(DUMP_SELECT), { error: { message: /exceeds 1000 rows \(rule pages\)/ } });
      t.match(await sluice.nextRecord(), { ...cut(LIMIT), rule: 'pages', class: 'buffered', signal: null });
      for (const client of CURSORS) {
        t.match(await client.read(sluice.port, SELECT), { rows: LIMIT }, client.name);
        t.match(await sluice.nextRecord(), { ...cut(LIMIT), rule: 'pages', class: 'buffered', signal: null });
      }
    });

    await t.test('are cut when no signal is trusted', async (t) => {
      const config = { ...CONFIG, streaming: { signals: [] } };
      const sluice = await startSluice(t, { upstream: server.port, config });
      for (const client of CURSORS) {
        t.match(await client.read(sluice.port, SELECT), { rows: LIMIT, after: { answer: 42 } }, client.name);
        t.match(await sluice.nextRecord(), { ...cut(LIMIT), class: 'buffered' });
      }
      t.match(await dumpNumbers('mariadb', sluice.port), { stderr: /exceeds 1000 rows/ });
      t.match(await sluice.nextRecord(), { ...cut(LIMIT), program: 'mysqldump', class: 'buffered' });
      t.match(await readAsJdbc(t, sluice), { rows: LIMIT, error: { message: /exceeds 1000 rows/ } });
      t.match(await sluice.nextRecord(), cut(LIMIT));
      t.match(await sluice.nextRecord(), cut(LIMIT));
    });
  });
}
