import t from 'tap';
import { DRIVERS, isMissing, type Driver } from '../support/drivers.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { IS_WHOLE } from './scale.js';

// The error of a cut names the call that streams with the client's driver. A program that follows it, and works on each
// row, reads the same result to its end.

/** Rows of 20 columns, so that the limit is far beyond what drivers read ahead. */
const { limit, rows, workMs } = IS_WHOLE
  ? { limit: 10_000, rows: 12_000, workMs: 0.5 } : { limit: 1000, rows: 1500, workMs: 1 };
const COLUMNS = Array.from({ length: 19 }, (_, index) => `label AS c${index}`).join(', ');
const SELECT = `SELECT id, ${COLUMNS} FROM numbers WHERE id <= ${rows}`;
const SUM = (rows * (rows + 1)) / 2;
const MESSAGE = 'sluice: result set exceeds {limit}: {advice}';

/** The call that each driver is advised; the others are told to read row by row. */
const CALLS: Readonly<Record<string, string>> = {
  'MySQL Connector/J 9.7': 'statement.setFetchSize(Integer.MIN_VALUE)',
  'MySQL Connector/J 26.10': 'statement.setFetchSize(Integer.MIN_VALUE)',
  'HikariCP': 'statement.setFetchSize(Integer.MIN_VALUE)',
  'MariaDB Connector/J 3.5': 'statement.setFetchSize(1000)',
  'MariaDB Connector/J 4.0': 'statement.setFetchSize(1000)',
  'Connector/Python': 'cursor(buffered=False), then fetchmany()',
  'Connector/Python, pure': 'cursor(buffered=False), then fetchmany()',
  'Connector/Python, prepared': 'cursor(buffered=False), then fetchmany()',
  'MySQLdb': 'mysql_use_result(), in Python MySQLdb.cursors.SSCursor',
  'PyMySQL 1.2': 'pymysql.cursors.SSCursor',
  'SQLAlchemy': 'pymysql.cursors.SSCursor',
  'pandas': 'pymysql.cursors.SSCursor',
  'Django': 'pymysql.cursors.SSCursor',
  'aiomysql': 'aiomysql.SSCursor',
  'go-sql-driver': 'work on each row inside rows.Next(), and keep none',
  'mysql2': 'connection.query(sql).stream()',
  'mariadb for Node': 'connection.queryStream(sql)',
};

const IN_GATE = ['MySQL Connector/J 9.7', 'PyMySQL 1.2'];
/** The driver reads on while its program works, so Sluice cannot see that the program streams. */
const READS_ON = 'asyncmy';

const streamingOf = ({ name }: Driver): Driver =>
  DRIVERS.find((driver) => driver.name === `${name}, streaming`)!;

const kinds = IS_WHOLE ? SERVER_KINDS : ['mariadb' as const];
const drivers = DRIVERS.filter(({ name, reads }) => reads === 'buffered' && (IS_WHOLE || IN_GATE.includes(name)));

for (const kind of kinds) {
  await t.test(`drivers in front of ${kind}`, { jobs: 2 }, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, {
      upstream: server.port, config: { limits: { rows: limit }, onExceed: { error: { message: MESSAGE } } },
    });
    for (const driver of drivers) {
      const { name } = driver;
      const call = `stream it: ${CALLS[name] ?? 'read it row by row'}`;
      const advice = `add a LIMIT, ${name === READS_ON ? 'aggregate, or select fewer columns' : `or ${call}`}`;
      void t.test(`${name} gets advice with which the result passes`, { skip: isMissing(driver) }, async (t) => {
        const { error } = await driver.read(sluice.port, SELECT);
        t.ok(error?.message.includes(`sluice: result set exceeds ${limit} rows: ${advice}`), String(error?.message));
        if (name === READS_ON) return;
        const followed = await streamingOf(driver).read(sluice.port, SELECT, { workMs });
        t.match(followed, { rows, sum: SUM, error: null });
      });
    }
  });
}
