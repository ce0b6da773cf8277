import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { reset } from '../../../src/relay/flow/socketEnd.js';

/** Both ends of a connection. */
const connected = async (t: Test): Promise<readonly [here: Socket, there: Socket]> => {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const here = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  const [[there]] = await Promise.all([once(server, 'connection') as Promise<[Socket]>, once(here, 'connect')]);
  server.close();
  t.teardown(() => there.destroy());
  return [here, there];
};

const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

t.test('closes a connection that is reset, and its other end gets the reset', async (t) => {
  const [here, there] = await connected(t);
  const seen = once(there.resume(), 'error');
  reset(here);
  await once(here, 'close');
  t.match(await seen, [{ code: 'ECONNRESET' }]);
});

t.test('closes a connection that is reset while it ends, without an error event', async (t) => {
  const others = openSockets();
  const [here, there] = await connected(t);
  const errors: Error[] = [];
  here.on('error', (error) => errors.push(error));
  const seen = once(there.resume(), 'end');
  here.end();
  await new Promise(process.nextTick);
  reset(here);
  await Promise.all([once(here, 'close'), seen]);
  t.same(errors, []);
  t.ok(openSockets() <= others + 1, 'nothing of it is left');
});
