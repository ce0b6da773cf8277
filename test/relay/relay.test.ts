import t, { type Test } from 'tap';
import { Budget } from '../../src/policy/budget.js';
import type { Config } from '../../src/config/config.js';
import { TlsFileError } from '../../src/config/tlsFiles.js';
import { decodeErr } from '../../src/protocol/packets.js';
import { Relay } from '../../src/relay/relay.js';
import { History } from '../../src/telemetry/history.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { load } from '../config/configFile.js';
import { query } from '../support/commandPayloads.js';
import { fakeTimers, type FakeTimers } from '../support/fakeTimers.js';
import { keptLog } from '../support/keptLog.js';
import { memoryPair, settled } from '../support/memorySocket.js';
import { MemoryServers } from '../support/memoryServers.js';
import { HEAD_PACKETS, result } from '../support/memoryResults.js';
import { converseOver, End, type Pair } from '../support/pairs.js';
import { ask, login, packetsFrom } from '../support/wirePackets.js';

// All sessions of a process together: what they share, and how all of them end.

const PROMISED = 'SELECT * FROM big; INSERT INTO t VALUES (1)';
const FIVE = result(5);
const LIMITED = { limits: { rows: 2 }, streaming: { signals: [] } };

/** A relay whose clients and servers are in memory. */
class Scene {
  readonly metrics = new Metrics();
  readonly servers: MemoryServers;
  readonly timers: FakeTimers;
  readonly relay: Relay;
  readonly records: object[] = [];
  /** The number of clients that were reported as gone. */
  leftCount = 0;
  private lastId = 0;
  private readonly ends: End[] = [];

  constructor(private readonly t: Test, settings: object = {}) {
    const config = this.config(settings);
    this.timers = fakeTimers(t);
    this.servers = new MemoryServers(t);
    this.relay = new Relay(config, {}, {
      log: keptLog().log, metrics: this.metrics, budget: new Budget(config.budget.bytes),
      history: new History(),
      audit: { write: (record) => void this.records.push(record) },
      left: () => (this.leftCount += 1),
    });
    t.teardown(async () => {
      const closed = this.relay.close();
      this.relay.destroy();
      for (const { socket } of this.ends) socket.destroy();
      await closed;
    });
  }

  config(settings: object): Config {
    const listen = { host: '10.0.0.1', port: 3306, tls: { mode: 'off' } };
    return load(this.t, { listen, upstream: { host: 'first', tls: { mode: 'off' } }, ...settings });
  }

  /** A client connects; no server has greeted it. */
  admit(): End {
    const { accepted, connected } = memoryPair({ host: '10.0.0.7', port: 40_000 + this.lastId });
    this.relay.admit(++this.lastId, accepted, this.relay.config.listen[0]!);
    const client = new End(connected);
    this.ends.push(client);
    return client;
  }

  /** A client connects and logs in. */
  async begin(): Promise<Pair> {
    const client = this.admit();
    const server = await this.servers.next();
    this.ends.push(server);
    const pair = { client, server, address: '' };
    await converseOver(pair, login('eof'));
    await settled();
    for (const end of [client, server]) end.forget();
    return pair;
  }

  /** The client runs a query for five rows, and gets all or some of them. */
  async ask({ client, server }: Pair, sql: string, payloads: readonly Buffer[] = FIVE): Promise<string> {
    const { bytes } = ask(query(sql));
    server.forget();
    client.forget();
    client.say(bytes);
    await server.hear(bytes.length);
    server.say(packetsFrom(1, ...payloads));
    await settled();
    return client.heard.toString('latin1');
  }

  /** A session whose client has left while its statement runs on. */
  async beginClientless(): Promise<Pair> {
    const pair = await this.begin();
    await this.ask(pair, PROMISED, FIVE.slice(0, -1));
    pair.client.socket.destroy();
    await settled();
    return pair;
  }

  /** Applies other settings, as a reload does. */
  reload(settings: object): void {
    this.relay.prepare(this.config(settings), {}).apply();
  }
}

t.test('counts clients from their arrival to their end', async (t) => {
  const scene = new Scene(t);
  scene.admit();
  t.equal(scene.relay.sessionCount, 1, 'before a server has greeted it');
  await scene.servers.next();
  const { client, server } = await scene.begin();
  t.equal(scene.relay.sessionCount, 2);
  t.match(scene.relay.status(), { openSessions: 2, clientlessDrains: 0, stalledSessions: 0 });
  t.equal(scene.metrics.sessions, 2);
  client.socket.end();
  server.socket.end();
  await settled();
  t.strictSame([scene.relay.sessionCount, scene.leftCount], [1, 1]);
});

t.test('counts a client when no server is available', async (t) => {
  const scene = new Scene(t);
  scene.servers.become('first', 'refuses');
  const client = scene.admit();
  t.equal(await client.ended(), 'FIN');
  t.match(decodeErr(client.heard.subarray(4)), { code: 1429 });
  await settled();
  t.strictSame([scene.relay.sessionCount, scene.leftCount, scene.metrics.sessions], [0, 1, 1]);
});

t.test('shows the sessions after a number in order, without those that ended meanwhile', async (t) => {
  const scene = new Scene(t);
  const pairs = [await scene.begin(), await scene.begin(), await scene.begin()];
  scene.admit();
  const views = [...scene.relay.open.views(1)];
  t.match(views, [{ session: 2, state: 'idle' }, { session: 3, state: 'idle' }, { session: 4, state: 'connecting' }]);
  const slowly = scene.relay.open.views(0);
  t.match(slowly.next().value, { session: 1 });
  pairs[1]!.client.socket.resetAndDestroy();
  await settled();
  t.match([...slowly], [{ session: 3 }, { session: 4 }]);
});

t.test('adds up the bytes of live sessions', async (t) => {
  const scene = new Scene(t);
  const pairs = [await scene.begin(), await scene.begin()];
  const before = scene.relay.status().live;
  for (const pair of pairs) await scene.ask(pair, 'SELECT 1');
  const { live } = scene.relay.status();
  t.equal(live.bytesToClient - before.bytesToClient, 2 * packetsFrom(1, ...FIVE).length);
  t.equal(live.bytesToUpstream - before.bytesToUpstream, 2 * ask(query('SELECT 1')).bytes.length);
});

// How sessions end.

t.test('ends idle sessions, and new ones, while it drains', async (t) => {
  const scene = new Scene(t);
  const idle = await scene.begin();
  const late = scene.admit();
  const lateServer = await scene.servers.next();
  scene.relay.endIdle();
  t.equal(await idle.client.ended(), 'FIN');
  t.notOk(late.hasHeardEnd, 'one that is not logged in is not idle');
  await converseOver({ client: late, server: lateServer, address: '' }, login('eof').slice(0, -1));
  lateServer.say(login('eof').at(-1)!.bytes);
  t.equal(await late.ended(), 'FIN');
});

t.test('resolves its close when the last session has ended, and not before', async (t) => {
  const scene = new Scene(t);
  const one = await scene.begin();
  const two = await scene.begin();
  let isClosed = false;
  const closed = scene.relay.close().then(() => (isClosed = true));
  for (const { client, server } of [one, two]) {
    await settled();
    t.notOk(isClosed);
    client.socket.end();
    server.socket.end();
  }
  await closed;
  t.equal(scene.timers.count, 0, 'and leaves no timer');
});

t.test('destroys every session at once, also those without a greeting', async (t) => {
  const scene = new Scene(t);
  const { client } = await scene.begin();
  const arriving = scene.admit();
  const server = await scene.servers.next();
  scene.relay.destroy();
  await client.ended();
  await arriving.ended();
  await settled();
  t.strictSame([scene.relay.sessionCount, scene.leftCount], [0, 2]);
  server.socket.end();
});

// Sessions whose clients have gone while a statement runs to its end.

t.test("does not count a session whose client has gone, and logs the client's end once", async (t) => {
  const scene = new Scene(t, LIMITED);
  const { server } = await scene.beginClientless();
  t.strictSame([scene.relay.sessionCount, scene.leftCount], [0, 1]);
  t.match(scene.relay.status(), { openSessions: 0, clientlessDrains: 1 });
  let isClosed = false;
  const closed = scene.relay.close().then(() => (isClosed = true));
  await settled();
  t.notOk(isClosed, 'but it is waited for');
  server.say(packetsFrom(FIVE.length, ...FIVE.slice(-1)));
  await server.ended();
  server.socket.end();
  await closed;
  t.strictSame([scene.relay.status().clientlessDrains, scene.leftCount], [0, 1]);
});

t.test('closes the session that has been longest without its client beyond connections.max', async (t) => {
  const scene = new Scene(t, { ...LIMITED, connections: { max: 2 } });
  const [oldest, second, third] = [
    await scene.beginClientless(), await scene.beginClientless(), await scene.beginClientless(),
  ];
  await settled();
  t.strictSame(
    [oldest, second, third].map(({ server }) => server.hasHeardEnd || server.isClosed), [true, false, false],
  );
  t.equal(scene.relay.status().clientlessDrains, 2);
  const givenUp = [...scene.metrics.drainsGivenUp.all()].filter(({ count }) => count > 0);
  t.match(givenUp, [{ labels: { reason: 'max' }, count: 1 }]);
  t.match(scene.records, [{ action: 'cut', complete: false, statementEnded: true }]);
});

// Another configuration.

t.test('applies a new limit to the next response of a live session', async (t) => {
  const scene = new Scene(t, LIMITED);
  const pair = await scene.begin();
  t.match(await scene.ask(pair, 'SELECT 1'), /exceeds 2 rows/);
  scene.reload({ ...LIMITED, limits: { rows: 4 } });
  t.match(await scene.ask(pair, 'SELECT 1'), /exceeds 4 rows/);
  t.equal(scene.relay.config.limits.rows, 4);
});

t.test('keeps the limit that a response began with', async (t) => {
  const scene = new Scene(t, LIMITED);
  const pair = await scene.begin();
  await scene.ask(pair, 'SELECT 1', FIVE.slice(0, HEAD_PACKETS + 1));
  scene.reload({ ...LIMITED, limits: { rows: 100 } });
  pair.server.say(packetsFrom(HEAD_PACKETS + 2, ...FIVE.slice(HEAD_PACKETS + 1)));
  await settled();
  t.match(pair.client.heard.toString('latin1'), /exceeds 2 rows/);
});

t.test('an arrival goes on with the servers with which it began', async (t) => {
  const [one, two, three] = ['first', 'second', 'third'].map((host) => ({ host, tls: { mode: 'off' } }));
  const scene = new Scene(t, { upstream: [one, two] });
  const client = scene.admit();
  const first = await scene.servers.next();
  scene.reload({ upstream: three });
  first.socket.end();
  const second = await scene.servers.next();
  t.strictSame(scene.servers.tried, ['first', 'second']);
  const [greeting] = login('eof');
  second.say(greeting!.bytes);
  t.ok(await client.hear(greeting!.bytes.length));
  scene.admit();
  await scene.servers.next();
  t.strictSame(scene.servers.tried, ['first', 'second', 'third'], 'the next client gets the new ones');
});

t.test('changes nothing when a new configuration is not applied', async (t) => {
  const scene = new Scene(t, LIMITED);
  const pair = await scene.begin();
  scene.relay.prepare(scene.config({ ...LIMITED, limits: { rows: 4 } }), {}).cancel();
  t.match(await scene.ask(pair, 'SELECT 1'), /exceeds 2 rows/);
});

t.test('changes nothing when a certificate of a new configuration cannot be used', async (t) => {
  const scene = new Scene(t, LIMITED);
  const pair = await scene.begin();
  const config = scene.config({ ...LIMITED, limits: { rows: 4 } });
  const [listen] = config.listen;
  const tls = { ...listen!.tls, mode: 'required', cert: '/nowhere', key: '/nowhere' };
  const broken = { ...config, listen: [{ ...listen!, tls }] };
  t.throws(() => scene.relay.prepare(broken as Config, {}), TlsFileError);
  t.match(await scene.ask(pair, 'SELECT 1'), /exceeds 2 rows/);
});

t.test('applies a new budget to results under way', async (t) => {
  const unlimited = { limits: { rows: null, bytes: null }, streaming: { signals: [] } };
  const scene = new Scene(t, { ...unlimited, budget: { bytes: '1MiB' } });
  const pair = await scene.begin();
  await scene.ask(pair, 'SELECT 1', FIVE.slice(0, HEAD_PACKETS + 3));
  t.match(scene.relay.status(), { budgetMaxBytes: 1024 * 1024 });
  t.ok(scene.relay.status().budgetUsedBytes > 0);
  scene.reload({ ...unlimited, budget: { bytes: 10 } });
  pair.server.say(packetsFrom(HEAD_PACKETS + 4, ...FIVE.slice(HEAD_PACKETS + 3, -2)));
  await settled();
  pair.server.say(packetsFrom(FIVE.length - 1, ...FIVE.slice(-2)));
  await settled();
  t.match(pair.client.heard.toString('latin1'), /exceed the budget of 10 bytes/);
  t.match(scene.relay.status(), { budgetMaxBytes: 10, budgetUsedBytes: 0 });
});

t.test('keeps live statistics from the reload on that brings an admin endpoint, and none without', (t) => {
  const scene = new Scene(t);
  const reload = (settings: object) => scene.relay.prepare(scene.config(settings), {}).apply();
  const admin = { admin: { listen: '127.0.0.1:9307' } };
  t.equal(scene.relay.statistics, null);
  reload(admin);
  const { statistics } = scene.relay;
  t.ok(statistics);
  reload({ ...admin, limits: { rows: 7 } });
  t.equal(scene.relay.statistics, statistics, 'another reload keeps what was counted');
  reload({});
  t.equal(scene.relay.statistics, null);
  t.end();
});
