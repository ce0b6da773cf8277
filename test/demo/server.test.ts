import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type ClientOptions, DemoClient } from '../../src/demo/client.js';
import { type DemoServer, startDemoServer } from '../../src/demo/server.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { encodePacket, MAX_PAYLOAD_BYTES } from '../../src/protocol/framing.js';
import { decodeCompletion, decodeErr, FirstByte } from '../../src/protocol/packets.js';
import { Status } from '../../src/protocol/status.js';
import { RawClient } from '../support/rawClient.js';

const server = await startDemoServer();
const { port } = server.address;
t.teardown(() => server.close());

const OPTIONS: ClientOptions = { host: '127.0.0.1', port, user: 'demo', schema: 'demo', program: 'test' };

const rawClient = async (t: Test, capabilities = 0n): Promise<RawClient> => {
  const client = await RawClient.login(port, capabilities);
  t.teardown(() => client.close());
  return client;
};

/** Resolves with the number of bytes that the server has sent when that no longer grows. */
const standstill = async (of: DemoServer): Promise<number> => {
  let before = -1;
  for (let same = 0; same < 10; same += 1) {
    if (of.sentBytes !== before) same = 0;
    before = of.sentBytes;
    await delay(20);
  }
  return before;
};

t.test('stops sending when a client stops reading, and keeps a bounded number of bytes', async (t) => {
  const sql = 'SELECT * FROM rows_100000_of_1000';
  const client = await DemoClient.connect(OPTIONS);
  const direct = await client.query(sql);
  let sentMeanwhile = 0;
  let heldBytes = 0;
  const slow = await client.query(sql, (rows) => (rows !== 1000 ? undefined : (async () => {
    sentMeanwhile = await standstill(server) - direct.bytes;
    heldBytes = server.heldBytes;
  })()));
  t.ok(sentMeanwhile > 1_000_000, `it sent what fits the kernel's buffers: ${sentMeanwhile} bytes`);
  t.ok(sentMeanwhile < direct.bytes / 2, 'and no more');
  t.ok(heldBytes > 0 && heldBytes <= 2 * 1024 * 1024, `it held ${heldBytes} bytes`);
  t.strictSame(slow, direct, 'and all the rest arrived when the client read on');
  t.equal(direct.rows, 100_000);
  await client.close();
});

t.test('forgets a client that leaves in the middle of a result', async (t) => {
  const client = await rawClient(t);
  const before = server.connectionCount;
  client.command(Command.QUERY, 'SELECT * FROM rows_100000000_of_1000');
  await client.packets(10);
  client.close();
  while (server.connectionCount >= before) await delay(5);
  t.equal(server.connectionCount, before - 1);
});

for (const [about, sql, columns, rows] of [
  ['computed rows', 'SELECT * FROM rows_70000', 2, 70_000],
  ['repeated rows', 'SELECT * FROM rows_70000_of_20 LIMIT 100, 69900', 1, 69_900],
  ['rows of many kilobytes', 'SELECT * FROM rows_1000_of_70000', 1, 1000],
] as const) {
  t.test(`counts sequence ids of ${about} from packet to packet, with and without EOF packets`, async (t) => {
    for (const [capabilities, eofPackets] of [[0n, 2], [Capability.DEPRECATE_EOF, 1]] as const) {
      const client = await rawClient(t, capabilities);
      client.command(Command.QUERY, sql);
      const packets = await client.packets(1 + columns + rows + eofPackets);
      t.ok(packets.every(({ sequenceId }, i) => sequenceId === ((i + 1) & 0xff)));
      t.equal(packets.at(-1)?.payload[0], FirstByte.EOF);
    }
  });
}

t.test('splits a row of 16 MiB or more into packets, also when the last one is empty', async (t) => {
  const client = await DemoClient.connect(OPTIONS);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  // 0xFD and three bytes of length stand before the text, 0xFE and eight from 16 MiB on.
  for (const bytes of [MAX_PAYLOAD_BYTES - 5, MAX_PAYLOAD_BYTES - 4, 40_000_000]) {
    const text = alphabet.repeat(Math.ceil(bytes / 64)).slice(0, bytes);
    const length = Buffer.alloc(bytes < 2 ** 24 ? 4 : 9);
    length[0] = bytes < 2 ** 24 ? 0xfd : 0xfe;
    length.writeUIntLE(bytes, 1, length.length === 4 ? 3 : 6);
    const expected = createHash('sha256').update(length).update(text).digest('hex');
    const result = await client.query(`SELECT payload FROM rows_1_of_${bytes}`);
    t.equal(result.sha256, expected, `${bytes} bytes`);
  }
  await client.close();
});

t.test('answers commands that are sent ahead in order', async (t) => {
  const client = await rawClient(t);
  const ping = encodePacket(0, Buffer.from([Command.PING]));
  const query = encodePacket(0, Buffer.from('\x03SELECT id FROM rows_50000'));
  client.socket.write(Buffer.concat([...Array<Buffer>(20_000).fill(ping), query, ping]));
  const answers = await client.packets(20_000 + 50_004 + 1);
  t.ok(answers.slice(0, 20_000).every(({ payload }) => payload[0] === FirstByte.OK));
  t.equal(answers.at(-2)?.payload[0], FirstByte.EOF);
  t.equal(answers.at(-1)?.payload[0], FirstByte.OK);
});

t.test('ends a result with the packet that the client asked for: EOF or OK', async (t) => {
  const old = await rawClient(t);
  old.command(Command.QUERY, 'SELECT 1');
  const withEof = await old.packets(5);
  t.strictSame(withEof.map(({ payload }) => payload.length).slice(2), [5, 2, 5]);
  const modern = await rawClient(t, Capability.DEPRECATE_EOF);
  modern.command(Command.QUERY, 'SELECT 1');
  const withOk = await modern.packets(4);
  t.equal(withOk[3]?.payload[0], FirstByte.EOF);
  t.equal(withOk[3]?.payload.length, 7);
});

t.test('skips query attributes before the text', async (t) => {
  const client = await rawClient(t, Capability.QUERY_ATTRIBUTES);
  const attribute = Buffer.from([1, 1, 0, 1, 0xfd, 0, 1, 0x6e, 1, 0x76]); // n = 'v'
  client.command(Command.QUERY, Buffer.concat([attribute, Buffer.from('SELECT 7')]));
  const packets = await client.packets(5);
  t.equal(packets[3]?.payload.toString('latin1'), '\x017');
});

t.test('reports a new schema to a client that tracks the session', async (t) => {
  const client = await rawClient(t, Capability.SESSION_TRACK);
  client.command(Command.INIT_DB, 'shop');
  t.equal(decodeCompletion((await client.packet()).payload, true).schema, 'shop');
  client.command(Command.QUERY, 'USE demo');
  t.equal(decodeCompletion((await client.packet()).payload, true).schema, 'demo');
});

t.test('shows transactions and autocommit in the status flags', async (t) => {
  const client = await rawClient(t);
  const flags: number[] = [];
  for (const sql of ['BEGIN', 'COMMIT', 'SET autocommit = 0', 'SET autocommit = 1']) {
    client.command(Command.QUERY, sql);
    flags.push(decodeCompletion((await client.packet()).payload, false).statusFlags);
  }
  const { AUTOCOMMIT, IN_TRANS } = Status;
  t.strictSame(flags, [AUTOCOMMIT | IN_TRANS, AUTOCOMMIT, 0, AUTOCOMMIT]);
});

t.test('answers rare commands as servers do, and unknown ones with error 1047', async (t) => {
  const client = await rawClient(t);
  client.command(Command.STATISTICS);
  t.match((await client.packet()).payload.toString(), /^Uptime: /);
  client.command(Command.FIELD_LIST, 'rows_9\0');
  const fields = await client.packets(3);
  t.equal(fields.at(-1)?.payload[0], FirstByte.EOF, 'two definitions, no count before them');
  client.command(Command.QUERY, 'SELECT 1; SELECT 2');
  t.equal(decodeErr((await client.packet()).payload).code, 1064, 'several statements must be asked for');
  client.command(Command.SET_OPTION, Buffer.from([0, 0]));
  t.equal((await client.packet()).payload[0], FirstByte.EOF);
  client.command(Command.QUERY, 'SELECT 1; SELECT 2');
  t.equal((await client.packets(10)).at(-1)?.payload[0], FirstByte.EOF);
  client.command(Command.RESET_CONNECTION);
  t.equal((await client.packet()).payload[0], FirstByte.OK);
  client.command(Command.CHANGE_USER, Buffer.from('else\0\0shop\0\x2d\0'));
  t.equal((await client.packet()).payload[0], FirstByte.OK);
  client.command(Command.QUERY, 'SELECT USER()');
  t.match((await client.packets(5))[3]?.payload.toString(), 'else@localhost');
  client.command(Command.BINLOG_DUMP);
  const unknown = decodeErr((await client.packet()).payload);
  t.match(unknown, { code: 1047, message: 'Unknown command COM_BINLOG_DUMP' });
});

t.test('lets a test answer a query in place of the demo', async (t) => {
  const scripted = await startDemoServer({
    onQuery: (sql, encoder) => {
      return sql === 'CALL p()' ? [encoder.ok(Status.MORE_RESULTS_EXISTS), encoder.ok(0)] : null;
    },
  });
  t.teardown(() => scripted.close());
  const client = await RawClient.login(scripted.address.port);
  client.command(Command.QUERY, 'CALL p()');
  t.strictSame((await client.packets(2)).map(({ sequenceId }) => sequenceId), [1, 2]);
  client.command(Command.QUERY, 'SELECT 5');
  t.equal((await client.packets(5))[3]?.payload.toString('latin1'), '\x015');
  client.close();
});

t.test('refuses a packet that is larger than servers accept, and closes the connection', async (t) => {
  const client = await rawClient(t);
  const full = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0]), Buffer.alloc(MAX_PAYLOAD_BYTES)]);
  for (let part = 0; part < 4; part += 1) client.socket.write(full);
  client.socket.write(full.subarray(0, 4));
  t.equal(decodeErr((await client.packet()).payload).code, 1153);
  await t.rejects(client.packet());
});

t.test('serves other clients whatever one client sends', async (t) => {
  const witness = await DemoClient.connect(OPTIONS);
  for (let round = 0; round < 30; round += 1) {
    const stranger = await RawClient.connect(port);
    stranger.socket.on('error', () => undefined);
    stranger.socket.end(randomBytes(round * 7));
    stranger.socket.resume();
    const client = await RawClient.login(port, Capability.QUERY_ATTRIBUTES & BigInt(-(round & 1)));
    client.command(Command.STMT_PREPARE, 'SELECT ?, ?, ?');
    for (const code of Object.values(Command).filter((code) => code !== Command.QUIT)) {
      const rest = randomBytes(round);
      const takesId = code >= Command.STMT_EXECUTE && code <= Command.STMT_FETCH && rest.length >= 4;
      if (takesId) rest.writeUInt32LE(1, 0);
      client.command(code, rest);
    }
    client.command(Command.QUIT);
    await t.rejects(client.packets(Infinity), 'it answers or not, and ends the connection');
  }
  t.match(await witness.query('SELECT count(*) FROM events'), { firstRow: ['1000000'], error: null });
  await witness.close();
});
