import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import { clientAddressAt } from '../../../src/relay/connection/clientAddress.js';
import { Connections, type ConnectionsObserver } from '../../../src/relay/connection/connections.js';
import { UpstreamConnection } from '../../../src/relay/connection/upstreamConnection.js';
import type { PacketExchange } from '../../../src/relay/login/packetExchange.js';
import type { Arrived } from '../../../src/relay/connection/arrival.js';
import type { Shared } from '../../../src/relay/shared.js';
import { fakeTimers, type FakeTimers } from '../../support/fakeTimers.js';
import { memorySettings } from '../../support/memorySession.js';
import { memoryPair, settled } from '../../support/memorySocket.js';
import { MemoryServers } from '../../support/memoryServers.js';
import { End } from '../../support/pairs.js';

// Both connections of a session: their events, and how each of them is closed.

const HELLO = Buffer.from('hello');
const LAST = Buffer.from('the last words');

interface Scene {
  readonly connections: Connections;
  readonly client: End;
  readonly server: End;
  readonly timers: FakeTimers;
  /** The events that the observer got, in order. */
  readonly told: string[];
  /** Whether only a part of a client's packet has come. */
  isInRequest: boolean;
  /** The observer's action on read bytes. */
  read: (from: 'client' | 'server', bytes: Buffer) => void;
}

const start = async (t: Test, allArrives = true): Promise<Scene> => {
  const timers = fakeTimers(t);
  const config = memorySettings(t);
  const servers = new MemoryServers(t);
  const upstream = new UpstreamConnection(config.upstream[0]!, null, 0);
  const server = await servers.next();
  const { accepted, connected } = memoryPair();
  const client = new End(connected);
  const told: string[] = [];
  const take = (from: 'client' | 'server', byteCount: number): void => {
    const reads = from === 'client' ? connections.clientBuffer : connections.upstreamBuffer;
    scene.read(from, reads.take(byteCount));
  };
  const observer: ConnectionsObserver = {
    get isInRequest() { return scene.isInRequest; },
    clientRead: (byteCount) => take('client', byteCount),
    upstreamRead: (byteCount) => take('server', byteCount),
    clientEnded: () => void told.push('client ended'),
    upstreamEnded: () => void told.push('server ended'),
    clientFailed: ({ code }) => void told.push(`client failed: ${code}`),
    upstreamFailed: ({ code }) => void told.push(`server failed: ${code}`),
    closed: () => void told.push('closed'),
    contain: (work) => work(),
    threw: (error) => void told.push(String(error)),
  };
  const shared = {
    config, queues: { lookAt: () => Promise.reject(new Error('not asked')), intervalMs: 5 },
    pace: { allArrives: () => Promise.resolve(allArrives) },
  } as unknown as Shared;
  const arrived = { client: accepted, clientAddress: clientAddressAt(accepted), upstream } as Arrived;
  const connections = new Connections(arrived, shared, observer);
  t.teardown(() => {
    for (const { socket } of [client, server]) socket.destroy();
    connections.destroy();
  });
  const scene: Scene = {
    connections, client, server, timers, told, isInRequest: false,
    read: (from, bytes) => void told.push(`${from} said ${bytes.toString()}`),
  };
  return scene;
};

/** A session whose client has answered the greeting, so that its server has got bytes. */
const startLoggedIn = async (t: Test, allArrives?: boolean): Promise<Scene> => {
  const scene = await start(t, allArrives);
  scene.connections.upstream.write(HELLO);
  await scene.server.hear(HELLO.length);
  scene.server.forget();
  return scene;
};

t.test('reports what each end sends, and the bytes sent before', async (t) => {
  const { connections, client, server, told } = await start(t);
  connections.replayClient(Buffer.from('early'));
  client.say(HELLO);
  server.say(LAST);
  await settled();
  t.strictSame(told.sort(), ['client said early', 'client said hello', 'server said the last words']);
  t.equal(connections.clientAddress, '10.0.0.7:40000');
  t.equal(connections.upstreamName, 'the upstream server db:3306');
});

t.test('gives incoming bytes to the diversion while one is set', async (t) => {
  const { connections, client, server, told } = await start(t);
  const taken: string[] = [];
  const accept = (peer: string, bytes: Buffer): void => void taken.push(`${peer}: ${bytes.toString()}`);
  connections.diversion = { accept } as unknown as PacketExchange;
  client.say(HELLO);
  await settled();
  server.say(LAST);
  await settled();
  t.strictSame([taken, told], [['client: hello', 'server: the last words'], []]);
});

t.test('reports an error that a reader throws', async (t) => {
  const scene = await start(t);
  scene.read = () => {
    throw new Error('made by the test');
  };
  scene.client.say(HELLO);
  await settled();
  t.strictSame(scene.told, ['Error: made by the test']);
});

t.test('reports the end of each connection, and the close of both once', async (t) => {
  const { client, server, told, connections } = await startLoggedIn(t);
  client.socket.end();
  await settled();
  server.socket.end();
  await settled();
  t.strictSame(told, ['client ended', 'server ended']);
  t.notOk(connections.isBroken);
  connections.destroy();
  connections.destroy();
  await settled();
  t.strictSame(told.slice(2), ['closed']);
  t.ok(connections.isBroken);
});

t.test('reports a reset of each connection', async (t) => {
  const one = await startLoggedIn(t);
  one.client.socket.resetAndDestroy();
  await settled();
  t.strictSame(one.told, ['client failed: ECONNRESET', 'closed'], 'the server\'s goes with the client\'s');
});

t.test('reports a reset by the server', async (t) => {
  const { server, told, connections } = await startLoggedIn(t);
  server.socket.resetAndDestroy();
  await settled();
  t.strictSame(told, ['server failed: ECONNRESET'], 'what the client still gets is for the session to say');
  t.ok(connections.isBroken);
});

t.test('expects a login until the server has got bytes', async (t) => {
  const { connections, server } = await start(t);
  t.ok(connections.awaitsLogin);
  connections.upstream.write(HELLO);
  await server.hear(HELLO.length);
  t.notOk(connections.awaitsLogin);
  t.match(connections.writtenBytes, { bytesToClient: 0, bytesToUpstream: HELLO.length });
});

t.test('sends the server a login to deny when it expects one, and does not count that', async (t) => {
  const { connections, server, client, told, timers } = await start(t);
  connections.destroy();
  await settled();
  t.match(server.heard.toString('latin1'), /sluice-probe/);
  t.notOk(server.hasHeardEnd);
  t.ok(client.hasHeardEnd);
  t.strictSame([told, connections.writtenBytes.bytesToUpstream], [['closed'], 0]);
  t.notOk(connections.awaitsLogin, 'it has been answered');
  t.equal(timers.count, 1);
  timers.pass(2000);
  await settled();
  t.ok(server.hasHeardEnd, 'a server that does not close is not waited for');
  t.strictSame([told, timers.count], [['closed'], 0]);
});

t.test("closes the client's connection after its last bytes, and the server's at once", async (t) => {
  const { connections, client, server, told, timers } = await startLoggedIn(t);
  connections.dismiss(LAST);
  await settled();
  t.ok(client.heard.equals(LAST) && client.hasHeardEnd && server.hasHeardEnd);
  t.strictSame(told, [], 'the client has a moment to close');
  client.say(HELLO);
  await settled();
  t.strictSame(told, [], 'what it still says is thrown away');
  client.socket.end();
  await settled();
  t.strictSame([told, timers.count], [['client ended', 'closed'], 0]);
});

t.test('does not wait for a client that does not close', async (t) => {
  const { connections, client, told, timers } = await startLoggedIn(t);
  connections.dismiss(LAST);
  await client.hear(LAST.length);
  await settled();
  timers.pass(1999);
  await settled();
  t.strictSame(told, []);
  timers.pass(1);
  await settled();
  t.strictSame([told, timers.count], [['closed'], 0]);
});

t.test('does not wait for a client that does not read its last bytes', async (t) => {
  const { connections, client, told, timers } = await startLoggedIn(t);
  client.socket.pause();
  connections.client.write(Buffer.alloc(1024 * 1024));
  connections.dismiss(LAST);
  await settled();
  timers.pass(29_999);
  await settled();
  t.strictSame(told, []);
  timers.pass(1);
  await settled();
  t.strictSame([told, timers.count], [['closed'], 0]);
});

t.test('refuses a client with one packet, and does not wait for one that does not read it', async (t) => {
  const { connections, client, told, timers } = await startLoggedIn(t);
  connections.refuse(LAST);
  t.equal(await client.ended(), 'FIN');
  t.ok(client.heard.equals(LAST));
  await settled();
  t.strictSame([told, timers.count], [['closed'], 0]);
});

t.test('does not wait for a client that does not read its refusal', async (t) => {
  const { connections, client, server, told, timers } = await startLoggedIn(t);
  client.socket.pause();
  connections.client.write(Buffer.alloc(1024 * 1024));
  connections.refuse(LAST);
  await settled();
  t.strictSame(told, []);
  t.ok(server.hasHeardEnd, "the server's connection does not wait for that");
  timers.pass(2000);
  await settled();
  t.strictSame([told, timers.count], [['closed'], 0]);
});

t.test('goes on with the server when the client has left', async (t) => {
  const { connections, client, server, told, timers } = await startLoggedIn(t);
  connections.part(LAST);
  client.socket.end();
  await settled();
  t.ok(client.heard.equals(LAST) && client.isClosed);
  t.notOk(connections.isBroken);
  server.say(HELLO);
  await settled();
  t.strictSame(told, ['client ended', 'server said hello']);
  connections.endUpstream();
  t.equal(await server.ended(), 'FIN');
  server.socket.end();
  await settled();
  t.strictSame([told.slice(2), timers.count], [['server ended', 'closed'], 0]);
});

t.test('takeLeave() sends last bytes and a FIN to the server, and a FIN to the client', async (t) => {
  const { connections, client, server, told, timers } = await startLoggedIn(t);
  connections.takeLeave(LAST);
  t.equal(await server.ended(), 'FIN');
  t.ok(server.heard.equals(LAST));
  t.equal(await client.ended(), 'FIN');
  server.socket.end();
  await settled();
  client.socket.end();
  await settled();
  t.strictSame(told, ['server ended', 'client ended', 'closed']);
  t.equal(timers.count, 0);
});

t.test('relays a reset by the client', async (t) => {
  const { connections, server, told } = await startLoggedIn(t);
  connections.relayClientReset();
  t.equal(await server.ended(), 'ECONNRESET');
  await settled();
  t.strictSame(told, ['closed']);
});

t.test("sends the server a login to deny when a client's reset would count as a failed one", async (t) => {
  const { connections, server, told } = await start(t);
  connections.relayClientReset();
  await settled();
  t.match(server.heard.toString('latin1'), /sluice-probe/);
  t.strictSame([told, server.error], [['closed'], null]);
});

t.test('relays a reset by the server after what it said', async (t) => {
  const { connections, client, server, told, timers } = await startLoggedIn(t);
  server.socket.resetAndDestroy();
  await settled();
  connections.client.write(LAST);
  connections.relayUpstreamReset();
  t.equal(await client.ended(), 'ECONNRESET');
  t.ok(client.heard.equals(LAST));
  await settled();
  t.strictSame([told, timers.count], [['server failed: ECONNRESET', 'closed'], 0]);
});

const STILL_SENDING: Record<string, (scene: Scene) => void> = {
  'is in the middle of a packet': (scene) => (scene.isInRequest = true),
  'is not being read': ({ connections }) => void connections.client.pause(),
};

for (const [what, make] of Object.entries(STILL_SENDING)) {
  t.test(`sends a FIN in place of a reset to a client that ${what}`, async (t) => {
    const scene = await startLoggedIn(t);
    make(scene);
    scene.connections.relayUpstreamReset();
    t.equal(await scene.client.ended(), 'FIN');
    scene.client.socket.end();
    await settled();
    t.strictSame(scene.timers.count, 0);
  });
}

t.test('sends a FIN in place of a reset when a reset would lose bytes on their way', async (t) => {
  const { connections, client } = await startLoggedIn(t, false);
  connections.client.write(LAST);
  connections.relayUpstreamReset();
  t.equal(await client.ended(), 'FIN');
  t.ok(client.heard.equals(LAST));
});

t.test('closes both connections once the client has everything that a closed server sent', async (t) => {
  const { connections, client, server, told } = await startLoggedIn(t);
  server.socket.end();
  await settled();
  connections.client.end(LAST);
  t.equal(await client.ended(), 'FIN');
  await settled();
  t.strictSame(told, ['server ended', 'closed']);
});

t.test('a client that still sends gets the error before its connection closes', async (t) => {
  const scene = await startLoggedIn(t);
  scene.isInRequest = true;
  scene.connections.client.end(LAST);
  t.equal(await scene.client.ended(), 'FIN');
  await settled();
  t.strictSame(scene.told, []);
  scene.client.say(HELLO);
  scene.client.socket.end();
  await settled();
  t.match(scene.told, ['client ended', 'closed']);
});

t.test('the unread mark of a paused client changes only when bytes move', async (t) => {
  const { connections, client } = await startLoggedIn(t);
  t.equal(connections.unreadMark, null);
  connections.client.pause();
  const before = connections.unreadMark;
  t.type(before, 'string');
  t.equal(connections.unreadMark, before);
  connections.client.write(LAST);
  await client.hear(LAST.length);
  t.not(connections.unreadMark, before);
});

t.test('goes on with the encrypted sockets of both connections', async (t) => {
  const { connections, told } = await startLoggedIn(t);
  const [client, server] = [new PassThrough(), new PassThrough()];
  connections.encryptClient(client as never);
  connections.encryptUpstream(server as never);
  client.write('secret');
  server.write('answer');
  await settled();
  t.strictSame(told, ['client said secret', 'server said answer']);
  t.strictSame([connections.client, connections.upstream], [client, server]);
});
