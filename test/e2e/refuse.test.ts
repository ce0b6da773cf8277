import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { OPENABLE_COMPRESSIONS } from '../../src/protocol/compression.js';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { IS_WHOLE } from '../proof/scale.js';
import { COMPRESSED_CLIENTS, commandLine } from '../support/clients.js';
import { command, execute, prepare } from '../support/commandPayloads.js';
import { DRIVERS, isMissing } from '../support/drivers.js';
import { APP, NUMBERS_ROWS } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { IN_CLEAR, startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';
import { shareOf } from './shareOf.js';

// A rule refuses changes of data: real servers, and clients of every implementation.

const DELETE = 'DELETE FROM numbers WHERE id <= 10';
const SELECT = 'SELECT id, label FROM numbers WHERE id <= 10';
const DIGEST = digestHash(digestText(SELECT));
/** As many bytes as clients keep. */
const LONGEST = `refused: ${'ü'.repeat(251)}`;
/** This Node.js can open zstd. */
const OPENS_ZSTD = (OPENABLE_COMPRESSIONS & Capability.ZSTD_COMPRESSION_ALGORITHM) !== 0n;
const WORDS = 'größer – да 中';
const SAID = 'DO 4711';
const CONFIG = {
  ...IN_CLEAR,
  rules: [
    { name: 'watched', match: { digest: '*', statement: 'call' }, action: 'refuse', mode: 'audit' },
    { name: 'known', match: { digest: DIGEST }, action: 'refuse', refusal: { message: LONGEST } },
    {
      name: 'in-words', match: { digest: digestHash(digestText(SAID)) }, action: 'refuse', refusal: { message: WORDS },
    },
    { name: 'read-only', match: { statement: ['dml', 'ddl'] }, action: 'refuse', refusal: { unjudged: true } },
  ],
};

/** All drivers in a proof; else those that prepare statements, and those that send commands ahead. */
const TRIED = DRIVERS.filter(({ name }) => IS_WHOLE || /prepared|^mariadb for Node$/.test(name));
const COMPRESSING = COMPRESSED_CLIENTS.filter(({ name }) => /^(mariadb|mysql|PHP mysqli)( prepared)?$/.test(name));

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, config: CONFIG });

    await t.test('every client gets the error, and goes on', { jobs: 2 }, async (t) => {
      for (const client of [...shareOf(TRIED, kind), ...shareOf(COMPRESSING, kind)]) {
        const skip = 'language' in client ? isMissing(client as typeof DRIVERS[number]) : false;
        void t.test(`${client.name}, ${client.protocol}`, { skip }, async (t) => {
          const seen = await client.read(sluice.port, SELECT);
          t.equal(seen.error?.code, 3164);
          const said = String(seen.error?.message);
          const saidInLatin1 = Buffer.from(said, 'latin1').toString(); // as r2dbc-mysql reads errors
          t.ok(said.includes(LONGEST) || saidInLatin1.includes(LONGEST), said);
          t.equal(seen.after?.answer, 42, seen.afterError ?? 'SELECT 42 on the same connection');
        });
      }
    });

    const { COMPRESS, ZSTD_COMPRESSION_ALGORITHM } = Capability;
    const compressions = { 'no compression': 0n, 'zlib': COMPRESS, 'zstd': ZSTD_COMPRESSION_ALGORITHM };
    for (const [name, compression] of Object.entries(compressions)) {
      if (name === 'zstd' && kind === 'mariadb') continue; // it has none
      await t.test(`answers a pipeline in order with ${name}`, async (t) => {
        const client = await WireClient.connect({
          ...APP, port: sluice.port,
          capabilities: BASE_CAPABILITIES | compression | Capability.QUERY_ATTRIBUTES | Capability.DEPRECATE_EOF,
        });
        const long = client.query(`INSERT INTO numbers VALUES (0, '${'x'.repeat(300_000)}')`);
        const commands = [
          client.query('SELECT 1'), client.query(DELETE), client.query(`SELECT 2; ${DELETE}`), long,
          client.query("LOAD DATA LOCAL INFILE 'none' INTO TABLE numbers"), prepare(DELETE), prepare('SELECT 3'),
          client.query('SELECT 4'),
        ];
        const told = (await client.ask(commands)).map((part) => (part.is === 'error' ? part.code : part.is));
        t.strictSame(told, ['result', 3164, 3164, 3164, 3164, 3164, 'prepared', 'result']);
        const executed = await client.ask([execute(client.statementId), client.query('SELECT 5')]);
        t.strictSame(executed.map(({ is }) => is), ['result', 'result']);
        await client.quit();
      });
    }

    // Only this server offers zstd.
    if (kind === 'mysql') await t.test('lets nothing pass unjudged of a client that compresses with zstd', async (t) => {
      const flags = ['--compression-algorithms=zstd'];
      const { errors, stderr } = await commandLine('mysql', sluice.port, `${DELETE};\n`, flags);
      t.strictSame(errors.map(({ code }) => code), [OPENS_ZSTD ? 3164 : 2066], stderr);
      const overreaching = OPENS_ZSTD ? 0n : ZSTD_COMPRESSION_ALGORITHM;
      const client = await WireClient.connect({
        ...APP, port: sluice.port, capabilities: BASE_CAPABILITIES, overreaching,
      });
      t.match(await client.ask([client.query(DELETE)]), [{ code: 3164 }], 'the server hears nothing of that flag');
      await client.quit();
    });

    // Only this server offers TLS.
    if (kind === 'mysql') await t.test('answers over TLS and in compressed frames', async (t) => {
      const { listen: _clear, ...encrypted } = CONFIG;
      const offering = await startSluice(t, { upstream: server.port, config: encrypted });
      const flags = ['--ssl-mode=REQUIRED', '--compression-algorithms=zlib'];
      const input = `SHOW STATUS LIKE 'Compression'; ${DELETE}; SELECT 42;\n`;
      const { rows, errors, stderr } = await commandLine('mysql', offering.port, input, flags);
      t.strictSame(rows, [['Compression', 'ON'], ['42']], stderr);
      t.strictSame(errors.map(({ code }) => code), [3164]);
      await offering.stop();
      t.match(offering.records(), [{ event: 'refused', rule: 'read-only', command: 'COM_QUERY' }]);
    });

    await t.test("writes an error as the server writes its own, in the session's character set", async (t) => {
      const reset = command(Command.RESET_CONNECTION);
      const sessions: readonly (readonly [collation: number, ...commands: (string | Buffer)[]])[] = [
        [0], [8], [11], [45], [45, 'SET NAMES latin1'], [8, 'SET character_set_results = NULL'], [8, reset],
        [45, 'SET NAMES latin1', reset],
      ];
      for (const tracking of [0n, Capability.SESSION_TRACK]) for (const [collation, ...commands] of sessions) {
        const client = await WireClient.connect({
          ...APP, port: sluice.port, capabilities: BASE_CAPABILITIES | tracking, collation,
        });
        const errorOf = async (statement: string): Promise<string> => {
          client.transport.sendCommands([client.query(statement)]);
          return (await client.transport.packet()).payload.toString('latin1', '?..#HY000'.length);
        };
        await client.ask(commands.map((each) => (typeof each === 'string' ? client.query(each) : each)));
        await client.sql(`SET @words = CONVERT(x'${Buffer.from(WORDS).toString('hex')}' USING utf8mb4)`);
        const own = await errorOf("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = @words");
        t.equal(await errorOf(SAID), own, `collation ${collation}, ${String(commands)}`);
        await client.quit();
      }
    });

    await t.test('lets a statement pass that is only watched', async (t) => {
      const client = await WireClient.connect({ ...APP, port: sluice.port, capabilities: BASE_CAPABILITIES });
      const [part] = await client.ask([client.query('CALL no_such_procedure()')]);
      t.match(part, { is: 'error', code: 1305 }, "the server's own error");
      await client.quit();
    });

    await t.test('nothing has reached the server, and each refusal has its record', async (t) => {
      t.strictSame(await server.sql('SELECT COUNT(*) FROM shop.numbers'), [[String(NUMBERS_ROWS)]]);
      await sluice.stop();
      const records = sluice.records();
      t.ok(records.every(({ event }) => event === 'refused'));
      t.equal(records.filter(({ action }) => action === 'would-refuse').length, 1);
      const clients = [...shareOf(TRIED, kind).filter((driver) => isMissing(driver) === false),
        ...shareOf(COMPRESSING, kind)].length;
      const pipelines = kind === 'mariadb' ? 2 : 3;
      const refusedBy = (name: string): number =>
        records.filter(({ action, rule }) => action === 'refuse' && rule === name).length;
      t.equal(refusedBy('known'), clients);
      const zstdClients = kind === 'mariadb' ? 0 : OPENS_ZSTD ? 2 : 1;
      t.equal(refusedBy('read-only'), 5 * pipelines + zstdClients);
    });
  });
}
