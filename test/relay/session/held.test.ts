import t, { type Test } from 'tap';
import { Capability } from '../../../src/protocol/capabilities.js';
import { storedFrame } from '../../../src/protocol/compression.js';
import { Status } from '../../../src/protocol/status.js';
import { query } from '../../support/commandPayloads.js';
import { fromClient, fromServer, type Turn } from '../../support/conversationHarness.js';
import type { ProxySettings } from '../../support/inProcess.js';
import { contentOf, splitFrames } from '../../support/frames.js';
import { converseOver, PairedProxy, type Pair } from '../../support/pairs.js';
import { answer, ask, err, login, ok, packetsFrom, resultSet, textRow } from '../../support/wirePackets.js';

// A held back result goes out whole, or not a single row of it.

const MORE = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
const ROWS = Array.from({ length: 295 }, (_, index) => textRow(`row ${index}`));
/** Column count, definition, EOF: the packets before the first row, which are not held back. */
const HEAD_PACKETS = 3;
const HEAD_BYTES = packetsFrom(1, ...resultSet('eof', []).slice(0, HEAD_PACKETS)).length;
const HOLD: ProxySettings = {
  limits: { rows: 1000 }, onExceed: { action: 'hold' }, budget: { bytes: '1MiB' }, audit: { sample: { oneIn: 1 } },
};

const begin = async (t: Test, turns: readonly Turn[]): Promise<{ proxy: PairedProxy; pair: Pair }> => {
  const proxy = await PairedProxy.start(HOLD);
  t.teardown(() => proxy.stop());
  const pair = await proxy.pair();
  await converseOver(pair, turns);
  pair.client.forget();
  return { proxy, pair };
};

/** A result without its end. */
const cutShort = packetsFrom(1, ...resultSet('eof', ROWS).slice(0, -1)).subarray(0, -5);
const lost = /^.{4}\xff\x86\x04#08S01sluice: the server closed the connection before the end of this result/s;

const LEAVES: Record<string, (pair: Pair) => unknown> = {
  'ends its connection': ({ server }) => server.socket.end(),
  'resets its connection': ({ server }) => server.socket.resetAndDestroy(),
};

for (const [what, leave] of Object.entries(LEAVES)) {
  for (const isCompressed of [false, true]) {
    const way = isCompressed ? ', compressed' : '';
    await t.test(`a client gets an error and no row when the server ${what} in a held back result${way}`, async (t) => {
      const capabilities = isCompressed ? Capability.COMPRESS : 0n;
      const wrap = (number: number, packets: Buffer): Buffer => (isCompressed ? storedFrame(number, packets) : packets);
      const asked = fromClient(wrap(0, packetsFrom(0, query('SELECT 1'))));
      const { proxy, pair } = await begin(t, [...login('eof', { capabilities }), asked]);
      const ended = proxy.here.ended(pair.address);
      const [head, rows] = [wrap(1, cutShort.subarray(0, HEAD_BYTES)), wrap(2, cutShort.subarray(HEAD_BYTES))];
      pair.server.say(Buffer.concat([head, rows]));
      await pair.client.hear(head.length);
      leave(pair);
      t.equal(await pair.client.ended(), 'FIN');
      const heard = isCompressed ? contentOf(splitFrames(pair.client.heard)) : pair.client.heard;
      t.ok(heard.subarray(0, HEAD_BYTES).equals(cutShort.subarray(0, HEAD_BYTES)));
      t.match(heard.toString('latin1', HEAD_BYTES), lost);
      t.equal(heard[HEAD_BYTES + 3], HEAD_PACKETS + 1, 'the error stands in place of the first row');
      pair.client.socket.end();
      t.match(await ended, { by: 'upstream' });
      t.match(proxy.here.records, [{ action: 'sample', complete: false, forwardedRows: 0, outcome: 'upstream-gone' }]);
    });
  }
}

for (const isCompressed of [false, true]) {
  const way = isCompressed ? ', compressed' : '';
  await t.test(`a client gets an error when the server ends before the first row to be held back${way}`, async (t) => {
    const capabilities = isCompressed ? Capability.COMPRESS : 0n;
    const wrap = (number: number, packets: Buffer): Buffer => (isCompressed ? storedFrame(number, packets) : packets);
    const { proxy, pair } = await begin(
      t, [...login('eof', { capabilities }), fromClient(wrap(0, packetsFrom(0, query('SELECT 1'))))],
    );
    pair.server.say(wrap(1, cutShort.subarray(0, HEAD_BYTES + 3))); // and part of a row's header
    pair.server.socket.end();
    t.equal(await pair.client.ended(), 'FIN');
    const heard = isCompressed ? contentOf(splitFrames(pair.client.heard)) : pair.client.heard;
    t.ok(heard.subarray(0, HEAD_BYTES).equals(cutShort.subarray(0, HEAD_BYTES)));
    t.match(heard.toString('latin1', HEAD_BYTES), lost);
    t.equal(heard[HEAD_BYTES + 3], HEAD_PACKETS + 1);
    await proxy.stop();
    t.match(proxy.here.records, [{ action: 'sample', complete: false, rows: 0, forwardedRows: 0 }]);
  });
}

await t.test("gives the server's error behind held back rows in the server's own bytes", async (t) => {
  const { pair } = await begin(t, [...login('eof'), fromClient(packetsFrom(0, query('SELECT 1')))]);
  const error = Buffer.concat([err(1690, "BIGINT value is out of range in '"), Buffer.from("gr\xf6\xdfe'", 'latin1')]);
  pair.server.say(packetsFrom(1, ...resultSet('eof', ROWS).slice(0, -1), error));
  const heard = Buffer.concat([cutShort.subarray(0, HEAD_BYTES), packetsFrom(HEAD_PACKETS + 1, error)]);
  await pair.client.hear(heard.length);
  t.same(pair.client.heard, heard);
});

await t.test('releases held back rows for an upload, and relays what comes after it', async (t) => {
  const few = resultSet('eof', ROWS.slice(0, 2), { statusFlags: MORE });
  const request = few.length + 1;
  const upload: Turn[] = [
    fromServer(packetsFrom(1, ...few, Buffer.from('\xfblines', 'latin1'))),
    fromClient(
      Buffer.concat([packetsFrom(request + 1, Buffer.from('1\n')), packetsFrom(request + 2, Buffer.alloc(0))]),
    ),
  ];
  const sql = "SELECT 1; LOAD DATA LOCAL INFILE 'lines' INTO TABLE t; SELECT 2";
  const { proxy, pair } = await begin(t, [...login('eof'), ask(query(sql)), ...upload]);
  await converseOver(pair, [fromServer(packetsFrom(request + 3, ok(MORE), err(1054)))]);
  await converseOver(pair, [ask(query('SELECT 42')), answer(...resultSet('eof', [textRow('42')]))]);
  t.match(proxy.here.records, [{ action: 'sample', rows: 2, forwardedRows: 2 }, { rows: 1 }]);
});

await t.test('cuts a result after an upload at its own row, and counts the rows before as forwarded', async (t) => {
  const few = resultSet('eof', ROWS.slice(0, 2), { statusFlags: MORE });
  const request = few.length + 1;
  const many = resultSet('eof', Array.from({ length: 999 }, () => textRow('x')));
  const behind = [ok(MORE), ...many];
  const { proxy, pair } = await begin(t, [
    ...login('eof'), ask(query("SELECT 1; LOAD DATA LOCAL INFILE 'lines' INTO TABLE t; SELECT 2")),
    fromServer(packetsFrom(1, ...few, Buffer.from('\xfblines', 'latin1'))),
    fromClient(packetsFrom(request + 1, Buffer.alloc(0))),
  ]);
  pair.client.forget();
  pair.server.say(packetsFrom(request + 2, ...behind));
  const passing = packetsFrom(request + 2, ...behind.slice(0, -2));
  await pair.client.hear(passing.length + 9);
  t.ok(pair.client.heard.subarray(0, passing.length).equals(passing));
  t.equal(pair.client.heard[passing.length + 4], 0xff);
  t.equal(pair.client.heard[passing.length + 3], (request + 2 + behind.length - 2) & 0xff);
  pair.client.forget();
  await converseOver(pair, [ask(query('SELECT 42')), answer(...resultSet('eof', [textRow('42')]))]);
  t.match(proxy.here.records, [{ action: 'cut', rows: 1001, forwardedRows: 1000 }]);
});
