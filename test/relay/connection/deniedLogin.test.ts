import t from 'tap';
import { startProxyHere } from '../../support/inProcess.js';
import { RawClient } from '../../support/rawClient.js';
import { startScriptedServer } from '../../support/scriptedServer.js';

/** Twice the connections without a login that lock an address out (`max_connect_errors` is 100). */
const CLIENTS = 200;

t.test('sends every server connection a login to deny when many clients leave together before theirs', async (t) => {
  const answers: Promise<string>[] = [];
  const server = await startScriptedServer(t, (connection) => {
    connection.greet();
    answers.push(connection.packet().then((packet) => packet?.payload.toString('latin1') ?? 'closed'));
  });
  const proxy = await startProxyHere(server.port);
  t.teardown(() => proxy.stop());
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.connect(proxy.port)));
  await Promise.all(clients.map((client) => client.packet()));
  for (const client of clients) client.close();
  const denied = (await Promise.all(answers)).filter((answer) => answer.includes('sluice-probe'));
  t.equal(denied.length, CLIENTS);
});

t.test('sends every server connection a login to deny when clients leave one by one with connections.max ' +
  '1', async (t) => {
  const answers: Promise<string>[] = [];
  const server = await startScriptedServer(t, (connection) => {
    connection.greet(); // and does not deny
    answers.push(connection.packet().then((packet) => packet?.payload.toString('latin1') ?? 'closed'));
  });
  const proxy = await startProxyHere(server.port, { connections: { max: 1 } });
  t.teardown(() => proxy.stop());
  for (let count = 0; count < 20; count += 1) {
    const client = await RawClient.connect(proxy.port);
    await client.packet();
    const address = `127.0.0.1:${client.socket.localPort}`;
    client.close();
    await proxy.ended(address);
  }
  for (const answer of await Promise.all(answers)) t.match(answer, /sluice-probe/);
});
