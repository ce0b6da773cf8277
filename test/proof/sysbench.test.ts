import t from 'tap';
import { sysbenchFigure, sysbenchOptions } from '../support/clients.js';
import { runOk } from '../support/run.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { SCALE } from './scale.js';

const TABLES = ['oltp_read_write', '--tables=4', '--table-size=25000', '--rand-type=uniform'];

for (const kind of SERVER_KINDS) {
  await t.test(`sysbench oltp_read_write, 8 threads, ${SCALE.sysbenchSeconds} s, to ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await runOk('sysbench', [...TABLES, ...sysbenchOptions(server.port), 'prepare']);
    const sluice = await startSluice(t, { upstream: server.port });
    for (const preparing of ['auto', 'disable']) {
      const report = await runOk('sysbench', [...TABLES, ...sysbenchOptions(sluice.port), '--threads=8',
        `--time=${SCALE.sysbenchSeconds}`, `--db-ps-mode=${preparing}`, 'run']);
      t.equal(sysbenchFigure(report, 'ignored errors'), 0, `--db-ps-mode=${preparing} has no error`);
      t.equal(sysbenchFigure(report, 'reconnects'), 0, `--db-ps-mode=${preparing} loses no connection`);
      t.ok(sysbenchFigure(report, 'transactions') > 0, `${sysbenchFigure(report, 'transactions')} transactions`);
    }
    await sluice.stop();
    t.same(sluice.records(), [], 'results within the limits leave no record');
  });
}
