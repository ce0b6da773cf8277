import t from 'tap';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/framing.js';
import { encodeLenenc } from '../../src/protocol/lenenc.js';
import { encodeErr } from '../../src/protocol/packets.js';
import type { Usage } from '../../src/conversation/command.js';
import { query } from '../support/commandPayloads.js';
import {
  allFrom, CUT_ERROR, eventsOf, everySplit, type EverySplitOptions, type Turn,
} from '../support/conversationHarness.js';
import { AROUND_HEADERS, piecesOfSize } from '../support/splits.js';
import { answer, ask, DIALECTS, login, packetsFrom, resultSet, textRow } from '../support/wirePackets.js';

// Rows and commands of several packets: full ones of 0xFFFFFF bytes, and a shorter, maybe empty, last one.

const splits = [AROUND_HEADERS, piecesOfSize(1_000_003)];
const LAST: Turn[] = [ask(query('SELECT last')), answer(...resultSet('eof', [textRow('1')]))];

const limited = (limits: Partial<Pick<Usage, 'maxRows' | 'maxBytes'>>): EverySplitOptions => ({
  splits, limit: (usage) => void Object.assign(usage, limits),
});

/** A row of one column with a payload of this size; it begins with 0xFE from 2^24 bytes on. */
const rowOf = (payloadBytes: number): Buffer => {
  const length = encodeLenenc(payloadBytes - (payloadBytes >= 2 ** 24 + 9 ? 9 : 4));
  const row = Buffer.alloc(payloadBytes, 'x');
  length.copy(row);
  return row;
};

/** Bytes on the wire: each packet has a header, and the last one is shorter than 0xFFFFFF. */
const spanned = (payloadBytes: number): number =>
  payloadBytes + 4 * (Math.floor(payloadBytes / MAX_PAYLOAD_BYTES) + 1);

const SIZES = [MAX_PAYLOAD_BYTES - 1, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1, 2 * MAX_PAYLOAD_BYTES,
  2 ** 24 + 20];

for (const size of SIZES) {
  await t.test(`counts a row of ${size} bytes as one row`, async (t) => {
    const row = rowOf(size);
    t.equal(row.length, size);
    for (const dialect of DIALECTS) {
      const last = [ask(query('SELECT last')), answer(...resultSet(dialect, [textRow('1')]))];
      const turns = [...login(dialect), ask(query('q')),
        answer(...resultSet(dialect, [textRow('a'), row, textRow('b')])), ...last];
      const outcome = everySplit(t, turns, { splits });
      const bytes = 6 + spanned(size) + 6;
      t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 3, bytes, largestRowBytes: spanned(size) },
        { rows: 1, bytes: 6 }]);
      t.equal(outcome.toClient.length, allFrom('server', turns).length);
    }
  });
}

await t.test('cuts a large row beyond the row limit at its first header', async (t) => {
  const payloads = resultSet('eof', [textRow('a'), rowOf(2 * MAX_PAYLOAD_BYTES), textRow('b')]);
  const turns = [...login('eof'), ask(query('q')), answer(...payloads), ...LAST];
  const outcome = everySplit(t, turns, limited({ maxRows: 1 }));
  const wanted = Buffer.concat([packetsFrom(1, ...payloads.slice(0, 4)), encodeErr(5, CUT_ERROR),
    LAST[1]!.bytes]);
  t.ok(outcome.toClient.subarray(-wanted.length).equals(wanted));
  t.match(eventsOf(outcome, 'usageEnded')[0], { rows: 3, forwardedRows: 1, forwardedBytes: 6, isCut: true });
});

await t.test('the largest row is the largest one, not a sum of several', async (t) => {
  const sizes = [MAX_PAYLOAD_BYTES + 50, MAX_PAYLOAD_BYTES + 70, MAX_PAYLOAD_BYTES + 60];
  const turns = [...login('eof'), ask(query('q')), answer(...resultSet('eof', sizes.map(rowOf)))];
  const outcome = everySplit(t, turns, { splits });
  t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 3, largestRowBytes: spanned(MAX_PAYLOAD_BYTES + 70) }]);
});

await t.test('cuts a large row before its first packet when that breaks the byte limit', async (t) => {
  const payloads = resultSet('eof', [rowOf(MAX_PAYLOAD_BYTES + 100)]);
  const outcome = everySplit(t, [...login('eof'), ask(query('q')), answer(...payloads)],
    limited({ maxBytes: 1000 }));
  t.match(eventsOf(outcome, 'stopped'), [{ stopReason: 'bytes', isInsideRow: false, rows: 0 },
    { stopReason: 'drained' }]);
  t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 1, forwardedRows: 0, forwardedBytes: 0 }]);
});

await t.test('stops before the next packet when a large row breaks the byte limit half-way', async (t) => {
  const maxBytes = MAX_PAYLOAD_BYTES + 4 + 10;
  const payloads = resultSet('eof', [rowOf(MAX_PAYLOAD_BYTES + 100)]);
  const turns = [...login('eof'), ask(query('q')), answer(...payloads)];
  const outcome = everySplit(t, turns, { ...limited({ maxBytes }), decide: () => 'abort' });
  t.match(eventsOf(outcome, 'stopped'), [{ stopReason: 'bytes', isInsideRow: true, rows: 1,
    bytes: MAX_PAYLOAD_BYTES + 4 }]);
  const head = allFrom('server', login('eof')).length + packetsFrom(1, ...payloads.slice(0, 3)).length;
  t.equal(outcome.toClient.length, head + MAX_PAYLOAD_BYTES + 4);

  const admitted = everySplit(t, turns, { ...limited({ maxBytes }), decide: () => 'admit' });
  t.equal(admitted.toClient.length, allFrom('server', turns).length);
  t.match(eventsOf(admitted, 'usageEnded'), [{ rows: 1, bytes: spanned(MAX_PAYLOAD_BYTES + 100),
    isCut: false }]);
});

for (const size of [MAX_PAYLOAD_BYTES - 1, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 5, 2 * MAX_PAYLOAD_BYTES]) {
  await t.test(`reads a command of ${size} bytes as one command`, async (t) => {
    const text = `SELECT '${'y'.repeat(size - 10)}'`;
    const turns = [...login('eof'), ask(query(text)), answer(...resultSet('eof', [textRow('1')])), ...LAST];
    const outcome = everySplit(t, turns, { splits, textBytes: 20 });
    t.match(eventsOf(outcome, 'usageEnded'), [
      { text: text.slice(0, 20), textBytes: size - 1, rows: 1 }, { text: 'SELECT last', rows: 1 },
    ]);
    t.equal(outcome.toServer.length, allFrom('client', turns).length);
  });
}
