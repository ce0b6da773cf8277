import t, { type Test } from 'tap';
import { HEADER_BYTES } from '../../src/protocol/framing.js';
import { prepare, query } from '../support/commandPayloads.js';
import { converseOver, type End, type Pair, PairedServer } from '../support/pairs.js';
import { IN_CLEAR, type Sluice, startSluice } from '../support/sluice.js';
import {
  answer, ask, definition, login, packetsFrom, preparedAnswer, resultSet, textRow,
} from '../support/wirePackets.js';
import { SCALE } from './scale.js';

// The memory for one client or server has a bound that does not grow with time.

const CONFIG = { ...IN_CLEAR, limits: { rows: null, bytes: null } };
const MIB = 1024 * 1024;
/** The size to which V8's young generation grows under load. A session may keep far less. */
const BOUND_BYTES = 48 * MIB;
const BATCH = 500;

const LOGIN = login('eof');
const QUERY = ask(query(`SELECT '${'q'.repeat(100)}'`)).bytes;
/** A hundred thousand of these exceed the buffers of all sockets on the way. */
const RESULT = answer(...resultSet('eof', [textRow('x'.repeat(200))])).bytes;

const start = async (t: Test): Promise<{ sluice: Sluice; begin: () => Promise<Pair> }> => {
  const server = await PairedServer.listen();
  t.teardown(() => server.stop());
  const sluice = await startSluice(t, { upstream: server.port, config: CONFIG, collects: true });
  const begin = async (): Promise<Pair> => {
    const pair = await server.pair(sluice.port);
    await converseOver(pair, LOGIN);
    return pair;
  };
  return { sluice, begin };
};

/** Makes the server answer every command from now on; all commands have this many bytes. */
const answerAll = (server: End, commandBytes: number, answerTo: (number: number) => Buffer): void => {
  let heardBytes = 0;
  let answered = 0;
  server.socket.on('data', (bytes: Buffer) => {
    heardBytes += bytes.length;
    const answers: Buffer[] = [];
    while ((answered + 1) * commandBytes <= heardBytes) answers.push(answerTo(answered += 1));
    server.say(Buffer.concat(answers));
  });
};

const inMiB = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

await t.test(`${SCALE.statements} prepared statements that are never closed take bounded memory`, async (t) => {
  const { sluice, begin } = await start(t);
  const { client, server } = await begin();
  const { bytes: asked } = ask(prepare('SELECT ?, 0000000'));
  const { bytes: answered } = answer(...preparedAnswer('eof', 0, 1, 1));
  answerAll(server, asked.length, (id) => {
    const bytes = Buffer.from(answered);
    bytes.writeUInt32LE(id, HEADER_BYTES + 1);
    return bytes;
  });
  const prepareMany = async (from: number, to: number): Promise<void> => {
    for (let id = from; id < to; id += BATCH) {
      const commands = Array.from({ length: BATCH }, (_, i) => {
        const bytes = Buffer.from(asked);
        bytes.write(String(id + i).padStart(7, '0'), bytes.length - 7);
        return bytes;
      });
      const heardBefore = client.heardBytes;
      client.say(Buffer.concat(commands));
      t.ok(await client.hear(heardBefore + BATCH * answered.length));
    }
  };
  const FIRST = 25_000; // more than Sluice keeps
  await prepareMany(0, FIRST);
  const before = await sluice.collectedBytes();
  await prepareMany(FIRST, SCALE.statements);
  const after = await sluice.collectedBytes();
  t.ok(after < before + BOUND_BYTES, 'those beyond the first cost nothing');
  t.comment(`${inMiB(before)} after ${FIRST}, ${inMiB(after)} after all`);
});

await t.test(`${SCALE.statements} commands of a client that reads no answer take bounded memory`, async (t) => {
  const { sluice, begin } = await start(t);
  const { client, server } = await begin();
  const before = await sluice.collectedBytes();
  const clientHeard = client.heardBytes;
  const serverHeard = server.heardBytes;
  answerAll(server, QUERY.length, () => RESULT);
  client.socket.pause();
  const flood = Buffer.concat(Array.from({ length: BATCH }, () => QUERY));
  for (let sent = 0; sent < SCALE.statements; sent += BATCH) client.say(flood);
  // The flood stops somewhere on the way. Sluice still serves a session beside it.
  const other = await begin();
  answerAll(other.server, QUERY.length, () => RESULT);
  for (let i = 0; i < 200; i += 1) {
    const heard = other.client.heardBytes;
    other.client.say(QUERY);
    t.ok(await other.client.hear(heard + RESULT.length));
  }
  t.ok(server.heardBytes - serverHeard < SCALE.statements * QUERY.length, 'most of them wait with the client');
  t.ok(await sluice.collectedBytes() < before + BOUND_BYTES, 'and cost nothing');
  client.socket.resume();
  const all = clientHeard + SCALE.statements * RESULT.length;
  t.ok(await client.hear(all), 'once it reads, each of them is answered');
  const after = await sluice.collectedBytes();
  t.ok(after < before + BOUND_BYTES, 'and nothing is kept');
  t.comment(`${inMiB(before)} before, ${inMiB(after)} after`);
});

await t.test('a list of columns without end takes bounded memory', async (t) => {
  const { sluice, begin } = await start(t);
  const pair = await begin();
  await converseOver(pair, [ask(query('SELECT 1')), answer(Buffer.from([0xfc, 0xff, 0xff]))]);
  const before = await sluice.collectedBytes();
  const columns = packetsFrom(2, ...Array.from({ length: 1000 }, (_, i) => definition(`c${i}`.repeat(20))));
  for (let sent = 0; sent < SCALE.statements; sent += 1000) {
    await converseOver(pair, [{ from: 'server', bytes: columns }]);
  }
  const after = await sluice.collectedBytes();
  t.ok(after < before + BOUND_BYTES, 'passes, and nothing is kept');
  t.comment(`${inMiB(before)} before, ${inMiB(after)} after`);
});
