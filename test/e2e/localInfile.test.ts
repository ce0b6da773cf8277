import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { commandLine } from '../support/clients.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

const LINES = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'sluice-infile-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'lines.tsv');
writeFileSync(file, Array.from({ length: LINES }, (_, index) => `${index}\tline ${index}\n`).join(''));
const empty = join(folder, 'empty.tsv');
writeFileSync(empty, '');

for (const kind of SERVER_KINDS) {
  await t.test(`LOAD DATA LOCAL INFILE sends a file to ${kind}, and the connection goes on`, async (t) => {
    const server = await startServer(t, kind);
    await server.sql('CREATE TABLE shop.loaded (id INT NOT NULL, label VARCHAR(40) NOT NULL)');
    const sluice = await startSluice(t, {
      upstream: server.port, flags: ['--max-rows', '1000'], config: { audit: { sample: { bytes: '1MiB' } } },
    });
    for (const vendor of SERVER_KINDS) {
      const load = (path: string): string => `LOAD DATA LOCAL INFILE '${path}' INTO TABLE loaded;\n`;
      const { rows, errors } = await commandLine(vendor, sluice.port,
        `TRUNCATE loaded;\n${load(file)}${load(empty)}${load(join(folder, 'absent'))}` +
        'SELECT COUNT(*), SUM(id), MAX(LENGTH(label)) FROM loaded;\nSELECT id FROM numbers;\nSELECT 42;\n',
        ['--local-infile=1']);
      t.same(rows, [[String(LINES), String((LINES * (LINES - 1)) / 2), '11'], ['42']], vendor);
      // The client reports the missing file; the other error is the limit's.
      t.equal(errors.length, 2, vendor);
      t.match(errors[1], { code: 3170 }, vendor);
      const { requestBytes = 0, ...record } = await sluice.nextRecord();
      t.match(record, { action: 'sample', reason: 'bytes', affectedRows: LINES, resultSets: 0 }, 'the file was sent');
      const headers = requestBytes - statSync(file).size;
      t.ok(headers > 0 && headers < 10_000, `${headers} bytes beside those of the file`);
      t.match(await sluice.nextRecord(), { action: 'cut' });
    }
  });
}
