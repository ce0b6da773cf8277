import { fileURLToPath } from 'node:url';
import t from 'tap';
import { CLIENTS, commandLine } from '../support/clients.js';
import { runOk } from '../support/run.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type LogLine, startSluice } from '../support/sluice.js';

const CHANGE_USER = fileURLToPath(new URL('../support/programs/change-user.php', import.meta.url));
const WHO_AM_I = "SELECT SUBSTRING_INDEX(USER(), '@', 1);";

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, flags: ['--max-rows', '1000'] });

    await t.test('every client logs in, with a cold and with a warm password cache', async (t) => {
      for (const client of CLIENTS) {
        // FLUSH PRIVILEGES empties MySQL's password cache, so that a full authentication is needed.
        await server.sql('FLUSH PRIVILEGES');
        for (const cache of ['cold', 'warm']) {
          const seen = await client.read(sluice.port, 'SELECT 7');
          t.match(seen, { rows: 1, sum: 7, error: null, after: { answer: 42 } }, `${client.name}, ${cache}`);
        }
      }
    });

    await t.test("relays the server's error for a wrong password", async (t) => {
      for (const vendor of SERVER_KINDS) {
        const direct = await commandLine(vendor, server.port, WHO_AM_I, ['--password=wrong']);
        const seen = await commandLine(vendor, sluice.port, WHO_AM_I, ['--password=wrong']);
        t.match(seen.errors, [{ code: 1045, sqlState: '28000' }]);
        t.same(seen, direct);
      }
      const told = (): readonly LogLine[] => sluice.log().filter(({ msg }) => msg.includes('refused the login'));
      while (told().length < SERVER_KINDS.length) await new Promise(setImmediate); // they come over a pipe
      t.match(told(), SERVER_KINDS.map(() => (
        {
    level: 'info', user: 'app', code: 1045, session: Number,
    msg: /Access denied for user 'app'.*\(error 1045\)$/,
  })));
    });

    await t.test("relays the server's error for a schema that the user may not use", async (t) => {
      await server.sql("CREATE USER 'limited'@'%' IDENTIFIED BY 'secret'");
      const seen = await commandLine(kind, sluice.port, WHO_AM_I, ['--user=limited']);
      t.match(seen.errors, [{ code: 1044 }]);
      t.same(seen, await commandLine(kind, server.port, WHO_AM_I, ['--user=limited']));
    });

    await t.test('records the new user after a change of user on a live connection', async (t) => {
      await server.sql(`CREATE USER 'other'@'%' IDENTIFIED BY 'hidden'; GRANT ALL ON *.* TO 'other'@'%';
        CREATE DATABASE attic`);
      const change = async (password: string): Promise<unknown> => JSON.parse(await runOk('php', [CHANGE_USER,
        '127.0.0.1', String(sluice.port), 'app', 'secret', 'shop', 'other', password, 'attic',
        'SELECT id FROM shop.numbers']));
      const before = ['app', 'shop'];
      t.match(await change('hidden'), { before, after: ['other', 'attic'], rows: 0, code: 3170 });
      t.match(await sluice.nextRecord(), { action: 'cut', user: 'other', schema: 'attic' });
      t.match(await change('wrong'), { before, code: 1045 });
    });

    await t.test("logs a denied change of user, with the user and the server's error", async (t) => {
      const told = (): readonly LogLine[] =>
        sluice.log().filter(({ msg }) => msg.includes('refused the change of user'));
      while (told().length === 0) await new Promise(setImmediate); // it comes over a pipe
      t.match(told(), [{ level: 'info', user: 'other', code: 1045, session: Number, client: String,
        msg: /Access denied for user 'other'.*\(error 1045\)$/ }]);
    });

    await t.test('a connection goes on after a reset, without its user variables', async (t) => {
      const { rows, errors } = await commandLine('mysql', sluice.port,
        'SET @kept = 7; SELECT @kept, CONNECTION_ID();\nresetconnection;\nSELECT @kept, CONNECTION_ID();\n' +
        'SELECT id FROM shop.numbers;', ['--commands']);
      t.match(errors, [{ code: 3170 }]);
      t.equal(rows[0]?.[0], '7');
      t.same(rows[1], ['NULL', rows[0]?.[1]]);
      t.match(await sluice.nextRecord(), { action: 'cut', user: 'app', sql: 'SELECT id FROM shop.numbers' });
    });
  });
}

await t.test('caching_sha2_password works in clear without the key once the server has cached the ' +
  'password', async (t) => {
  const server = await startServer(t, 'mysql');
  const sluice = await startSluice(
    t, { upstream: server.port, config: { listen: { host: '127.0.0.1', tls: { mode: 'off' } } } },
  );
  const withoutKey = ['--skip-get-server-public-key'];
  const refused = await commandLine('mysql', sluice.port, WHO_AM_I, withoutKey);
  // The client itself refuses: it has no secure way to send the password.
  t.match(refused.errors, [{ code: 2061 }]);
  t.same((await commandLine('mysql', sluice.port, WHO_AM_I)).rows, [['app']]);
  t.same((await commandLine('mysql', sluice.port, WHO_AM_I, withoutKey)).rows, [['app']]);
});

await t.test("sha256_password logs in with the server's key", async (t) => {
  const server = await startServer(t, 'mysql');
  await server.sql(`CREATE USER 'old'@'%' IDENTIFIED WITH sha256_password BY 'secret';
    GRANT ALL ON shop.* TO 'old'@'%'`);
  const sluice = await startSluice(t, { upstream: server.port });
  t.same((await commandLine('mysql', sluice.port, WHO_AM_I, ['--user=old'])).rows, [['old']]);
});

await t.test('ed25519 logs in', async (t) => {
  const server = await startServer(t, 'mariadb');
  await server.sql(`CREATE USER 'ed'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret');
    GRANT ALL ON shop.* TO 'ed'@'%'`);
  const sluice = await startSluice(t, { upstream: server.port });
  t.same((await commandLine('mariadb', sluice.port, WHO_AM_I, ['--user=ed'])).rows, [['ed']]);
  const wrong = await commandLine('mariadb', sluice.port, WHO_AM_I, ['--user=ed', '--password=wrong']);
  t.match(wrong.errors, [{ code: 1045 }]);
});
