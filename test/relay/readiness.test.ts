import { pino } from 'pino';
import t from 'tap';
import { readConfig } from '../../src/config/load.js';
import { readLogin } from '../../src/demo/login.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { encodeErr } from '../../src/protocol/packets.js';
import { Readiness } from '../../src/relay/readiness.js';
import { type ScriptedConnection, startScriptedServer } from '../support/scriptedServer.js';

/** Whether a server on this port takes logins, with these further settings. */
const takesLogins = (port: number, further: object = {}): Promise<boolean> => {
  const config = readConfig({ upstream: { host: '127.0.0.1', port, tls: { mode: 'off' } }, ...further });
  return new Readiness(config, pino({ level: 'silent' })).takesLogins();
};

const denied = { code: 1045, sqlState: '28000', message: 'Access denied' };
const blocked = { code: 1129, sqlState: 'HY000', message: 'Host is blocked because of many connection errors' };

t.test("a server that denies the probe's login takes logins", async (t) => {
  const users: string[] = [];
  const server = await startScriptedServer(t, async (connection: ScriptedConnection) => {
    connection.greet();
    const login = await connection.packet();
    users.push(readLogin(login!.payload)?.user ?? '');
    connection.send(encodePacket(2, Buffer.from('\xfemysql_native_password\x00abcdefghijabcdefghij\x00', 'latin1')));
    const answer = await connection.packet();
    t.match(answer, { sequenceId: 3, payload: { length: 20 } }, 'what the server asks for is answered');
    connection.send(encodeErr(4, denied));
  });
  t.equal(await takesLogins(server.port), true);
  t.equal(await takesLogins(server.port, { kill: { user: 'killer', password: 'secret' } }), true);
  t.same(users, ['sluice-probe', 'killer'], 'the account that kills logs in where there is one');
});

t.test('a server that sends an error in place of its greeting takes no login', async (t) => {
  const server = await startScriptedServer(t, (connection) => connection.send(encodeErr(0, blocked)));
  t.equal(await takesLogins(server.port), false);
});

t.test('a server that accepts and says nothing takes no login', async (t) => {
  const server = await startScriptedServer(t, () => undefined);
  t.equal(await takesLogins(server.port, { connections: { connectTimeout: '50ms' } }), false);
});

t.test('an address without a server takes no login', async (t) => {
  t.equal(await takesLogins(1), false);
});
