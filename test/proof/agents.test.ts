import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { isMissing } from '../support/drivers.js';
import { Assistant, MCP_SERVERS } from '../support/mcpServers.js';
import { NUMBERS_ROWS } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { IS_WHOLE } from './scale.js';

// The MCP servers of assistants, in front of Sluice with the preset `agent`, with each kind of database server.

const PRESET = JSON.parse(readFileSync(new URL('../../dist/presets/agent.json', import.meta.url), 'utf8')) as object;
const REFUSED = 'sluice: this statement is refused here (rule read-only): write one plain SELECT';
const CHANGES = [
  'DELETE FROM numbers', 'UPDATE numbers SET label = 0', "INSERT INTO numbers VALUES (0, 'x')", 'DROP TABLE numbers',
  'CREATE TABLE copied AS SELECT * FROM numbers', 'TRUNCATE TABLE numbers', 'ALTER TABLE numbers ADD more INT',
];

/** The error that an assistant reads when a result has more than 200 rows, or one row of more than 256 KiB. */
const TOO_MANY_ROWS =
  'sluice: the result has more than 200 rows (rule default): add a LIMIT, aggregate, or select fewer columns';
const ROW_TOO_LARGE = 'sluice: the result has more than 256 KiB (rule default): ' +
  'select fewer columns, for one row alone is larger';

const kinds = IS_WHOLE ? SERVER_KINDS : ['mariadb' as const];
const servers = IS_WHOLE ? MCP_SERVERS : MCP_SERVERS.slice(0, 1);

for (const kind of kinds) {
  await t.test(`assistants in front of ${kind}`, async (t) => {
    const database = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: database.port, config: PRESET });
    const connections = async (agent: Assistant): Promise<string | undefined> =>
      /\d+/.exec((await agent.run('SELECT CONNECTION_ID() AS id')).replace(/^.*?"id"|^id/s, ''))?.[0];

    for (const server of servers) {
      await t.test(server.name, { skip: isMissing(server) }, async (t) => {
        const agent = await Assistant.start(t, server, sluice.port);
        const told = async (t: Test, sql: string, says: string): Promise<void> => {
          const text = await agent.run(sql);
          t.ok(text.includes(says), `${sql}: ${text.slice(0, 600)}`);
        };
        const before = await connections(agent);

        await t.test('the error says what to do, and doing it helps', async (t) => {
          await told(t, 'SELECT * FROM numbers', TOO_MANY_ROWS);
          await told(t, 'SELECT * FROM numbers LIMIT 200', 'row 200');
          await told(t, 'SELECT COUNT(*) AS n FROM numbers', String(NUMBERS_ROWS));
          await told(t, "SELECT 1 AS id, REPEAT('x', 300000) AS body", ROW_TOO_LARGE);
          await told(t, 'SELECT 271828 AS id', '271828');
          await told(t, 'SELECT /* sluice: rows=unlimited */ * FROM numbers',
            `${TOO_MANY_ROWS} (its hint was refused: hints is "none")`);
        });

        await t.test('questions about the server and the schema are answered', async (t) => {
          if (server.sends === 'everything') await told(t, 'SHOW VARIABLES', 'max_allowed_packet');
          await told(t, 'SELECT * FROM information_schema.columns', 'CHARACTER_MAXIMUM_LENGTH');
          if (server.sends !== 'SELECT') await told(t, 'DESCRIBE numbers', 'label');
        });

        await t.test('changes are refused', async (t) => {
          const says = server.sends === 'SELECT' ? 'Only SELECT queries are allowed' : REFUSED;
          for (const sql of CHANGES) await told(t, sql, says);
          const tables = await database.sql('SELECT COUNT(*), MIN(label) FROM shop.numbers; SHOW TABLES IN shop');
          t.strictSame(tables, [[String(NUMBERS_ROWS), 'row 1'], ['numbers']]);
        });

        await t.test('the session continues after cuts and refusals', async (t) => {
          const after = await connections(agent);
          t.match(after, /^\d+$/);
          t.equal(after === before, server.keepsConnection, `connection ${before}, then ${after}`);
        });
      });
    }

    await t.test('each cut and each refusal has its record', async (t) => {
      const there = servers.filter((server) => isMissing(server) === false);
      const changing = there.filter(({ sends }) => sends !== 'SELECT');
      await sluice.stop();
      const counts = new Map<string, number>();
      for (const { action, rule } of sluice.records()) {
        const key = `${action} ${rule}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      t.strictSame(Object.fromEntries(counts), {
        'cut default': 3 * there.length, 'refuse read-only': CHANGES.length * changing.length,
      });
    });
  });
}
