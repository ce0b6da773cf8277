import { History } from '../../../src/telemetry/history.js';
import t, { type Test } from 'tap';
import { decodeErr } from '../../../src/protocol/packets.js';
import { Arrival, type Arrived } from '../../../src/relay/connection/arrival.js';
import { UpstreamHealth } from '../../../src/relay/connection/upstreamHealth.js';
import type { SharedAtArrival } from '../../../src/relay/shared.js';
import { Encryption } from '../../../src/relay/tls/encryption.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { load } from '../../config/configFile.js';
import { fakeTimers, type FakeTimers } from '../../support/fakeTimers.js';
import type { Entry } from '../../support/inProcess.js';
import { keptLog } from '../../support/keptLog.js';
import { memoryPair, settled } from '../../support/memorySocket.js';
import { MemoryServers } from '../../support/memoryServers.js';
import { End } from '../../support/pairs.js';
import { greetingPayload, packetsFrom } from '../../support/wirePackets.js';

// From an accepted client to a server that has greeted it.

const GREETING = packetsFrom(0, greetingPayload());
const HEADER = Buffer.from('PROXY TCP4 192.0.2.9 198.51.100.2 51234 3306\r\n');
const NO_GREETING_MS = 10_000;
const PATIENCE_MS = 2000;

interface Scene {
  readonly arrival: Arrival;
  readonly client: End;
  readonly servers: MemoryServers;
  readonly timers: FakeTimers;
  readonly metrics: Metrics;
  readonly log: Entry[];
  /** The outcome: the arrived client, or the reason of its end. */
  readonly told: (Arrived | string)[];
  /** The bytes of the server that greeted, read by read, the greeting among them. */
  readonly read: Buffer[];
}

interface Settings {
  readonly upstream?: readonly object[];
  readonly proxyProtocol?: readonly string[];
  /** The observer's action on an arrival, besides noting it. */
  readonly arrived?: () => void;
}

const FIRST = { host: 'first', port: 3306, tls: { mode: 'off' } };
const SECOND = { host: 'second', port: 3306, tls: { mode: 'off' } };

const start = (t: Test, { upstream = [FIRST, SECOND], proxyProtocol = [], arrived }: Settings = {}): Scene => {
  const config = load(t, { upstream, listen: { host: '10.0.0.1', port: 3306, proxyProtocol, tls: { mode: 'off' } } });
  const timers = fakeTimers(t);
  const { log, entries } = keptLog();
  const metrics = new Metrics();
  const servers = new MemoryServers(t);
  const upstreams = new UpstreamHealth({ log, metrics, history: new History(), probe: () => Promise.resolve(false) });
  upstreams.configured(config.upstream);
  const shared: SharedAtArrival = { config, metrics, upstreams, encryption: new Encryption(config, {}, log) };
  const { accepted, connected } = memoryPair();
  const told: Scene['told'] = [];
  const read: Buffer[] = [];
  const arrival = new Arrival(7, accepted, config.listen[0]!, shared, log, {
    arrived: (one) => {
      arrived?.();
      told.push(one);
      one.upstream.onRead = (byteCount) => void read.push(one.upstream.buffer.take(byteCount));
    },
    failed: (label) => void told.push(label.join(' ')),
  });
  const client = new End(connected);
  t.teardown(() => {
    upstreams.close();
    for (const socket of [connected, accepted, ...servers.sockets]) socket.destroy();
  });
  arrival.begin();
  return { arrival, client, servers, timers, metrics, log: entries, told, read };
};

/** The only arrived client. */
const arrivedIn = ({ told }: Scene): Arrived => {
  const [one] = told;
  if (told.length !== 1 || typeof one !== 'object') throw new Error(`nobody has arrived: ${told.join(', ')}`);
  return one;
};

/** The server that greeted the arrived client. */
const hostOf = (scene: Scene): string => {
  const { at } = arrivedIn(scene).upstream.upstream;
  return 'host' in at ? at.host : at.path;
};

const openTo = ({ servers }: Scene): number => servers.sockets.filter(({ destroyed }) => !destroyed).length;

t.test('hands over a client and its greeted server, then the greeting', async (t) => {
  const scene = start(t);
  t.match(scene.arrival.view(), { session: 7, client: '10.0.0.7:40000', state: 'connecting' });
  const server = await scene.servers.next();
  await settled();
  t.strictSame(scene.told, []);
  server.say(GREETING);
  await settled();
  t.match(arrivedIn(scene), { id: 7, clientAddress: { host: '10.0.0.7' } });
  t.equal(hostOf(scene), 'first');
  t.ok(Buffer.concat(scene.read).equals(GREETING));
  t.strictSame([scene.servers.tried, scene.timers.count], [['first'], 0]);
});

t.test('waits for a greeting that comes byte by byte', async (t) => {
  const scene = start(t);
  const server = await scene.servers.next();
  for (const byte of GREETING.subarray(0, -1)) server.say(Buffer.from([byte]));
  await settled();
  t.strictSame(scene.told, []);
  server.say(GREETING.subarray(-1));
  await settled();
  arrivedIn(scene);
  t.ok(Buffer.concat(scene.read).equals(GREETING));
});

t.test('does not wait for the end of a greeting that is too long', async (t) => {
  const scene = start(t);
  const server = await scene.servers.next();
  server.say(Buffer.from([0xff, 0xff, 0xff, 0]));
  await settled();
  arrivedIn(scene);
});

t.test('hands over what the client has sent before, in order', async (t) => {
  const scene = start(t);
  scene.client.say(Buffer.from('one '));
  await settled();
  scene.client.say(Buffer.from('two '));
  scene.client.say(Buffer.from('three'));
  const server = await scene.servers.next();
  await settled();
  server.say(GREETING);
  await settled();
  const { early, client } = arrivedIn(scene);
  const later: Buffer[] = [];
  client.on('data', (bytes: Buffer) => later.push(bytes));
  await settled();
  t.equal(Buffer.concat([early, ...later]).toString(), 'one two three');
  t.match(early.toString(), /^one /);
});

t.test('closes the server\'s connection when the session cannot begin', async (t) => {
  const scene = start(t, {
    arrived: () => {
      throw new Error('made by the test');
    },
  });
  (await scene.servers.next()).say(GREETING);
  await settled();
  t.strictSame([scene.told, openTo(scene)], [['sluice error'], 0]);
  t.ok(scene.client.hasHeardEnd);
  t.match(scene.log.filter(({ level }) => level === 'error'), [{ session: 7, err: { message: 'made by the test' } }]);
});

// Unavailable servers.

t.test('takes the second server when the first refuses', async (t) => {
  const scene = start(t);
  scene.servers.become('first', 'refuses');
  (await scene.servers.next()).say(GREETING);
  await settled();
  t.equal(hostOf(scene), 'second');
  t.strictSame(scene.servers.tried, ['first', 'second']);
  const warnings = scene.log.filter(({ level }) => level === 'warn');
  t.match(warnings, [{ msg: /cannot reach the upstream server first:3306: ECONNREFUSED/ }]);
  t.equal(scene.metrics.upstreamConnectFailures, 1);
});

const UNWELL: Record<string, (server: End) => void> = {
  'closes without a greeting': ({ socket }) => void socket.end(),
  'resets its connection': ({ socket }) => void socket.resetAndDestroy(),
};

for (const [what, leave] of Object.entries(UNWELL)) {
  t.test(`takes the second server when the first ${what}`, async (t) => {
    const scene = start(t);
    leave(await scene.servers.next());
    (await scene.servers.next()).say(GREETING);
    await settled();
    t.equal(hostOf(scene), 'second');
    const failures = [...scene.metrics.upstreamFailures.all()].filter(({ count }) => count > 0);
    t.match(failures, [{ labels: { reason: 'closed' } }]);
  });
}

t.test('tries the second server while the first is slow, and takes the one that greets first', async (t) => {
  for (const quick of [0, 1]) {
    await t.test(quick === 0 ? 'the first' : 'the second', async (t) => {
      const scene = start(t);
      const first = await scene.servers.next();
      await settled();
      scene.timers.pass(PATIENCE_MS - 1);
      t.strictSame(scene.servers.tried, ['first']);
      scene.timers.pass(1);
      const second = await scene.servers.next();
      [first, second][quick]!.say(GREETING);
      await settled();
      t.equal(hostOf(scene), ['first', 'second'][quick]);
      const other = [second, first][quick]!;
      t.match(other.heard.toString('latin1'), /sluice-probe/, 'the other one gets a login to deny');
      other.socket.end();
      await settled();
      t.strictSame([scene.told.length, openTo(scene)], [1, 1]);
      t.equal(scene.timers.count, quick, 'where the second was taken, the first is tried again later');
    });
  }
});

t.test('names every server in the error for the client when none is available', async (t) => {
  const scene = start(t);
  scene.servers.become('first', 'refuses');
  scene.servers.become('second', 'is silent');
  await settled();
  scene.timers.pass(NO_GREETING_MS);
  t.equal(await scene.client.ended(), 'FIN');
  t.match(decodeErr(scene.client.heard.subarray(4)), {
    code: 1429,
    message: /first:3306: ECONNREFUSED; the upstream server second:3306 did not accept the connection within 10000 ms$/,
  });
  scene.timers.pass(2000); // it may have accepted the connection by then, and is given a login to deny
  await settled();
  t.strictSame([scene.told, openTo(scene)], [['upstream unavailable'], 0]);
});

t.test('ends when a single server does not greet in time', async (t) => {
  const scene = start(t, { upstream: [FIRST] });
  await scene.servers.next();
  await settled();
  scene.timers.pass(NO_GREETING_MS - 1);
  await settled();
  t.strictSame(scene.told, []);
  scene.timers.pass(1);
  t.equal(await scene.client.ended(), 'FIN');
  t.match(decodeErr(scene.client.heard.subarray(4)), { message: /first:3306 did not greet within 10000 ms$/ });
  t.strictSame(scene.told, ['upstream unavailable']);
});

// Clients that leave meanwhile.

const LEAVING: Record<string, { readonly leave: (client: End) => void, readonly label: string }> = {
  'closes': { leave: ({ socket }) => void socket.end(), label: 'client closed' },
  'resets its connection': { leave: ({ socket }) => void socket.resetAndDestroy(), label: 'client error' },
};

for (const [what, { leave, label }] of Object.entries(LEAVING)) {
  t.test(`ends every attempt when the client ${what} meanwhile`, async (t) => {
    const scene = start(t);
    scene.servers.become('second', 'is silent');
    const first = await scene.servers.next();
    await settled();
    scene.timers.pass(PATIENCE_MS);
    leave(scene.client);
    await settled();
    t.strictSame(scene.told, [label]);
    t.match(first.heard.toString('latin1'), /sluice-probe/);
    first.say(GREETING);
    first.socket.end();
    for (const socket of scene.servers.sockets) socket.destroy();
    await settled();
    t.strictSame(scene.told, [label], 'and nothing comes of them');
  });
}

t.test('ends at once when Sluice is told to stop', async (t) => {
  const scene = start(t);
  const server = await scene.servers.next();
  scene.arrival.abort(['sluice', 'stopped'], 'Sluice is told to stop');
  scene.arrival.abort(['sluice', 'stopped'], 'Sluice is told to stop');
  t.equal(await scene.client.ended(), 'FIN');
  server.socket.end();
  await settled();
  t.strictSame([scene.told, openTo(scene), scene.timers.count], [['sluice stopped'], 0, 0]);
});

// The PROXY header.

const BALANCED: Settings = { proxyProtocol: ['10.0.0.0/8'] };

t.test("takes the client's address from the PROXY header, and sends it to a server that expects one", async (t) => {
  const scene = start(t, { ...BALANCED, upstream: [{ ...FIRST, proxyProtocol: 'v1' }] });
  await settled();
  t.strictSame(scene.servers.tried, [], 'no server is tried before it is there');
  for (const byte of HEADER) scene.client.say(Buffer.from([byte]));
  const server = await scene.servers.next();
  await server.hear(HEADER.length);
  t.ok(server.heard.equals(HEADER));
  server.say(GREETING);
  await settled();
  t.match(arrivedIn(scene).clientAddress, { host: '192.0.2.9', text: '192.0.2.9:51234' });
  t.equal(scene.timers.count, 0);
});

t.test('expects no PROXY header from other networks', async (t) => {
  const scene = start(t, { proxyProtocol: ['192.0.2.0/24'] });
  await settled();
  t.strictSame(scene.servers.tried, ['first']);
});

const WRONG: Record<string, { readonly said: Buffer, readonly reason: RegExp }> = {
  'something else comes': { said: Buffer.from('GET / HTTP/1.1\r\n\r\n'), reason: /PROXY/ },
  'more than a header comes': {
    said: Buffer.concat([HEADER, Buffer.from('x')]), reason: /more than a PROXY header before the server's greeting/,
  },
};

for (const [what, { said, reason }] of Object.entries(WRONG)) {
  t.test(`closes a client without a PROXY header when ${what}`, async (t) => {
    const scene = start(t, BALANCED);
    scene.client.say(said);
    await scene.client.ended();
    await settled();
    t.strictSame([scene.told, scene.servers.tried, scene.timers.count], [['client error'], [], 0]);
    t.match(scene.log.filter(({ level }) => level === 'warn'), [{ msg: reason }]);
  });
}

t.test('closes a client whose PROXY header is late', async (t) => {
  const scene = start(t, BALANCED);
  scene.client.say(HEADER.subarray(0, 10));
  await settled();
  scene.timers.pass(NO_GREETING_MS);
  await scene.client.ended();
  await settled();
  t.strictSame([scene.told, scene.timers.count], [['sluice timeout'], 0]);
});

t.test('logs no warning for a client that closes without a PROXY header', async (t) => {
  const scene = start(t, BALANCED);
  await settled();
  scene.client.socket.end();
  await settled();
  t.strictSame(scene.told, ['client closed']);
  t.match(scene.log, [{ level: 'debug', msg: 'session ended' }]);
});
