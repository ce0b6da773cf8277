import t from 'tap';
import { makeAuthority, serverTls } from '../support/certificates.js';
import { APP } from '../support/seed.js';
import { IS_WHOLE } from '../proof/scale.js';
import { SERVER_KINDS, startServer, type ServerKind } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { TLS_CLIENTS } from '../support/tlsClients.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';

const authority = await makeAuthority(t);
const relay = await authority.issue('localhost', 'DNS:localhost,IP:127.0.0.1');
const database = await authority.issue('db.example');

interface Account {
  readonly user: string;
  readonly plugin: string;
  readonly sql: string;
}

/** Accounts with the plugins of each server; MySQL 9 no longer has mysql_native_password. */
const ACCOUNTS: Record<ServerKind, readonly Account[]> = {
  mysql: [
    { user: 'app', plugin: 'caching_sha2_password', sql: '' },
    {
      user: 'old', plugin: 'sha256_password',
      sql: "CREATE USER old IDENTIFIED WITH sha256_password BY 'secret'; GRANT ALL ON *.* TO old;",
    },
  ],
  mariadb: [
    { user: 'app', plugin: 'mysql_native_password', sql: '' },
    {
      user: 'ed', plugin: 'ed25519',
      sql: "CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('secret'); GRANT ALL ON *.* TO ed;",
    },
  ],
};

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}, every client logs in, is cut, and goes on`, async (t) => {
    const server = await startServer(t, kind, serverTls(authority, database));
    await server.sql(ACCOUNTS[kind].map(({ sql }) => sql).join('\n'));
    // With `npm run proof` every client logs in with every plugin over every way, else over every other way.
    let combination = 0;
    for (const mode of ['off', 'required'] as const) {
      const config = {
        limits: { rows: 1000 },
        streaming: { signals: [] }, // on a busy machine any client may read slowly
        listen: { host: '127.0.0.1', tls: { mode: 'optional', ...relay } },
        upstream: { host: '127.0.0.1', tls: { mode } },
      };
      const sluice = await startSluice(t, { upstream: server.port, config });
      for (const ca of [null, authority.ca]) {
        const connections = `${ca === null ? 'in the clear' : 'encrypted'} to Sluice, ` +
          `${mode === 'off' ? 'in the clear' : 'encrypted'} to the server`;
        await t.test(connections, async (t) => {
          for (const { user, plugin } of ACCOUNTS[kind]) {
            for (const client of TLS_CLIENTS.filter(({ plugins }) => plugins.includes(plugin))) {
              combination += 1;
              if (!IS_WHOLE && combination % 2 === 0) continue;
              // FLUSH PRIVILEGES empties MySQL's password cache, so that a full authentication is needed.
              await server.sql('FLUSH PRIVILEGES');
              for (const cache of ['cold', 'warm']) {
                const seen = await client.read(t, sluice.port, user, ca, 'SELECT id FROM numbers');
                const what = `${client.name}, ${plugin}, ${cache}`;
                t.match(seen, { code: 3170, goesOn: true }, what);
                if (seen.code === 3170) {
                  t.match(await sluice.nextRecord(), { action: 'cut', user, forwardedRows: 1000 });
                }
              }
            }
          }
        });
      }
      await t.test(`a client that closes ends its waiting statement with mode ${mode}`, async (t) => {
        const login = { ...APP, capabilities: BASE_CAPABILITIES };
        const holder = await WireClient.connect({ ...login, port: server.port });
        const waiter = await WireClient.connect({ ...login, port: sluice.port });
        t.teardown(() => holder.destroy());
        await holder.sql("SELECT GET_LOCK('taken', 0)");
        waiter.transport.sendCommands([waiter.query("SELECT GET_LOCK('taken', 3600)")]);
        const isWaiting = async (): Promise<boolean> =>
          (await server.sql("SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE '%taken'', 3600)'"))
            .length > 0;
        while (!await isWaiting()) t.notOk(waiter.transport.hasEnded);
        waiter.destroy();
        while (await isWaiting()) await holder.sql('SELECT 1'); // the test runner's time limit ends an endless loop
      });
    }
  });
}
