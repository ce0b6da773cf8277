import t from 'tap';
import { startProxyHere } from '../../support/inProcess.js';
import { RawClient } from '../../support/rawClient.js';
import { startScriptedServer } from '../../support/scriptedServer.js';

/** Twice as many connections without a login lock an address out (`max_connect_errors` is 100). */
const CLIENTS = 200;

t.test('of however many clients that leave together before their login each server connection gets one to ' +
  'deny', async (t) => {
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

t.test('clients that come and go one by one are all denied where few may be there at the same time', async (t) => {
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
