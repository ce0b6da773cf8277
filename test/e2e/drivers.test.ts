import t from 'tap';
import { IS_WHOLE } from '../proof/scale.js';
import { DRIVERS, isMissing, POOLS } from '../support/drivers.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { shareOf } from './shareOf.js';

const LIMIT = 1000;
/** Drivers that lose step after an error in the middle of a result (see outOfStep.test.ts). */
const LOSING_STEP = /^MariaDB Connector\/J /;
const SUM = (LIMIT * (LIMIT + 1)) / 2;

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}, with --max-rows ${LIMIT}`, { jobs: 2 }, async (t) => {
    const server = await startServer(t, kind);
    // No signal is trusted, so that the speed of a program decides nothing.
    const sluice = await startSluice(t, {
      upstream: server.port, config: { streaming: { signals: [] } }, flags: ['--max-rows', String(LIMIT)],
    });
    const drivers = shareOf(DRIVERS, kind);
    const buffering = drivers.filter(({ reads }) => reads === 'buffered');

    await t.test('each program is cut at the limit, and goes on as its table says', { jobs: 2 }, async (t) => {
      for (const driver of buffering) {
        const isClosed = LOSING_STEP.test(driver.name);
        const title = `${driver.name} is cut, and ${isClosed ? 'its connection closed' : 'goes on'}`;
        void t.test(title, { skip: isMissing(driver) }, async (t) => {
          const seen = await driver.read(sluice.port, 'SELECT id, label FROM numbers WHERE id <= 5000');
          t.match(seen, { rows: 0, error: { code: 3170, message: /^(.*\W)?sluice: result set exceeds 1000 rows/ } });
          t.equal(seen.after?.answer, isClosed ? undefined : 42, seen.afterError ?? 'SELECT 42 on the same connection');
        });
      }
      for (const driver of drivers.filter(({ reads }) => reads === 'streaming')) {
        void t.test(`${driver.name} reads a result within the limit`, { skip: isMissing(driver) }, async (t) => {
          const seen = await driver.read(sluice.port, `SELECT id, label FROM numbers WHERE id <= ${LIMIT}`);
          t.match(seen, { rows: LIMIT, sum: SUM, error: null });
          t.equal(seen.after?.answer, 42, seen.afterError ?? 'SELECT 42 on the same connection');
        });
      }
    });

    await t.test('leaves one audit record for each cut, and no other', async (t) => {
      await sluice.stop();
      const records = sluice.records();
      t.ok(records.every(({ action }) => action === 'cut'));
      t.equal(records.length, buffering.filter((driver) => isMissing(driver) === false).length);
    });
  });
}

await t.test('the help tells the truth about errors and drivers', async (t) => {
  const server = await startServer(t, 'mariadb');
  const SELECT_50 = 'SELECT id, label FROM numbers WHERE id <= 50';
  const driverOf = (name: string) => DRIVERS.find((driver) => driver.name === name)!;
  const sluiceWith = (settings: object) => startSluice(t, {
    upstream: server.port, config: { limits: { rows: 10 }, streaming: { signals: [] }, ...settings },
  });

  const hikari = driverOf('HikariCP');
  await t.test('HikariCP keeps its connection, except on error 1105', { skip: isMissing(hikari) }, async (t) => {
    const keeps = async (code: number, sqlState: string): Promise<boolean> => {
      const sluice = await sluiceWith({ onExceed: { error: { code, sqlState } } });
      const seen = await hikari.read(sluice.port, SELECT_50);
      t.match(seen, { error: { code, sqlState } });
      await sluice.stop();
      return seen.after?.answer === 42;
    };
    t.ok(await keeps(3170, 'HY000'));
    t.ok(await keeps(1317, '70100'));
    t.notOk(await keeps(1105, 'HY000'));
  });

  await t.test('pools keep all their connections, and run no statement again', async (t) => {
    const noChanges = { name: 'no-changes', match: { statement: 'dml' }, action: 'refuse' };
    const sluice = await sluiceWith({ rules: [noChanges] });
    const pools = POOLS.filter((pool, index) => (IS_WHOLE || index % 2 === 0) && isMissing(pool) === false);
    await Promise.all(pools.map(async ({ name, run }) => {
      const { before, errors, after } = await run(sluice.port, [SELECT_50, 'DELETE FROM numbers']);
      t.strictSame(errors, [3170, 3164], name);
      t.strictSame(after, before, `${name} has the same connections`);
    }));
    await sluice.stop();
    const actions = sluice.records().map(({ action }) => String(action)).sort();
    t.strictSame(actions, [...pools.map(() => 'cut'), ...pools.map(() => 'refuse')]);
  });

  const r2dbc = driverOf('r2dbc-mariadb');
  await t.test('a rule for r2dbc-mariadb matches only that driver', { skip: isMissing(r2dbc) }, async (t) => {
    const error = { code: 1104, sqlState: '42000' };
    const rule = { name: 'r2dbc-mariadb', match: { attributes: { _client_name: 'mariadb' } }, onExceed: { error } };
    const sluice = await sluiceWith({ rules: [rule] });
    t.match(await r2dbc.read(sluice.port, SELECT_50), { error, after: { answer: 42 } });
    for (const name of ['r2dbc-mysql', 'MariaDB Connector/J 3.5']) {
      t.match(await driverOf(name).read(sluice.port, SELECT_50), { error: { code: 3170 } }, name);
    }
  });
});
