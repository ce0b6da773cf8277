import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import type { Encrypt } from '../../src/control/packetChannel.js';
import { ServerRefusal } from '../../src/control/serverRefusal.js';
import { ControlConnection, type ControlSettings } from '../../src/control/controlConnection.js';
import { startServer, type Server } from '../support/servers.js';
import { remoteAt } from '../support/remote.js';

const LONG_PASSWORD = 'correct horse battery staple, größer als jede Nonce';

const settings = (user: string, password: string): ControlSettings => ({
  account: { user, password }, connectTimeoutMs: 60_000, answerTimeoutMs: 60_000, encrypt: null,
});

/** Logs in, returns the user that the server sees, and quits. */
const whoAmI = async (server: Server, peer: ControlSettings): Promise<string | null | undefined> => {
  const connection = new ControlConnection(remoteAt(server.port), peer);
  await connection.logIn();
  const [row] = await connection.query("SELECT SUBSTRING_INDEX(USER(), '@', 1)");
  connection.quit();
  return row?.[0];
};

const encrypting = (rejectUnauthorized: boolean): Encrypt => ({
  isRequired: true,
  encrypt: async (socket: Socket): Promise<Socket> => {
    const encrypted = connectTls({ socket, rejectUnauthorized });
    await once(encrypted, 'secureConnect');
    return encrypted;
  },
});
// The test server has a self-signed certificate.
const encrypt = encrypting(false);

/** The code of the error with which the server refuses a login. */
const refusal = async (server: Server, peer: ControlSettings): Promise<number> => {
  try {
    await whoAmI(server, peer);
  } catch (error) {
    if (error instanceof ServerRefusal) return error.code;
    throw error;
  }
  throw new Error('the server let us in');
};

await t.test('to MySQL', async (t) => {
  const server = await startServer(t, 'mysql');
  await server.sql(`
    CREATE USER 'old'@'%' IDENTIFIED WITH sha256_password BY 'secret';
    CREATE USER 'long'@'%' IDENTIFIED BY '${LONG_PASSWORD}';
    CREATE USER 'nobody'@'%' IDENTIFIED BY '';
  `);

  const passwords = { app: 'secret', long: LONG_PASSWORD, nobody: '', old: 'secret' };
  for (const [user, password] of Object.entries(passwords)) {
    await t.test(`'${user}' logs in, with a cold and with a warm password cache`, async (t) => {
      await server.sql('FLUSH PRIVILEGES');
      t.equal(await whoAmI(server, settings(user, password)), user, 'cold');
      t.equal(await whoAmI(server, settings(user, password)), user, 'warm');
    });
    await t.test(`'${user}' logs in over TLS, with a cold and with a warm password cache`, async (t) => {
      await server.sql('FLUSH PRIVILEGES');
      t.equal(await whoAmI(server, { ...settings(user, password), encrypt }), user, 'cold');
      t.equal(await whoAmI(server, { ...settings(user, password), encrypt }), user, 'warm');
    });
    await t.test(`refuses '${user}' with another password`, async (t) => {
      await server.sql('FLUSH PRIVILEGES');
      t.equal(await refusal(server, settings(user, 'wrong')), 1045, 'cold');
      await whoAmI(server, settings(user, password));
      t.equal(await refusal(server, settings(user, 'wrong')), 1045, 'warm');
      t.equal(await refusal(server, { ...settings(user, 'wrong'), encrypt }), 1045, 'over TLS');
    });
  }

  await t.test('ends the login when the certificate check fails', async (t) => {
    const login = whoAmI(server, { ...settings('app', 'secret'), encrypt: encrypting(true) });
    await t.rejects(login, { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  });
});

await t.test('to MariaDB', async (t) => {
  const server = await startServer(t, 'mariadb');
  await server.sql(`
    CREATE USER 'ed'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret');
    CREATE USER 'long'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('${LONG_PASSWORD}');
    CREATE USER 'nobody'@'%' IDENTIFIED BY '';
  `);

  const passwords = { app: 'secret', ed: 'secret', long: LONG_PASSWORD, nobody: '' };
  for (const [user, password] of Object.entries(passwords)) {
    await t.test(`'${user}' logs in, and is refused with another password`, async (t) => {
      t.equal(await whoAmI(server, settings(user, password)), user);
      t.equal(await refusal(server, settings(user, 'wrong')), 1045);
    });
  }

  await t.test('ends the login when TLS is required and the server offers none', async (t) => {
    const login = whoAmI(server, { ...settings('app', 'secret'), encrypt });
    await t.rejects(login, { message: 'the server offers no TLS' });
  });
});
