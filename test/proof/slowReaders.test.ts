import { fileURLToPath } from 'node:url';
import t from 'tap';
import { runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { SCALE } from './scale.js';

// A server gives a client up that lets it wait for `net_write_timeout`. What decides is how much lies in buffers on the
// way: a relay that reads ahead doubles the rate that a reader needs to live.

const PROGRAM = fileURLToPath(new URL('../support/programs/slow_reader.py', import.meta.url));
const { slowReaders: { netWriteTimeoutSeconds, seconds, rate } } = SCALE;

await t.test(`a reader of ${rate} KB/s, which is lost where a relay reads ahead, lives`, { jobs: SERVER_KINDS.length }, async (t) => {
  for (const kind of SERVER_KINDS) {
    void t.test(`of ${kind}`, async (t) => {
      const server = await startServer(t, kind, [`--net-write-timeout=${netWriteTimeoutSeconds}`]);
      const sluice = await startSluice(t, { upstream: server.port, flags: ['--mode', 'audit'] });
      const address = ['127.0.0.1', String(sluice.port), APP.user, APP.password, APP.schema];
      const said = await runOk('/usr/bin/python3', [PROGRAM, ...address, String(seconds), String(rate)]);
      t.match(JSON.parse(said), [{ rate, lived: true }]);
    });
  }
});
