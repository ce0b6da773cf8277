import t from 'tap';
import { type Driver, DRIVERS_OF_PROOFS, isMissing } from '../support/drivers.js';
import { startServer } from '../support/servers.js';
import { subjectOf } from './readers/cells.js';
import { readAhead } from './readers/readAhead.js';
import { readsAtOnceBytes } from './readers/readsAtOnce.js';
import { IS_WHOLE } from './scale.js';

// When all rows up to a limit fit into a driver's first read, its program has worked on none of them at the limit.

const server = await startServer(t, 'mariadb');
/** The selected columns, and the size of a row's packet. */
const SELECTED = [
  ['a.id, a.label', 30] as const,
  ...(IS_WHOLE ? [1000, 4000, 100_000] : []).map((bytes) => [`a.id, REPEAT('x', ${bytes})`, bytes + 20] as const),
];
/** One driver of each language with `npm test`. */
const IN_GATE = ['PyMySQL 1.2', 'mysql2', 'go-sql-driver', 'MySQL Connector/J 9.7'];
const hasBound = (driver: Driver): boolean => readsAtOnceBytes(subjectOf(driver), 0) !== Infinity;
const streaming = DRIVERS_OF_PROOFS.filter((driver) => driver.reads === 'streaming' && driver.protocol !== 'cursor' &&
  hasBound(driver) && (IS_WHOLE || IN_GATE.includes(subjectOf(driver))));

await t.test('drivers read a bounded number of bytes before their program has a row', { jobs: 6 }, async (t) => {
  for (const driver of streaming) {
    void t.test(`${driver.name} reads few rows before its program has worked on one`,
      { skip: isMissing(driver) }, async (t) => {
        for (const [columns, rowBytes] of SELECTED) {
          const most = readsAtOnceBytes(subjectOf(driver), rowBytes);
          const taken = await readAhead(driver, server.port, `SELECT ${columns} FROM numbers a, numbers b LIMIT 4000000`);
          t.comment(`${taken} bytes of ${columns}`);
          t.ok(taken <= most, `${taken} bytes of ${columns}, at most ${most}`);
        }
      });
  }
});
