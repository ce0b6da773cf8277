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
const { slowReaders: { netWriteTimeoutSeconds, seconds, rates } } = SCALE;

interface End {
  /** In KB/s. */
  readonly rate: number;
  readonly lived: boolean;
  readonly seconds: number;
}

const read = async (port: number): Promise<readonly End[]> => {
  const address = ['127.0.0.1', String(port), APP.user, APP.password, APP.schema];
  return JSON.parse(await runOk('/usr/bin/python3', [PROGRAM, ...address, String(seconds), ...rates.map(String)])) as End[];
};

const describe = (ends: readonly End[]): string =>
  ends.map(({ rate, lived, seconds: after }) => (lived ? `${rate} KB/s lived` : `${rate} KB/s lost after ${after} s`)).join(', ');

/** The lowest rate above which all lived; in KB/s. */
const slowestLiving = (ends: readonly End[]): number => {
  const lost = ends.filter(({ lived }) => !lived).map(({ rate }) => rate);
  return ends.find(({ rate }) => rate > Math.max(0, ...lost))?.rate ?? Infinity;
};

await t.test('readers that are slow, but live directly, live through Sluice', { jobs: SERVER_KINDS.length }, async (t) => {
  for (const kind of SERVER_KINDS) {
    void t.test(`of ${kind}`, async (t) => {
      const server = await startServer(t, kind, [`--net-write-timeout=${netWriteTimeoutSeconds}`]);
      const sluice = await startSluice(t, { upstream: server.port, flags: ['--mode', 'audit'] });
      const [direct, through] = await Promise.all([read(server.port), read(sluice.port)]);
      t.comment(`directly: ${describe(direct)}`);
      t.comment(`through Sluice: ${describe(through)}`);
      const [needed, possible] = [slowestLiving(through), slowestLiving(direct)];
      t.ok(needed <= SCALE.slowReaders.most * possible, `${needed} KB/s against ${possible} directly`);
    });
  }
});
