import t from 'tap';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { readSlowly } from '../support/slowReaders.js';
import { startSluice } from '../support/sluice.js';
import { IS_WHOLE, SCALE } from './scale.js';
import { proveSlowDrivers } from './slowDrivers.js';
import { searchSlowestReaders } from './slowestReaders.js';

// A server closes the connection of a client that keeps it waiting for `net_write_timeout`. The wait depends on the
// buffers on the way: a relay that reads ahead doubles the rate that a reader needs.

const { slowReaders: { netWriteTimeoutSeconds, seconds, rates } } = SCALE;

/** The whole search takes a minute and a half for each of 16 cells. */
const PATIENCE_MS = 7_200_000;

/**
 * On a loaded machine a reader stops and catches up. One of this many survives; behind a relay that reads ahead none
 * does.
 */
const TRIES = 3;

if (IS_WHOLE) {
  t.setTimeout(PATIENCE_MS);
  await t.test('a reader survives at 1.2 times its lowest direct rate, with 1.5 times as much waiting at most',
    (t) => searchSlowestReaders(t, { netWriteTimeoutSeconds, seconds, rates }));
  await proveSlowDrivers(t);
} else {
  const name = `a reader of ${rates[0]} KB/s survives, which a relay that reads ahead would lose`;
  await t.test(name, { jobs: SERVER_KINDS.length }, async (t) => {
    for (const kind of SERVER_KINDS) {
      void t.test(`of ${kind}`, async (t) => {
        const server = await startServer(t, kind, [`--net-write-timeout=${netWriteTimeoutSeconds}`]);
        const sluice = await startSluice(t, { upstream: server.port, flags: ['--mode', 'audit'] });
        let haveLived = false;
        for (let run = 0; run < TRIES && !haveLived; run += 1) {
          haveLived = (await readSlowly(sluice.port, seconds, rates)).every(({ lived }) => lived);
        }
        t.ok(haveLived);
      });
    }
  });
}
