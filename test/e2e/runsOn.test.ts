import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { run } from '../support/run.js';
import { APP } from '../support/seed.js';
import { commandLineOf, SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';

const PREPARE = `USE shop;
CREATE TABLE done (id INT);
DELIMITER //
CREATE PROCEDURE report() BEGIN SELECT id FROM numbers; DO SLEEP(0.2); INSERT INTO done VALUES (1); END //
DELIMITER ;
`;

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await server.sql(PREPARE);
    const config = { limits: { rows: 10 }, streaming: { signals: [] }, drain: { bytes: '1TiB', waiting: '200ms' } };
    const sluice = await startSluice(t, { upstream: server.port, config });
    const done = async (): Promise<string | undefined> => (await server.sql('SELECT COUNT(*) FROM shop.done'))[0]?.[0];

    const statements = ['CALL report()', 'SELECT id FROM numbers; DO SLEEP(0.2); INSERT INTO done VALUES (1)'];
    for (const [index, sql] of statements.entries()) {
      await t.test(`${sql} runs to its end after its command line has left`, async (t) => {
        const login = ['-h127.0.0.1', `-P${sluice.port}`, `-u${APP.user}`, `-p${APP.password}`];
        const key = kind === 'mysql' ? ['--get-server-public-key'] : [];
        const args = [...login, ...key, '--delimiter=//', '-e', sql, APP.schema];
        const { stderr } = await run(commandLineOf(kind), args).catch((error: { stderr: string }) => error);
        t.match(stderr, /the statement runs to its end on the server/);
        t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'drained', complete: true });
        t.equal(await done(), String(index + 1));
      });
    }

    for (const [name, compression] of [['plain', 0n], ['compressed', Capability.COMPRESS]] as const) {
      await t.test(`answers a command after a result that never ends, ${name}`, async (t) => {
        const capabilities = BASE_CAPABILITIES | Capability.DEPRECATE_EOF | compression;
        const client = await WireClient.connect({ port: sluice.port, capabilities, ...APP });
        const endless = client.query('SELECT a.id, b.id FROM numbers a, numbers b');
        const parts = await client.ask([endless]);
        t.match(parts, [{ is: 'result', end: { is: 'error' } }]);
        t.match(await client.ask([client.query('SELECT 42')]), [{ is: 'error', code: 1927, sqlState: '08S01' }]);
        await client.transport.closed();
        t.match(await sluice.nextRecord(), { outcome: 'closed', complete: false, givenUp: 'waiting' });
      });
    }
  });
}
