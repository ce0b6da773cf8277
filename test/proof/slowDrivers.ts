import type { Test } from 'tap';
import { DRIVERS, isMissing } from '../support/drivers.js';
import { SERVER_KINDS, type ServerKind, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

/** MySQL's Connector/J itself raises the time-out before it streams. */
const NAMES = ['MySQL Connector/J 9.7, streaming', 'MariaDB Connector/J 3.5, streaming', 'mysql2, streaming',
  'mariadb for Node, streaming', 'PyMySQL 1.2, streaming'];
const WORK_MS = 5;
/** 48 KB/s together with the work. */
const ROW_BYTES = 240;
const ROWS = (10 * 60 * 1000) / WORK_MS;
/**
 * More than the buffers on the way hold, so that the driver cannot have all rows early. Too few for another look at its
 * pace. In the end the driver reads them.
 */
const ROWS_LEFT = 39_000;
const SELECT = `SELECT a.id, REPEAT('x', ${ROW_BYTES - 12}) FROM numbers a, numbers b LIMIT ${ROWS + ROWS_LEFT}`;
const CONFIG = {
  limits: { rows: 10_000, bytes: null }, streaming: { signals: ['pace'] }, connections: { handshakeTimeout: '1m' },
};

/** The addresses of the programs: the server, and a Sluice in each mode. */
const portsOf = async (t: Test, kind: ServerKind): Promise<ReadonlyMap<string, number>> => {
  const { port } = await startServer(t, kind);
  const behindSluice = async (mode: string): Promise<number> =>
    (await startSluice(t, { upstream: port, config: CONFIG, flags: ['--mode', mode] })).port;
  return new Map([
    ['directly', port],
    ['in mode audit', await behindSluice('audit')],
    ['in mode enforce', await behindSluice('enforce')],
  ]);
};

/** Real drivers read for ten minutes at the server's own `net_write_timeout`, and keep their connection. */
export const proveSlowDrivers = async (t: Test): Promise<void> => {
  t.setTimeout(3600 * 1000);
  const jobs = 3 * SERVER_KINDS.length * NAMES.length;
  await t.test(`programs with ${WORK_MS} ms of work on each row live for ten minutes`, { jobs }, async (t) => {
    for (const kind of SERVER_KINDS) {
      for (const [way, port] of await portsOf(t, kind)) {
        for (const driver of DRIVERS.filter(({ name }) => NAMES.includes(name))) {
          void t.test(`${driver.name}, of ${kind}, ${way}`, { skip: isMissing(driver) }, async (t) => {
            const seen = await driver.read(port, SELECT, { workMs: WORK_MS, stopAfter: ROWS });
            const kilobytes = (seen.rows * ROW_BYTES) / 1000 / seen.seconds;
            t.comment(`${seen.rows} rows in ${Math.round(seen.seconds)} s, ${Math.round(kilobytes)} KB/s`);
            t.match(seen, { rows: ROWS, error: null });
          });
        }
      }
    }
  });
};
