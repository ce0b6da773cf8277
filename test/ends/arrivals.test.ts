import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePort } from '../support/freePort.js';
import { type ProxyHere, type ProxySettings, startProxyHere } from '../support/inProcess.js';
import { PairedProxy } from '../support/pairs.js';
import { login, packetsFrom } from '../support/wirePackets.js';

// The log says who ended a session and why, also when its client never reached a server.

const arriveAt = async (
  t: Test, settings: ProxySettings,
): Promise<{ here: ProxyHere; socket: Socket; address: string }> => {
  const here = await startProxyHere(await freePort(), settings);
  t.teardown(() => here.stop());
  const socket = connect(here.port, '127.0.0.1').resume();
  await once(socket, 'connect');
  return { here, socket, address: `127.0.0.1:${socket.localPort}` };
};

await t.test('logs why a session ended whose server cannot be reached', async (t) => {
  const { here, address } = await arriveAt(t, {});
  t.match(await here.ended(address), {
    level: 'info', session: 1, client: address, by: 'upstream',
    reason: /^cannot reach the upstream server .*ECONNREFUSED$/,
  });
  t.match(here.log.at(-1)!['durationMs'], /^\d+(\.\d{1,3})?$/, 'in ms, to the microsecond');
  t.equal(here.proxy.sessionCount, 0);
});

const BEHIND_A_BALANCER = { listen: { host: '127.0.0.1', port: 0, proxyProtocol: ['127.0.0.1'] } };

await t.test('logs at level debug that a client closed before its PROXY header', async (t) => {
  const { here, socket, address } = await arriveAt(t, BEHIND_A_BALANCER);
  socket.end();
  t.match(await here.ended(address), { level: 'debug', session: 1, client: address, by: 'client', reason: 'closed' });
  t.equal(here.proxy.sessionCount, 0);
});

await t.test('logs what was wrong when a client sends no PROXY header', async (t) => {
  const { here, socket, address } = await arriveAt(t, BEHIND_A_BALANCER);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  t.match(await here.ended(address), { level: 'info', by: 'client', reason: /header/i });
  t.equal(here.proxy.sessionCount, 0);
});

await t.test('relays what a client says before the greeting, piece by piece', async (t) => {
  const proxy = await PairedProxy.start({});
  t.teardown(() => proxy.stop());
  const { client, server } = await proxy.pair();
  const [greeting, response] = login('eof');
  const pieces = [response!.bytes, Buffer.from([1, 0, 0, 2, 0]), packetsFrom(3, Buffer.from('more'))];
  for (const piece of pieces) {
    client.say(piece);
    for (let turns = 0; turns < 10; turns += 1) await nextTurn(); // each piece is read by itself
  }
  server.say(greeting!.bytes);
  const said = Buffer.concat(pieces);
  await server.hear(said.length);
  t.ok(server.heard.equals(said));
});
