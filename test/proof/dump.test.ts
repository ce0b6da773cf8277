import { basename } from 'node:path';
import t from 'tap';
import { dump, DUMP_PROGRAMS } from '../support/dump.js';
import { bigTableSql } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { BIG_ROWS, SCALE } from './scale.js';

for (const kind of SERVER_KINDS) {
  await t.test(`a dump of ${SCALE.tableMiB} MiB from ${kind} in audit mode`, async (t) => {
    const server = await startServer(t, kind);
    await server.sql(bigTableSql(SCALE.tableMiB));
    const flags = ['--mode', 'audit', '--max-rows', '1000'];
    // A dump tool counts as a stream, and would have no limit.
    const config = { streaming: { signals: [] } };
    const sluice = await startSluice(t, { upstream: server.port, config, flags });
    for (const vendor of SERVER_KINDS) {
      await t.test(`with ${basename(DUMP_PROGRAMS[vendor])} equals a dump without Sluice`, async (t) => {
        const direct = await dump(vendor, server.port);
        t.equal(direct.code, 0, direct.stderr);
        t.ok(direct.bytes > SCALE.tableMiB * 1024 * 1024, `${direct.bytes} bytes`);
        t.same(await dump(vendor, sluice.port), direct);
        t.match(await sluice.nextRecord(), { action: 'would-cut', rows: BIG_ROWS, forwardedRows: BIG_ROWS });
        t.match(await sluice.nextRecord(), { action: 'would-cut', rows: 200_000, forwardedRows: 200_000 });
      });
    }
    await sluice.stop();
    t.equal(sluice.records().length, 2 * SERVER_KINDS.length, 'a record for each table and dump');
  });
}
