import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { storedFrame } from '../../src/protocol/compression.js';
import { Status } from '../../src/protocol/status.js';
import { query } from '../support/commandPayloads.js';
import { fromClient, fromServer, type Turn } from '../support/conversationHarness.js';
import { contentOf, splitFrames } from '../support/frames.js';
import { converseOver, PairedProxy } from '../support/pairs.js';
import { ask, login, packetsFrom, resultSet, textRow } from '../support/wirePackets.js';

// A server reads a client's file by asking for it. It may ask only when the client's own statement allows it.

const REQUEST = packetsFrom(1, Buffer.from('\xfb/etc/passwd', 'latin1'));
const LOAD = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t";
const OFFERS = login('eof');
const OFFERS_NONE = login('eof', { without: Capability.LOCAL_FILES });

const UNASKED: Record<string, readonly Turn[]> = {
  'a client that offers no files': [...OFFERS_NONE, ask(query(LOAD))],
  'a client that runs another statement': [...OFFERS, ask(query('SELECT load_file(1)'))],
  'a client that has sent commands ahead': [
    ...OFFERS, fromClient(packetsFrom(0, query('SELECT 1')), packetsFrom(0, query('SELECT 2'))),
  ],
};

for (const [who, turns] of Object.entries(UNASKED)) {
  for (const onUnparsed of ['relay', 'close']) {
    await t.test(`ends the session at a request for a file to ${who}, and does not pass it on ` +
      `(${onUnparsed})`, async (t) => {
      const proxy = await PairedProxy.start({ onUnparsed });
      t.teardown(() => proxy.stop());
      const pair = await proxy.pair();
      await converseOver(pair, turns);
      pair.client.forget();
      const ended = proxy.here.ended(pair.address);
      pair.server.say(REQUEST);
      t.equal(await pair.client.ended(), 'FIN');
      const heard = pair.client.heard.toString('latin1');
      t.match(heard, /^..\x00\x01\xff\x86\x04#08S01sluice: the server asked for a file/s);
      t.notMatch(heard, 'passwd');
      pair.client.socket.end();
      t.match(await ended, { level: 'warn', by: 'sluice', reason: 'the server asked for a file that was not offered' });
      const ends = [...proxy.here.metrics.sessionEnds.all()].filter(({ count }) => count > 0);
      t.match(ends, [{ labels: { by: 'sluice', reason: 'unasked-file' }, count: 1 }]);
    });
  }
}

await t.test('relays what stands before a refused request in its frame, then the error', async (t) => {
  const proxy = await PairedProxy.start();
  t.teardown(() => proxy.stop());
  const pair = await proxy.pair();
  const compressed = login('eof', { capabilities: Capability.COMPRESS });
  await converseOver(pair, [...compressed, fromClient(storedFrame(0, packetsFrom(0, query('SELECT 1; SELECT 2'))))]);
  pair.client.forget();
  const before = resultSet('eof', [textRow('1')], { statusFlags: Status.MORE_RESULTS_EXISTS });
  pair.server.say(storedFrame(1, packetsFrom(1, ...before, Buffer.from('\xfb/etc/passwd', 'latin1'))));
  t.equal(await pair.client.ended(), 'FIN');
  const heard = contentOf(splitFrames(pair.client.heard));
  const passed = packetsFrom(1, ...before);
  t.ok(heard.subarray(0, passed.length).equals(passed));
  t.same([...heard.subarray(passed.length + 3, passed.length + 5)], [before.length + 1, 0xff]);
});

await t.test('relays a request for a file to a client that offers files and runs a LOAD DATA', async (t) => {
  const proxy = await PairedProxy.start();
  t.teardown(() => proxy.stop());
  for (const sql of [LOAD, `SELECT 1; ${LOAD}`, 'EXECUTE loading']) {
    const pair = await proxy.pair();
    await converseOver(pair, [...OFFERS, ask(query(sql)), fromServer(REQUEST)]);
    t.ok(pair.client.heard.subarray(-REQUEST.length).equals(REQUEST), sql);
  }
});
