import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { acceptClients, adoptClient, ClientSocket } from '../../../src/relay/connection/clientSocket.js';
import type { BufferedSocket } from '../../../src/relay/flow/readBuffer.js';
import type { Lifetime } from '../../support/guard.js';

/** An accepted, taken-over connection, its other end, and the text that came so far. */
const connected = async (t: Lifetime) => {
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const coming = new Promise<Socket>((resolve) => acceptClients(listener, resolve));
  const peer = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1' });
  const accepted = await coming;
  const seen = { text: '', more: (): void => {} };
  const client: BufferedSocket = adoptClient(accepted, (byteCount) => {
    seen.text += client.buffer.room.toString('latin1', 0, byteCount);
    seen.more();
  });
  t.teardown(() => {
    peer.destroy();
    client.socket.destroy();
    listener.close();
  });
  const until = (text: string): Promise<void> => new Promise((resolve) => {
    seen.more = () => {
      if (seen.text.endsWith(text)) resolve();
    };
    seen.more();
  });
  return { listener, accepted, peer, client, seen, until };
};

t.test('gives an accepted connection its only socket, which reads nothing before it is resumed', async (t) => {
  const { listener, accepted, client } = await connected(t);
  t.ok(accepted instanceof ClientSocket);
  t.equal(client.socket, accepted);
  t.equal(listener.listenerCount('connection'), 0);
  const other = new Promise<Socket>((resolve) => acceptClients(listener, resolve));
  const peer = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1' });
  const unread = await other;
  t.teardown(() => [peer, unread].forEach((socket) => socket.destroy()));
  await new Promise((resolve) => peer.write('early', resolve));
  await new Promise((resolve) => unread.write('hello', resolve));
  await once(peer, 'data');
  t.equal(unread.bytesRead, 0);
  const data = once(unread, 'data');
  unread.resume();
  t.equal(String((await data)[0]), 'early');
});

t.test('leaves a server as it is when Node.js offers no such handle', (t) => {
  const server = createServer();
  acceptClients(server, () => t.fail('it does not listen'));
  t.equal((server as unknown as { _handle: unknown })._handle, null);
  t.end();
});

t.test('reads a taken-over connection into its buffer, and writes to it', async (t) => {
  const { peer, client, until } = await connected(t);
  peer.write('hello');
  await until('hello');
  client.socket.write('good day');
  const [answer] = (await once(peer, 'data')) as [Buffer];
  t.equal(answer.toString(), 'good day');
  t.equal(client.socket.remotePort, peer.localPort);
});

t.test('a FIN arrives as an end, and later writes still go out', async (t) => {
  const { peer, client, until } = await connected(t);
  peer.end('bye');
  await once(client.socket, 'end');
  await until('bye');
  client.socket.end('so long');
  const [answer] = (await once(peer, 'data')) as [Buffer];
  t.equal(answer.toString(), 'so long');
});

t.test('reads nothing while paused', async (t) => {
  const { peer, client, seen, until } = await connected(t);
  peer.write('one');
  await until('one');
  client.socket.pause();
  const isWritten = new Promise((resolve) => peer.write('two', resolve));
  client.socket.write('ping');
  await Promise.all([isWritten, once(peer, 'data')]);
  t.equal(seen.text, 'one');
  client.socket.resume();
  await until('two');
});

t.test('goes on when the server that accepted it is closed', async (t) => {
  const { listener, peer, client, until } = await connected(t);
  listener.close();
  await once(listener, 'close');
  peer.write('still here');
  await until('still here');
  t.notOk(client.socket.destroyed);
});

t.test('copies data into the buffer when the socket is one of Node.js', async (t) => {
  const stream = new PassThrough().pause() as unknown as Socket;
  let text = '';
  const client: BufferedSocket = adoptClient(stream, (byteCount) => {
    text += client.buffer.room.toString('latin1', 0, byteCount);
  });
  t.equal(client.socket, stream);
  const long = 'x'.repeat(200_000);
  (stream as unknown as PassThrough).end(long);
  await once(stream, 'end');
  t.equal(text.length, long.length);
});
