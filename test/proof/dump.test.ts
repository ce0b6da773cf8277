import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import t from 'tap';
import { connectOptions } from '../support/clients.js';
import { run } from '../support/run.js';
import { APP, bigTableSql } from '../support/seed.js';
import { MYSQL9_ENV, mysql9Program, SERVER_KINDS, type ServerKind, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { BIG_ROWS, SCALE } from './scale.js';

const DUMP_PROGRAMS = { mariadb: 'mariadb-dump', mysql: mysql9Program('mysqldump') } as const;

interface Dump {
  readonly code: number | null;
  readonly stderr: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Dumps the schema with the tables `big` and `numbers` through `port`. */
const dump = async (vendor: ServerKind, port: number): Promise<Dump> => {
  const hash = createHash('sha256');
  let bytes = 0;
  const { code, stderr } = await run(DUMP_PROGRAMS[vendor], [...connectOptions(vendor, port),
    '--skip-dump-date', '--no-tablespaces', '--hex-blob', APP.schema], {
    env: MYSQL9_ENV,
    onStdout: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    },
  });
  return { code, stderr, bytes, sha256: hash.digest('hex') };
};

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
