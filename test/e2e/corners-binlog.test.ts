import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connectOptions } from '../support/clients.js';
import { runOk } from '../support/run.js';
import {
  MYSQL9_ENV, mysql9Program, SERVER_KINDS, type Server, type ServerKind, startServer,
} from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

// A binary log is an endless stream without commands. It passes unchanged, and no limit applies.

const FORGET: Record<ServerKind, string> = { mariadb: 'RESET MASTER', mysql: 'RESET BINARY LOGS AND GTIDS' };
const READERS: Record<ServerKind, string> = { mariadb: 'mariadb-binlog', mysql: mysql9Program('mysqlbinlog') };

/** Some MiB of events in two logs, with one of 17 MiB that spans packets. */
const fill = (server: Server): Promise<string[][]> => server.sql(`${FORGET[server.kind]};
USE shop;
CREATE TABLE logged (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, body LONGTEXT);
INSERT INTO logged (body) SELECT label FROM numbers WHERE id <= 20000;
INSERT INTO logged (body) SELECT REPEAT('l', 17 * 1024 * 1024);
FLUSH BINARY LOGS;
UPDATE logged SET body = CONCAT(body, '!') WHERE id <= 5000;
`);

const options = (kind: ServerKind, port: number, folder: string, ...how: string[]): string[] => [
  ...connectOptions(kind, port), '--read-from-remote-server', ...how, '--raw', `--result-file=${folder}/`,
  'binlog.000001',
];

const newFolder = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-binlog-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
};

const contents = (folder: string): Record<string, Buffer> =>
  Object.fromEntries(readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name))]));

/** The names of logs whose bytes differ, and of those that only one reader has. */
const differing = (left: Record<string, Buffer>, right: Record<string, Buffer>): string[] =>
  [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .filter((name) => !left[name]?.equals(right[name] ?? Buffer.alloc(0)));

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind, ['--binlog-format=ROW']);
    await fill(server);
    const sluice = await startSluice(t, { upstream: server.port, flags: ['--max-rows', '1', '--max-bytes', '1000B'] });

    await t.test('binary logs read through the proxy equal those read without it', async (t) => {
      const read = async (port: number): Promise<Record<string, Buffer>> => {
        const folder = newFolder(t);
        await runOk(READERS[kind], options(kind, port, folder, '--to-last-log'), { env: MYSQL9_ENV });
        return contents(folder);
      };
      let logs = await read(server.port);
      let proxied = await read(sluice.port);
      // MariaDB writes that a log is done with (Binlog_checkpoint) a moment after it has begun the next one.
      for (let again = await read(server.port); differing(logs, again).length > 0; again = await read(server.port)) {
        logs = again;
        proxied = await read(sluice.port);
      }
      t.same(Object.keys(logs), ['binlog.000001', 'binlog.000002']);
      t.ok(logs['binlog.000001']!.length > 17 * 1024 * 1024, 'with the large event');
      t.same(differing(logs, proxied), []);
    });

    await t.test('a waiting reader gets events that are written later', async (t) => {
      const folder = newFolder(t);
      const args = options(kind, sluice.port, folder, '--stop-never');
      const reader = spawn(READERS[kind], args, { stdio: 'ignore', env: MYSQL9_ENV });
      t.teardown(() => reader.kill('SIGKILL'));
      const sizeOf = (): number => contents(folder)['binlog.000002']?.length ?? 0;
      const sizeOnServer = async (): Promise<number> =>
        Number((await server.sql('SHOW BINARY LOGS')).find(([name]) => name === 'binlog.000002')?.[1]);
      const catchUp = async (): Promise<void> => {
        while (sizeOf() < await sizeOnServer()) {
          if (reader.exitCode !== null) throw new Error(`the reader ended with ${reader.exitCode}`);
        }
      };
      await catchUp();
      for (let i = 0; i < 5; i += 1) {
        const before = sizeOf();
        await server.sql(`INSERT INTO shop.logged (body) VALUES ('later ${i}')`);
        await catchUp();
        t.ok(sizeOf() > before);
      }
      reader.kill('SIGTERM');
      await once(reader, 'exit');
      // A server that only writes notices the end of its reader at its next write.
      const dumps = "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'";
      while ((await server.sql(dumps)).length > 0) await server.sql("INSERT INTO shop.logged (body) VALUES ('')");
    });

    await t.test('reading binary logs leaves no record and no warning', async (t) => {
      await sluice.stop();
      t.same(sluice.records(), []);
      t.same(sluice.log().filter(({ level }) => level !== 'info'), []);
    });
  });
}
