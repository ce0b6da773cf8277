import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { SessionView } from '../../../src/telemetry/status.js';
import type { ResponseEncoder } from '../../../src/demo/encode.js';
import { ColumnType } from '../../../src/demo/relation.js';
import { Command } from '../../../src/protocol/commands.js';
import { encodePacket } from '../../../src/protocol/framing.js';
import { encodeLenencString } from '../../../src/protocol/lenenc.js';
import { decodeErr, FirstByte } from '../../../src/protocol/packets.js';
import { type ProxyHere, type ProxySettings, startProxyHere } from '../../support/inProcess.js';
import { RawClient } from '../../support/rawClient.js';
import { type ScriptedConnection, type ScriptedServer, startScriptedServer } from '../../support/scriptedServer.js';

// Both connections when a cut response is still being discarded, or the server hangs, and the client waits, reads
// slowly, or leaves.

const READ_ONLY = 'SELECT * FROM big';
/** A statement whose error promises that it runs to its end. */
const PROMISED = 'SELECT * FROM big; INSERT INTO done VALUES (1)';
const KIBIBYTE = 1024;
const ROW = encodeLenencString('x'.repeat(KIBIBYTE - 7));

interface Served {
  readonly connection: ScriptedConnection;
  /** The encoder of the first command's response, whose rows have begun. */
  readonly encoder: ResponseEncoder;
}

/** A server that begins a result for the first command of each connection, and leaves the rest to the test. */
class Endless {
  private constructor(
    readonly server: ScriptedServer, private readonly served: Served[], private readonly told: () => Promise<void>,
  ) {}

  static async start(t: Test): Promise<Endless> {
    const served: Served[] = [];
    let tell = (): void => {};
    const server = await startScriptedServer(t, async (connection) => {
      const encoder = await connection.login();
      if (encoder === null || await connection.packet() === null) return;
      const column = { name: 'body', type: ColumnType.VAR_STRING, table: 'big', maxBytes: KIBIBYTE };
      connection.send(encoder.resultSetHead([column], 2));
      served.push({ connection, encoder });
      tell();
    });
    return new Endless(server, served, () => new Promise((resolve) => (tell = resolve)));
  }

  /** The connection of the client that sent its first command as number `index`, from 0. */
  async at(index: number): Promise<Served> {
    while (this.served.length <= index) await this.told();
    return this.served[index]!;
  }
}

const rows = ({ encoder }: Served, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => encoder.packet(ROW)));

/** Begins a response with 3 rows at a limit of 2: it is cut, and has not ended. */
const beginCut = async (served: Served, client: RawClient): Promise<string> => {
  served.connection.send(rows(served, 3));
  for (;;) {
    const { payload } = await client.packet();
    if (payload[0] === FirstByte.ERR) return decodeErr(payload).message;
  }
};

const start = async (t: Test, settings: ProxySettings): Promise<{ endless: Endless; proxy: ProxyHere }> => {
  const endless = await Endless.start(t);
  const proxy = await startProxyHere(
    endless.server.port, { limits: { rows: 2 }, streaming: { signals: [] }, ...settings },
  );
  t.teardown(() => proxy.stop());
  return { endless, proxy };
};

/** Waits for a line of the log. */
const said = async ({ log }: ProxyHere, words: RegExp): Promise<void> => {
  while (!log.some(({ msg }) => words.test(msg))) await new Promise((resolve) => setImmediate(resolve));
};

const recorded = async ({ records }: ProxyHere, count: number): Promise<Record<string, unknown>> => {
  while (records.length < count) await new Promise((resolve) => setImmediate(resolve));
  return records[count - 1]!;
};

const LEAVING = {
  'says COM_QUIT': (client: RawClient) => client.command(Command.QUIT),
  'closes (FIN)': (client: RawClient) => client.socket.end(),
  'resets the connection': (client: RawClient) => client.socket.resetAndDestroy(),
};

for (const [how, leave] of Object.entries(LEAVING)) {
  t.test(`drains a statement that was promised to run to its end when its client ${how}`, async (t) => {
    const { endless, proxy } = await start(t, {});
    const client = await RawClient.login(proxy.port);
    client.command(Command.QUERY, PROMISED);
    const served = await endless.at(0);
    t.match(await beginCut(served, client), /runs to its end on the server/);
    leave(client);
    while (proxy.proxy.sessionCount > 0) await new Promise((resolve) => setImmediate(resolve));
    t.equal(proxy.proxy.status().clientlessDrains, 1, 'its client does not count any more');
    t.equal(
      served.connection.received.at(-1), PROMISED.charCodeAt(PROMISED.length - 1), 'the server has heard nothing of it',
    );
    served.connection.send(Buffer.concat([rows(served, 5), served.encoder.terminator(2)]));
    t.match(await recorded(proxy, 1), { outcome: 'drained', complete: true, rows: 8, forwardedRows: 2 });
    await once(served.connection.socket, 'end');
    served.connection.end();
    while (proxy.proxy.status().clientlessDrains > 0) await new Promise((resolve) => setImmediate(resolve));
    t.notHas(proxy.records[0], { statementEnded: true });
  });
}

t.test('ends a single read-only statement at once when its client leaves', async (t) => {
  const { endless, proxy } = await start(t, {});
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, READ_ONLY);
  const served = await endless.at(0);
  await beginCut(served, client);
  client.command(Command.QUIT);
  t.equal(await served.connection.packet(), null, 'the server gets the end');
  client.close();
  t.match(await recorded(proxy, 1), { outcome: 'client-gone', complete: false });
});

t.test('runs a command that its client sent before it left, after the statement that runs to its end', async (t) => {
  const { endless, proxy } = await start(t, {});
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, PROMISED);
  const served = await endless.at(0);
  await beginCut(served, client);
  client.command(Command.QUERY, 'COMMIT');
  client.socket.end();
  while (proxy.proxy.status().clientlessDrains < 1) await new Promise((resolve) => setImmediate(resolve));
  served.connection.send(served.encoder.terminator(2));
  t.equal((await served.connection.packet())?.payload.toString('latin1', 1), 'COMMIT');
  served.connection.send(encodePacket(1, Buffer.from([0, 0, 0, 2, 0, 0, 0])));
  t.equal(await served.connection.packet(), null, 'and then the server gets the end');
});

t.test('logs when drain.time ends a statement that was promised to run to its end', async (t) => {
  const { endless, proxy } = await start(t, { drain: { time: '50ms' } });
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, PROMISED);
  const served = await endless.at(0);
  await beginCut(served, client);
  client.close();
  t.equal(await served.connection.packet(), null, 'the server gets the end');
  t.match(await recorded(proxy, 1), { outcome: 'closed', complete: false, givenUp: 'time', statementEnded: true });
  await said(proxy, /statement was ended in the middle/);
});

t.test('ends the oldest drain when more than connections.max go on without their clients', async (t) => {
  const { endless, proxy } = await start(t, { connections: { max: 1 } });
  for (const index of [0, 1]) {
    const client = await RawClient.login(proxy.port);
    client.command(Command.QUERY, PROMISED);
    await beginCut(await endless.at(index), client);
    client.close();
    while (proxy.proxy.sessionCount > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(await (await endless.at(0)).connection.packet(), null);
  t.match(await recorded(proxy, 1), { session: 1, outcome: 'closed', givenUp: 'max', statementEnded: true });
  t.equal(proxy.proxy.status().clientlessDrains, 1, 'the other goes on');
});

t.test('answers a command that waits longer than drain.waiting, and ends a single read-only statement', async (t) => {
  const { endless, proxy } = await start(t, { drain: { waiting: '50ms' } });
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, READ_ONLY);
  const served = await endless.at(0);
  await beginCut(served, client);
  client.command(Command.QUERY, 'SELECT 1');
  const { payload, sequenceId } = await client.packet();
  t.equal(sequenceId, 1);
  t.match(decodeErr(payload), { code: 1927, sqlState: '08S01', message: /drain\.waiting.*not run.*LIMIT.*kill/ });
  await t.rejects(client.packet(), { message: /closed the connection/ });
  t.equal(await served.connection.packet(), null, 'the server gets the end');
  t.notOk(served.connection.received.includes('SELECT 1'));
  t.match(await recorded(proxy, 1), { outcome: 'closed', complete: false, givenUp: 'waiting' });
  t.notHas(proxy.records[0], { statementEnded: true });
  await said(proxy, /drain\.waiting.*connections are closed/);
});

t.test("closes only the client's connection when a command waits behind a statement that runs to its " +
  "end", async (t) => {
  const { endless, proxy } = await start(t, { drain: { waiting: '50ms' } });
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, PROMISED);
  const served = await endless.at(0);
  await beginCut(served, client);
  client.command(Command.QUERY, 'SELECT 1');
  t.match(decodeErr((await client.packet()).payload), { code: 1927 });
  await t.rejects(client.packet(), { message: /closed the connection/ });
  served.connection.send(served.encoder.terminator(2));
  t.equal(await served.connection.packet(), null, 'the server gets the end, and no command that was refused');
  t.match(await recorded(proxy, 1), { outcome: 'drained', complete: true, givenUp: 'waiting' });
});

const WAYS_TO_GIVE_UP = {
  'drain.waiting': { drain: { waiting: '50ms' }, sql: READ_ONLY, record: { outcome: 'closed', givenUp: 'waiting' } },
  'drain.time': { drain: { time: '50ms' }, sql: READ_ONLY, record: { outcome: 'closed', givenUp: 'time' } },
  'drain.waiting while the statement before it is to run to its end': {
    drain: { waiting: '50ms' }, sql: PROMISED, record: { outcome: 'drained', givenUp: 'waiting' },
  },
};

for (const [bound, { drain, sql, record }] of Object.entries(WAYS_TO_GIVE_UP)) {
  t.test(`answers a command that was sent ahead of a cut when its wait passes ${bound}`, async (t) => {
    const { endless, proxy } = await start(t, { drain });
    const client = await RawClient.login(proxy.port);
    client.command(Command.QUERY, sql);
    client.command(Command.QUERY, 'SELECT 1');
    const served = await endless.at(0);
    await beginCut(served, client);
    const { payload, sequenceId } = await client.packet();
    t.equal(sequenceId, 1);
    t.match(decodeErr(payload), { code: 1927, message: /was sent ahead, was run is not known.*LIMIT/ });
    await t.rejects(client.packet(), { message: /closed the connection/ });
    if (record.outcome === 'drained') served.connection.send(served.encoder.terminator(2));
    t.match(await recorded(proxy, 1), record);
  });
}

t.test('answers a command that waits behind a discard which passes drain.bytes', async (t) => {
  const { endless, proxy } = await start(t, { drain: { bytes: '64KiB' } });
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, READ_ONLY);
  const served = await endless.at(0);
  await beginCut(served, client);
  client.command(Command.QUERY, 'SELECT 1');
  while (proxy.proxy.status().live.bytesToUpstream === 0) await new Promise((resolve) => setImmediate(resolve));
  served.connection.send(rows(served, 128));
  t.match(decodeErr((await client.packet()).payload), { code: 1927, message: /drain\.bytes/ });
});

/** Reads row by row until the response is cut, with turns for the proxy to run ahead. */
const readUntilCut = async (proxy: ProxyHere, client: RawClient): Promise<number> => {
  const views = (): SessionView[] => [...proxy.proxy.sessionViews(0) as Iterable<SessionView>];
  let rowsRead = 0;
  while (!views().some(({ state }) => state === 'discarding')) {
    const { payload } = await client.packet();
    if (payload.length === ROW.length) rowsRead += 1;
    if (rowsRead % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return rowsRead;
};

/** 30 MB: more than fits in the sockets between Sluice and its client. */
const LARGE_LIMIT = 30_000;

const beginLarge = async (t: Test, settings: ProxySettings): Promise<{ proxy: ProxyHere; client: RawClient }> => {
  const { endless, proxy } = await start(t, { limits: { rows: LARGE_LIMIT, bytes: null }, ...settings });
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, READ_ONLY);
  const served = await endless.at(0);
  const many = rows(served, 1000);
  const { socket } = served.connection;
  const sendMore = (): void => {
    while (!socket.destroyed && socket.write(many)) continue;
  };
  socket.on('drain', sendMore);
  sendMore();
  return { proxy, client };
};

t.test('gives a slow reader every forwarded row and the error when it stops discarding', async (t) => {
  const { proxy, client } = await beginLarge(t, { drain: { bytes: '64MiB', time: '1h' } });
  let rowsRead = await readUntilCut(proxy, client);
  await said(proxy, /more than drain\.bytes/);
  for (;;) {
    const { payload } = await client.packet();
    if (payload[0] === FirstByte.ERR) break;
    rowsRead += 1;
  }
  t.equal(rowsRead, LARGE_LIMIT);
  await t.rejects(client.packet(), { message: /closed the connection/ });
  t.match(await recorded(proxy, 1), { forwardedRows: LARGE_LIMIT, outcome: 'closed', givenUp: 'bytes' });
});

t.test('a client that has closed makes room for others while the server hangs', async (t) => {
  const { endless, proxy } = await start(t, { drain: { time: '50ms' }, connections: { max: 1 } });
  for (const index of [0, 1]) {
    const client = await RawClient.login(proxy.port);
    client.command(Command.QUERY, READ_ONLY);
    await endless.at(index);
    client.socket.end();
    await proxy.ended(`127.0.0.1:${client.socket.localPort}`);
  }
  t.equal(proxy.log.filter(({ msg }) => /has not answered and closed/.test(msg)).length, 1, 'it is said once');
});

/** The front of a command of 16 MiB, and the pieces in which it is sent. */
const LARGE_COMMAND = Buffer.from([0xfe, 0xff, 0xff, 0, Command.QUERY]);
const PIECE = Buffer.alloc(128 * KIBIBYTE, ' ');

for (const how of ['closes (FIN)', 'resets the connection'] as const) {
  t.test(`notices that a client ${how} while the server takes nothing of what it has sent`, async (t) => {
    const server = await startScriptedServer(t, async (connection) => {
      await connection.login();
      connection.socket.pause();
    });
    const proxy = await startProxyHere(server.port, { drain: { time: '100ms' } });
    t.teardown(() => proxy.stop());
    const client = await RawClient.login(proxy.port);
    const address = `127.0.0.1:${client.socket.localPort}`;
    const sentBytes = (): number => proxy.proxy.status().live.bytesToUpstream;
    client.socket.write(LARGE_COMMAND);
    for (let stillCount = 0; stillCount < 2;) {
      const before = sentBytes();
      client.socket.write(PIECE);
      await new Promise((resolve) => setTimeout(resolve, 20)); // no event says that nothing moves any more
      stillCount = sentBytes() === before ? stillCount + 1 : 0;
    }
    t.equal(proxy.proxy.sessionCount, 1, 'as long as the client is there it is waited for');
    LEAVING[how](client);
    t.match(await proxy.ended(address), { by: 'client' });
    t.equal(proxy.proxy.sessionCount, 0);
  });
}

t.test('keeps the session of a client that has closed its sending side and still reads', async (t) => {
  const { endless, proxy } = await start(t, { drain: { time: '300ms' }, limits: { rows: null } });
  const client = await RawClient.login(proxy.port);
  client.command(Command.QUERY, READ_ONLY);
  const served = await endless.at(0);
  client.socket.end();
  await once(served.connection.socket, 'end');
  await client.packets(3);
  const untilMs = performance.now() + 700;
  while (performance.now() < untilMs) {
    served.connection.send(rows(served, 1));
    await client.packet();
  }
  served.connection.send(served.encoder.terminator(2));
  t.equal((await client.packet()).payload[0], FirstByte.EOF);
  served.connection.end();
});
