import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ClientError } from '../support/clients.js';
import { runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { type Server, SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { SCALE } from './scale.js';

const COPY = fileURLToPath(new URL('../support/programs/copy.py', import.meta.url));
const ROWS = SCALE.copiedRows;
const LIMIT = 1000;
const MAX_GROWTH_BYTES = 24 * 1024 * 1024;

/** Each commit reaches the disk, as in production. */
const DURABLE = ['--innodb-flush-log-at-trx-commit=1', '--sync-binlog=1'];

const FILL = `USE shop;
CREATE TABLE source (id INT NOT NULL PRIMARY KEY, body VARCHAR(200) NOT NULL);
CREATE TABLE target LIKE source;
INSERT INTO source SELECT id, RPAD(CONCAT('row ', id), 200, '.') FROM numbers WHERE id <= ${ROWS};
`;
/** The number of rows to copy, and the number of copied ones. */
const counts = async (server: Server): Promise<number[]> => {
  const [row] = await server.sql(`SELECT COUNT(*), COUNT(t.id)
    FROM shop.source s LEFT JOIN shop.target t ON t.id = s.id AND t.body = s.body`);
  return (row ?? []).map(Number);
};

interface Copied {
  readonly copied: number;
  readonly error: ClientError | null;
}
const copy = async (cursor: string, port: number): Promise<Copied> => {
  const target = ['127.0.0.1', String(port), APP.user, APP.password, APP.schema];
  return JSON.parse(await runOk('/usr/bin/python3', [COPY, cursor, ...target])) as Copied;
};

for (const kind of SERVER_KINDS) {
  await t.test(`a program that copies ${ROWS} rows of ${kind}, --max-rows ${LIMIT}`, async (t) => {
    const server = await startServer(t, kind, DURABLE);
    await server.sql(FILL);
    const flags = ['--max-rows', String(LIMIT)];
    const sluice = await startSluice(t, { upstream: server.port, flags, config: { warn: { rows: LIMIT } } });

    await t.test('is cut when its cursor buffers, with an error that says what to do', async (t) => {
      t.match(await copy('Cursor', sluice.port), {
        copied: 0,
        error: {
          code: 3170,
          message: `sluice: result set exceeds ${LIMIT} rows (rule default); ` +
            'page it, stream it, or raise the limit',
        },
      });
      t.match(await sluice.nextRecord(), { action: 'cut', class: 'buffered', forwardedRows: LIMIT });
      t.same(await counts(server), [ROWS, 0]);
    });

    await t.test('copies everything in constant memory when its cursor streams', async (t) => {
      const before = sluice.residentBytes();
      let most = before;
      let isDone = false;
      const copying = copy('SSCursor', sluice.port).finally(() => (isDone = true));
      for (; !isDone; await pause(100)) most = Math.max(most, sluice.residentBytes());
      t.match(await copying, { copied: ROWS, error: null });
      t.same(await counts(server), [ROWS, ROWS], 'every row is there as it was');
      t.match(await sluice.nextRecord(), {
        action: 'admit', class: 'streaming', signal: 'pace', rows: ROWS, forwardedRows: ROWS, complete: true,
      });
      const growth = most - before;
      t.ok(growth < MAX_GROWTH_BYTES, `the proxy grew by ${(growth / 1048576).toFixed(1)} MiB`);
    });
  });
}
