import t from 'tap';
import { DRIVERS_OF_PROOFS, isMissing } from '../support/drivers.js';
import { startServer } from '../support/servers.js';
import { readAhead } from './readers/readAhead.js';
import { READS_AT_ONCE } from './readers/readsAtOnce.js';
import { IS_WHOLE } from './scale.js';

// When all rows up to a limit fit into a driver's first read, its program has worked on none of them at the limit.

const server = await startServer(t, 'mariadb');
const SELECTED = ['a.id, a.label', ...(IS_WHOLE ? ["a.id, REPEAT('x', 1000)"] : [])];
/** One driver of each language with `npm test`. */
const IN_GATE = ['PyMySQL 1.2', 'mysql2', 'go-sql-driver', 'MySQL Connector/J 9.7'].map((name) => `${name}, streaming`);
const hasBound = (name: string): boolean => READS_AT_ONCE.get(name) !== Infinity;
const streaming = DRIVERS_OF_PROOFS.filter(({ name, reads, protocol }) =>
  reads === 'streaming' && protocol !== 'cursor' && hasBound(name) && (IS_WHOLE || IN_GATE.includes(name)));

await t.test('drivers read a bounded number of bytes before their program has a row', { jobs: 6 }, async (t) => {
  for (const driver of streaming) {
    const bytes = READS_AT_ONCE.get(driver.name)!;
    void t.test(`${driver.name} reads at most ${bytes} bytes before its program has worked on a row`,
      { skip: isMissing(driver) }, async (t) => {
        for (const rows of SELECTED) {
          const taken = await readAhead(driver, server.port, `SELECT ${rows} FROM numbers a, numbers b LIMIT 4000000`);
          t.comment(`${taken} bytes of ${rows}`);
          t.ok(taken <= bytes, `${taken} bytes of ${rows}`);
        }
      });
  }
});
