import t from 'tap';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { readSlowly } from '../support/slowReaders.js';
import { startSluice } from '../support/sluice.js';
import { IS_WHOLE, SCALE } from './scale.js';
import { proveSlowDrivers } from './slowDrivers.js';

// A server gives a client up that lets it wait for `net_write_timeout`. What decides is how much lies in buffers on the
// way: a relay that reads ahead doubles the rate that a reader needs to live.

const { slowReaders: { netWriteTimeoutSeconds, seconds, rate } } = SCALE;

await t.test(`a reader of ${rate} KB/s, which is lost where a relay reads ahead, lives`, { jobs: SERVER_KINDS.length }, async (t) => {
  for (const kind of SERVER_KINDS) {
    void t.test(`of ${kind}`, async (t) => {
      const server = await startServer(t, kind, [`--net-write-timeout=${netWriteTimeoutSeconds}`]);
      const sluice = await startSluice(t, { upstream: server.port, flags: ['--mode', 'audit'] });
      t.match(await readSlowly(sluice.port, seconds, [rate]), [{ rate, lived: true }]);
    });
  }
});

if (IS_WHOLE) await proveSlowDrivers(t);
