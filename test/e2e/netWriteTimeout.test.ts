import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { type Part, type ResultPart, textValues } from '../support/answerReader.js';
import { changeUser, command, execute } from '../support/commandPayloads.js';
import { APP } from '../support/seed.js';
import { startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';

const SECONDS = 420;
/** A client that has agreed on connection attributes must send them in COM_CHANGE_USER. */
const NO_ATTRIBUTES = Buffer.alloc(1);
const ASK = 'SELECT @@net_write_timeout';

const valuesIn = (parts: readonly Part[]): (string | null)[] =>
  parts.filter((part): part is ResultPart => part.is === 'result').flatMap(({ rows }) => rows.flatMap(textValues));

const WAYS: Record<string, bigint> = {
  'in the clear': 0n,
  'with query attributes and without EOF packets': Capability.QUERY_ATTRIBUTES | Capability.DEPRECATE_EOF,
  'compressed': Capability.COMPRESS,
};

for (const kind of SERVER_KINDS) {
  await t.test(`streaming.netWriteTimeout in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const config = { onUnparsed: 'close', streaming: { netWriteTimeout: `${SECONDS}s` } };
    const sluice = await startSluice(t, { upstream: server.port, config });

    for (const [way, capabilities] of Object.entries(WAYS)) {
      await t.test(`holds after a login, a reset and another login: ${way}`, async (t) => {
        const client = await WireClient.connect(
          { ...APP, port: sluice.port, capabilities: BASE_CAPABILITIES | capabilities },
        );
        t.teardown(() => client.destroy());
        t.same(await client.sql(ASK), [[String(SECONDS)]]);
        await client.sql('SET net_write_timeout = 5');
        t.same(await client.sql(ASK), [['5']], 'what the client sets itself holds');
        const parts = await client.ask(
          [command(Command.RESET_CONNECTION), client.query(ASK), client.query('SELECT 42')],
        );
        t.same(valuesIn(parts), [String(SECONDS), '42'], 'commands that were sent ahead have their own answers');
        await client.sql('SET net_write_timeout = 5');
        const { authPlugin } = client.greeting;
        const again = Buffer.concat([changeUser(APP.user, APP.schema, authPlugin), NO_ATTRIBUTES]);
        t.match((await client.ask([again], { password: APP.password })).at(-1), { is: 'ok' });
        t.same(await client.sql(ASK), [[String(SECONDS)]]);
        const prepared = await client.withStatement(ASK, (id) => client.ask([execute(id), execute(id)]));
        t.equal(prepared.filter(({ is }) => is === 'result').length, 2, 'prepared statements are not disturbed');
        t.same(await client.sql('SHOW WARNINGS'), []);
      });
    }

    await t.test('holds for a real driver, also when it logs in again', async (t) => {
      const session = await startSession(t, sluice.port);
      t.match(await session.run(ASK), { sum: SECONDS });
      await session.changeUser(APP.user, APP.password, APP.schema);
      t.match(await session.run(ASK), { sum: SECONDS });
    });

    t.same(sluice.log().filter(({ level }) => level === 'warn' || level === 'error'), []);
  });
}
