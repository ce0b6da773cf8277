import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { startDemoServer } from '../../src/demo/server.js';
import { CLIENTS, commandLine, connectOptions } from '../support/clients.js';
import { startProxyHere } from '../support/inProcess.js';
import { APP } from '../support/seed.js';
import { commandLineOf, MYSQL9_ENV, SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';

await t.test('gives every client error 1429 when the upstream cannot be reached', async (t) => {
  // A port that was just given back, where nobody listens.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  probe.close();
  await once(probe, 'close');
  const sluice = await startSluice(t, { upstream: port });
  for (const client of CLIENTS) {
    // sysbench ends with its own message when it cannot connect.
    if (client.name === 'sysbench') continue;
    const seen = await client.read(sluice.port, 'SELECT 1');
    // MariaDB Connector/J wraps the text in an error of its own.
    t.equal(seen.error?.code, client.name.startsWith('Java') ? -1 : 1429, client.name);
    // PyMySQL removes an SQLSTATE, which an ERR packet before the greeting does not have. So the text loses its start.
    t.match(seen.error?.message, /cannot reach the upstream server/, client.name);
  }
});

await t.test('accepts a thousand clients that come at once, also while Sluice is busy', async (t) => {
  const upstream = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.teardown(() => upstream.close());
  const sluice = await startSluice(t, { upstream: (upstream.address() as AddressInfo).port });
  process.kill(sluice.pid, 'SIGSTOP');
  const clients = Array.from({ length: 1000 }, () => connect(sluice.port, '127.0.0.1'));
  t.teardown(() => clients.forEach((client) => client.destroy()));
  for (const client of clients) client.on('error', () => undefined);
  await Promise.all(clients.map((client) => once(client, 'connect')));
  process.kill(sluice.pid, 'SIGCONT');
});

for (const kind of SERVER_KINDS) {
  await t.test(`in front of ${kind}`, async (t) => {
    const server = await startServer(t, kind);

    await t.test('refuses the connection beyond connections.max with error 1040', async (t) => {
      const sluice = await startSluice(t, { upstream: server.port, config: { connections: { max: 1 } } });
      const first = spawn(commandLineOf(kind), [...connectOptions(kind, sluice.port), '--batch',
        '--unbuffered', APP.schema], { env: MYSQL9_ENV });
      first.stdin.write('SELECT 1;\n');
      await once(first.stdout, 'data');
      const second = await commandLine(kind, sluice.port, 'SELECT 2;');
      t.match(second.errors, [{ code: 1040 }]);
      first.stdin.end();
      await once(first, 'close');
      // The place is free once Sluice has seen the close, a moment after the client's end.
      let third = await commandLine(kind, sluice.port, 'SELECT 3;');
      while (third.errors[0]?.code === 1040) third = await commandLine(kind, sluice.port, 'SELECT 3;');
      t.same(third.rows, [['3']]);
    });

    await t.test("relays the server's own error when it has too many connections", async (t) => {
      const sluice = await startSluice(t, { upstream: server.port });
      await server.sql('SET GLOBAL max_connections = 10');
      const holders: WireClient[] = [];
      try {
        const login = { ...APP, port: server.port, capabilities: BASE_CAPABILITIES };
        const another = (): Promise<WireClient | null> => WireClient.connect(login).catch(() => null);
        for (let holder = await another(); holder !== null; holder = await another()) holders.push(holder);
        const { errors } = await commandLine(kind, sluice.port, 'SELECT 1;');
        t.match(errors, [{ code: 1040, message: 'Too many connections' }]);
        t.same(errors, (await commandLine(kind, server.port, 'SELECT 1;')).errors, 'as directly');
      } finally {
        for (const holder of holders) await holder.quit();
        await server.sql('SET GLOBAL max_connections = 100');
      }
    });

    await t.test('takes the next server while the first stands still, and the first again once it runs ' +
      'on', async (t) => {
      const demo = await startDemoServer();
      t.teardown(() => demo.close());
      const upstream = [server.port, demo.address.port]
        .map((port) => ({ host: '127.0.0.1', port, tls: { mode: 'off' } }));
      const here = await startProxyHere(0, { upstream, connections: { handshakeTimeout: '1500ms' } });
      t.teardown(() => here.stop());
      t.teardown(() => process.kill(server.pid, 'SIGCONT'));
      process.kill(server.pid, 'SIGSTOP');
      const client = await DemoClient.connect(
        { host: '127.0.0.1', port: here.port, user: 'demo', schema: 'demo', program: 'test' },
      );
      t.match(await client.query('SELECT * FROM rows_10'), { rows: 10 });
      client.close();
      t.match(here.log.filter(({ level }) => level === 'warn'), [{ msg: /did not greet within 500 ms/ }]);
      process.kill(server.pid, 'SIGCONT');
      while (!here.log.some(({ msg }) => msg.endsWith('greets again'))) await delay(50);
      t.same((await commandLine(kind, here.port, 'SELECT 42;')).rows, [['42']]);
    });

    await t.test("relays the server's error for a killed query, and the connection goes on", async (t) => {
      const sluice = await startSluice(t, { upstream: server.port });
      // A SLEEP without a table ends without an error when MySQL kills it.
      const victim = commandLine(kind, sluice.port, 'SELECT SLEEP(100) FROM numbers; SELECT 42;');
      const find = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(100)%'";
      let found = await server.sql(find);
      while (found.length === 0) found = await server.sql(find);
      t.same((await commandLine(kind, sluice.port, `KILL QUERY ${found[0]?.[0]};`)).errors, []);
      const { rows, errors } = await victim;
      t.match(errors, [{ code: 1317 }]);
      t.equal(rows.at(-1)?.[0], '42');
    });

    await t.test("closes the client's connection when the server's is killed", async (t) => {
      const sluice = await startSluice(t, { upstream: server.port });
      const { errors } = await commandLine(kind, sluice.port, 'KILL CONNECTION_ID();', ['--skip-reconnect']);
      const direct = await commandLine(kind, server.port, 'KILL CONNECTION_ID();', ['--skip-reconnect']);
      t.match(errors.map(({ code }) => code), direct.errors.map(({ code }) => code));
      t.same((await commandLine(kind, sluice.port, 'SELECT 42;')).rows, [['42']], 'the others live');
    });
  });
}
