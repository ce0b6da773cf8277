import { createInterface } from 'node:readline';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { OPENABLE_COMPRESSIONS } from '../../src/protocol/compression.js';
import {
  commandLine, COMPRESS_FLAG, COMPRESSED, COMPRESSED_CLIENTS, startPausingReader,
} from '../support/clients.js';
import { allFrom } from '../support/conversationHarness.js';
import { startRecorder } from '../support/recorder.js';
import { runOk } from '../support/run.js';
import { bigTableSql, NUMBERS_ROWS } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { IN_CLEAR, startSluice } from '../support/sluice.js';
import { shareOf } from './shareOf.js';

const LIMIT = 1000;
const CHANGE_USER = fileURLToPath(new URL('../support/programs/change-user.php', import.meta.url));
const IS_COMPRESSED = "SHOW SESSION STATUS LIKE 'Compression'";
const ALL = 'SELECT id, label FROM numbers ORDER BY id';
// The state in the process list of a connection whose socket is full.
const WRITING = { mariadb: 'Writing to net', mysql: 'Sending to client' } as const;
const sumOfIds = (count: number): number => (count * (count + 1)) / 2;

/** The offsets at which two sequences of bytes differ; their lengths when those differ. */
const differences = (one: Buffer, other: Buffer): number[] => {
  if (one.length !== other.length) return [one.length, other.length];
  if (one.equals(other)) return [];
  return [...one.keys()].filter((at) => one[at] !== other[at]);
};

const folder = mkdtempSync(join(tmpdir(), 'sluice-compression-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const LINES = 300_000;
const file = join(folder, 'lines.tsv');
writeFileSync(file, Array.from({ length: LINES }, (_, index) => `${index}\tline ${index}\n`).join(''));
const empty = join(folder, 'empty.tsv');
writeFileSync(empty, '');

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, flags: ['--max-rows', String(LIMIT)] });

    await t.test("clients of every kind get the limit's error and go on", async (t) => {
      const recorder = await startRecorder(server.port);
      t.teardown(() => recorder.close());
      const sluice = await startSluice(
        t, { upstream: recorder.port, config: IN_CLEAR, flags: ['--max-rows', String(LIMIT)] },
      );
      for (const client of shareOf(COMPRESSED_CLIENTS, kind)) {
        const small = `SELECT id, label FROM numbers WHERE id <= ${LIMIT} ORDER BY id`;
        const fitting = { rows: LIMIT, sum: sumOfIds(LIMIT), error: null, after: { answer: 42 } };
        t.match(await client.read(sluice.port, small), fitting, client.name);
        const seen = await client.read(sluice.port, ALL);
        t.match(seen.error, { code: 3170, message: /sluice: result set exceeds 1000 rows/ }, client.name);
        t.equal(seen.rows, client.reads === 'streaming' ? LIMIT : 0, client.name);
        t.equal(seen.after?.answer, 42, seen.afterError ?? 'SELECT 42 on the same connection');
        t.match(await sluice.nextRecord(), {
          action: 'cut', rows: NUMBERS_ROWS, forwardedRows: LIMIT, outcome: 'drained',
          connectionId: seen.after?.connectionId,
        });
        const asked = (await recorder.take()).map((turns) => allFrom('client', turns).readUInt32LE(4));
        const bit = Number(Capability.COMPRESS);
        t.ok(asked.every((flags) => (flags & bit) !== 0), 'both connections were compressed');
      }
    });

    await t.test('both ends get the bytes of the other when nothing is cut, with and without records', async (t) => {
      const atServer = await startRecorder(server.port);
      t.teardown(() => atServer.close());
      const config = { ...IN_CLEAR, mode: 'audit', limits: { rows: LIMIT }, streaming: { signals: [] } };
      const sluice = await startSluice(t, { upstream: atServer.port, config });
      const atClient = await startRecorder(sluice.port);
      t.teardown(() => atClient.close());
      const count = 10 * LIMIT;
      for (const client of shareOf(COMPRESSED_CLIENTS, kind)) {
        const seen = await client.read(atClient.port, `SELECT id, label FROM numbers WHERE id <= ${count} ORDER BY id`);
        const whole = { rows: count, sum: sumOfIds(count), error: null, after: { answer: 42 } };
        t.match(seen, whole, client.name);
        t.match(await sluice.nextRecord(), { action: 'would-cut', rows: count });
        const [[near], [far]] = [await atClient.take(), await atServer.take()];
        for (const from of ['client', 'server'] as const) {
          const differing = differences(allFrom(from, near ?? []), allFrom(from, far ?? []));
          // Unknown bits are cleared in the two packets of the handshake.
          t.ok(differing.every((offset) => offset < 128), `${client.name}: what the ${from} says`);
        }
      }
    });

    await t.test('relays rows and commands of more than 16 MiB between others', async (t) => {
      const text = 'ab'.repeat(9 * 1024 * 1024);
      const random = Array.from({ length: 17 }, () => "REPEAT(SHA2(RAND(), 512), 8192)").join(', ');
      for (const vendor of SERVER_KINDS) {
        const { rows, errors } = await commandLine(vendor, sluice.port,
          `${IS_COMPRESSED};\nSELECT '${text}';\nSELECT LENGTH(CONCAT(${random}));\n` +
          `SELECT CONCAT(${random});\nSELECT id FROM numbers;\nSELECT 42;\n`,
          ['--max-allowed-packet=1G', COMPRESS_FLAG[vendor]]);
        t.same(rows[0], ['Compression', 'ON'], vendor);
        t.ok(rows[1]?.[0] === text, 'the row arrives whole');
        t.equal(rows[3]?.[0]?.length, Number(rows[2]?.[0]));
        t.match(errors, [{ code: 3170 }]);
        t.same(rows[4], ['42']);
        t.match(await sluice.nextRecord(), { action: 'cut', rows: NUMBERS_ROWS });
      }
    });

    await t.test('LOAD DATA LOCAL INFILE sends a file, and the connection goes on', async (t) => {
      await server.sql('CREATE TABLE shop.loaded (id INT NOT NULL, label VARCHAR(40) NOT NULL)');
      for (const vendor of SERVER_KINDS) {
        const load = (path: string): string => `LOAD DATA LOCAL INFILE '${path}' INTO TABLE loaded;\n`;
        const { rows, errors } = await commandLine(vendor, sluice.port,
          `TRUNCATE loaded;\n${load(file)}${load(empty)}${load(join(folder, 'absent'))}` +
          'SELECT COUNT(*), SUM(id), MAX(LENGTH(label)) FROM loaded;\nSELECT id FROM numbers;\nSELECT 42;\n',
          ['--local-infile=1', COMPRESS_FLAG[vendor]]);
        t.same(rows, [[String(LINES), String((LINES * (LINES - 1)) / 2), '11'], ['42']], vendor);
        t.equal(errors.length, 2, vendor);
        t.match(errors[1], { code: 3170 }, vendor);
        t.match(await sluice.nextRecord(), { action: 'cut', rows: NUMBERS_ROWS });
      }
    });

    await t.test('counts several results of one command together', async (t) => {
      const select = 'SELECT id FROM numbers WHERE id <= 600';
      for (const vendor of SERVER_KINDS) {
        const { rows, errors } = await commandLine(vendor, sluice.port,
          `${select}; ${select}; ${select} //\nSELECT 42 //\n`,
          ['--quick', '--delimiter=//', COMPRESS_FLAG[vendor]]);
        t.equal(rows.length, LIMIT + 1, vendor);
        t.match(errors, [{ code: 3170 }]);
        const record = await sluice.nextRecord();
        t.match(record, { action: 'cut', rows: 1800, forwardedRows: LIMIT, resultSets: 3 });
      }
    });

    await t.test('truncates results and holds them back as without compression', async (t) => {
      const input = `SELECT id, label FROM numbers WHERE id <= ${LIMIT};\n${ALL};\nSELECT 42;\n`;
      for (const [action, rowsOfAll] of [['truncate', LIMIT], ['hold', 0]] as const) {
        const config = { limits: { rows: LIMIT }, onExceed: { action }, budget: { bytes: '256MiB' } };
        const sluice = await startSluice(t, { upstream: server.port, config });
        for (const vendor of SERVER_KINDS) {
          const flags = ['--quick', COMPRESS_FLAG[vendor]];
          const { rows, errors } = await commandLine(vendor, sluice.port, input, flags);
          t.equal(rows.length, LIMIT + rowsOfAll + 1, `${vendor}, ${action}`);
          t.same(rows.at(-1), ['42']);
          t.match(errors, action === 'hold' ? [{ code: 3170 }] : []);
          t.match(await sluice.nextRecord(), { rows: NUMBERS_ROWS, forwardedRows: rowsOfAll, complete: true });
        }
      }
    });

    await t.test('follows a compressed connection after a change of user', async (t) => {
      await server.sql(`CREATE USER 'other'@'%' IDENTIFIED BY 'hidden'; GRANT ALL ON *.* TO 'other'@'%'`);
      const arguments_ = [CHANGE_USER, '127.0.0.1', String(sluice.port), 'app', 'secret', 'shop', 'other', 'hidden',
        'shop', ALL];
      const env = { ...process.env, ...COMPRESSED };
      const seen: unknown = JSON.parse(await runOk('php', arguments_, { env }));
      t.match(seen, { before: ['app', 'shop'], after: ['other', 'shop'], rows: 0, code: 3170 });
      t.match(await sluice.nextRecord(), { action: 'cut', user: 'other' });
    });

    await t.test('the server stops when a client pauses, and the client gets the rest whole', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, flags: ['--mode', 'audit'] });
      const MEBIBYTES = 128;
      await server.sql(bigTableSql(MEBIBYTES));
      await commandLine(kind, sluice.port, ALL, [COMPRESS_FLAG[kind]]);
      const before = sluice.residentBytes();
      const reader = startPausingReader(t, sluice.port, 'SELECT id, body FROM big', COMPRESSED);
      const said = createInterface({ input: reader.stdout })[Symbol.asyncIterator]();
      t.equal((await said.next()).value, 'first');
      const isWriting = async (): Promise<boolean> =>
        (await server.sql('SHOW PROCESSLIST')).some((fields) => fields.includes(WRITING[kind]));
      while (!(await isWriting())) continue;
      t.ok(sluice.residentBytes() - before < 32 * 1024 * 1024, 'the proxy holds little of it');
      reader.stdin.write('go on\n');
      const count = MEBIBYTES * 1024;
      t.equal((await said.next()).value, `${count} ${sumOfIds(count)}`);
    });

    await t.test('no end compresses when compression is stripped', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, config: { compression: 'strip' } });
      const flags = { mariadb: '--compress', mysql: '--compression-algorithms=zlib,uncompressed' };
      for (const vendor of SERVER_KINDS) {
        const { rows, errors } = await commandLine(vendor, sluice.port, `${IS_COMPRESSED};`, [flags[vendor]]);
        t.same(rows, [['Compression', 'OFF']], vendor);
        t.same(errors, []);
      }
    });

    await t.test('follows every session of this file to its end', async (t) => {
      t.same(sluice.log().filter(({ level }) => level !== 'info'), []);
    });
  });
}

await t.test('compresses with zstd for a client that offers it, if Node.js has zstd', async (t) => {
  const server = await startServer(t, 'mysql');
  const sluice = await startSluice(t, { upstream: server.port, flags: ['--max-rows', String(LIMIT)] });
  const { rows, errors } = await commandLine('mysql', sluice.port,
    `SHOW SESSION STATUS LIKE 'Compression_algorithm';\n${ALL};\nSELECT 42;\n`,
    ['--compression-algorithms=zstd,uncompressed']);
  const hasZstd = (OPENABLE_COMPRESSIONS & Capability.ZSTD_COMPRESSION_ALGORITHM) !== 0n;
  t.same(rows, [['Compression_algorithm', hasZstd ? 'zstd' : ''], ['42']]);
  t.match(errors, [{ code: 3170 }]);
  t.same(sluice.log().filter(({ level }) => level !== 'info'), []);
});
