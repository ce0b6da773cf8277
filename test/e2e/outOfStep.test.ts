import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { DRIVERS, folderOf, isMissing, PURE_PREPARED } from '../support/drivers.js';
import { run, runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

// Some drivers lose step after an error in the middle of a result. They would give a wrong answer or wait forever.
// Sluice closes their connections instead.

const PROGRAMS = fileURLToPath(new URL('../support/programs', import.meta.url));
const driverOf = (name: string) => DRIVERS.find((driver) => driver.name === name)!;
const PREPARE = `USE shop;
CREATE TABLE looked (id INT);
DELIMITER //
CREATE PROCEDURE look() BEGIN SELECT id FROM numbers; DO SLEEP(0.2); INSERT INTO looked VALUES (1); END //
DELIMITER ;
`;
const REASON = /loses step after an error in the middle of a result/;

const server = await startServer(t, 'mariadb');
const config = { limits: { rows: 1000 }, streaming: { signals: [] } };
const sluice = await startSluice(t, { upstream: server.port, config });

/**
 * Reads a table as a stream, looks each row up from row `lookupFrom` on, then runs SELECT 2 three times. Returns the
 * program's lines.
 */
const lookUp = async (module: string, sql: string, lookupFrom: number): Promise<string[]> => {
  const login = `user=${APP.user}&password=${APP.password}&sslMode=disable`;
  const url = `jdbc:mariadb://127.0.0.1:${sluice.port}/${APP.schema}?${login}`;
  const args = ['-XX:TieredStopAtLevel=1', '-cp', `${join(folderOf('java'), module)}/*`, join(PROGRAMS, 'Lookup.java')];
  const { stdout, stderr } = await run('java', [...args, url, sql, String(lookupFrom)]);
  return stdout === '' ? [stderr] : stdout.trim().split('\n');
};

const isClosed = { action: 'cut', outcome: 'closed', forwardedRows: 1000, closedBehindError: true };

for (const [version, module] of [['3.5', 'mariadb-3.5'], ['4.0', 'mariadb-4.0']] as const) {
  const skip = isMissing(driverOf(`MariaDB Connector/J ${version}`));
  const title = `MariaDB Connector/J ${version} gets no wrong answer when it looks up rows of a stream that is cut`;
  await t.test(title, { skip }, async (t) => {
    const lines = await lookUp(module, 'SELECT id FROM numbers', 1);
    t.strictSame(lines, ['error 3170', ...Array.from({ length: 3 }, () => 'lost 08000')]);
    t.match(await sluice.nextRecord(), isClosed);
  });
}

const skipJava = isMissing(driverOf('MariaDB Connector/J 3.5'));
await t.test('Connector/J gets no wrong answer when its first lookup comes long after the ' +
  'error', { skip: skipJava }, async (t) => {
  const lines = await lookUp('mariadb-3.5', 'SELECT id FROM numbers WHERE id <= 1001', 900);
  t.strictSame(lines.slice(1), Array.from({ length: 3 }, () => 'lost 08000'));
  t.match(await sluice.nextRecord(), isClosed);
});

await t.test('Connector/J keeps its connection when no row went out before the ' +
  'error', { skip: skipJava }, async (t) => {
  const hold = { ...config, onExceed: { action: 'hold' }, budget: { bytes: '16MiB' } };
  const holding = await startSluice(t, { upstream: server.port, config: hold });
  const seen = await driverOf('MariaDB Connector/J 3.5').read(holding.port, 'SELECT id, label FROM numbers');
  t.match(seen, { rows: 0, error: { code: 3170 }, after: { answer: 42 } });
  t.notOk('closedBehindError' in await holding.nextRecord());
});

await t.test('a promised statement runs to its end after its connection was closed', { skip: skipJava }, async (t) => {
  await server.sql(PREPARE);
  const seen = await driverOf('MariaDB Connector/J 3.5').read(sluice.port, 'CALL look()');
  t.match(seen, { error: { code: 3170, message: /runs to its end on the server/ }, after: null });
  t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'drained', complete: true, closedBehindError: true });
  t.strictSame(await server.sql('SELECT COUNT(*) FROM shop.looked'), [['1']]);
});

const skip = isMissing(PURE_PREPARED);
await t.test('the pure prepared cursor of Connector/Python does not wait forever', { skip }, async (t) => {
  const seen = await PURE_PREPARED.read(sluice.port, 'SELECT id, label FROM numbers');
  t.match(seen, { rows: 0, error: { code: 2013 }, after: null });
  t.match(await sluice.nextRecord(), isClosed);
});

const skipNode = isMissing(driverOf('mariadb for Node'));
await t.test('mariadb for Node.js sends ahead, keeps step, and goes on', { skip: skipNode }, async (t) => {
  const args = [String(sluice.port), APP.user, APP.password, APP.schema, 'SELECT id FROM numbers'];
  const env = { ...process.env, NODE_PATH: join(folderOf('node'), 'node_modules') };
  const stdout = await runOk(process.execPath, [join(PROGRAMS, 'pipeline.cjs'), ...args], { env });
  t.strictSame(JSON.parse(stdout), [{ error: 3170 }, 2, 3, 4]);
  t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'drained', complete: true });
});

const AHEAD: Record<string, readonly string[]> = {
  'Vert.x': ['vertx', 'AheadVertx.java'],
  'r2dbc-mariadb': ['r2dbc', 'AheadR2dbc.java', 'mariadb'],
  'r2dbc-mysql': ['r2dbc', 'AheadR2dbc.java', 'mysql'],
};
for (const [name, [module, program, ...first]] of Object.entries(AHEAD)) {
  const skip = isMissing(driverOf(name));
  await t.test(`${name} keeps step, and goes on with commands that wait behind a cut`, { skip }, async (t) => {
    const args = [...first, String(sluice.port), APP.user, APP.password, APP.schema, 'SELECT id FROM numbers'];
    const classPath = `${join(folderOf('java'), module!)}/*`;
    const source = join(PROGRAMS, program!);
    const stdout = await runOk('java', ['-XX:TieredStopAtLevel=1', '-cp', classPath, source, ...args]);
    t.strictSame(JSON.parse(stdout), [{ error: 3170 }, 2, 3, 4]);
    t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'drained', complete: true });
  });
}

await t.test('logs why it closed the connections', { skip: skipJava }, async (t) => {
  const ended = sluice.log().filter(({ msg, reason }) => msg === 'session ended' && REASON.test(String(reason)));
  t.ok(ended.length > 0);
  t.ok(ended.every(({ by }) => by === 'sluice'));
});
