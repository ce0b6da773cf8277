import t from 'tap';
import { Status } from '../../src/protocol/status.js';
import type { Usage } from '../../src/conversation/command.js';
import { decodeCompletion, encodeErr } from '../../src/protocol/packets.js';
import { close, CURSOR_READ_ONLY, execute, fetch, prepare, query,
  reset } from '../support/commandPayloads.js';
import {
  allFrom, CUT_ERROR, eventsOf, everySplit, fromClient, fromServer, type EverySplitOptions, type Outcome,
    type Turn,
} from '../support/conversationHarness.js';
import {
  answer, ask, binaryRow, DIALECTS, eof, err, login, ok, packetsFrom, preparedAnswer, resultSet, rowsEnd,
    textRow,
  wireBytes, type DialectName,
} from '../support/wirePackets.js';

const ROWS = ['a', 'bb', '', 'dddd', 'e'].map((value) => textRow(value));
const MORE = Status.AUTOCOMMIT | Status.MORE_RESULTS_EXISTS;
const CURSOR = Status.AUTOCOMMIT | Status.CURSOR_EXISTS;
const LAST_ROW = Status.AUTOCOMMIT | Status.LAST_ROW_SENT;

const limitedTo = ({ rows = Infinity, bytes = Infinity }): EverySplitOptions => ({
  limit: (usage: Usage) => {
    usage.maxRows = rows;
    usage.maxBytes = bytes;
  },
});

/** The packets of a cut response for the client: the first `count` payloads, then the error. */
const cutAfter = (count: number, ...payloads: Buffer[]): Buffer =>
  Buffer.concat([packetsFrom(1, ...payloads.slice(0, count)), encodeErr(count + 1, CUT_ERROR)]);

const NEXT = [ask(query('SELECT 42')), answer(...resultSet('eof', [textRow('42')]))];

const stops = (outcome: Outcome): unknown[] => eventsOf(outcome, 'stopped').map(({ stopReason }) =>
  stopReason);

/** The packets that the client gets after the connection phase. */
const afterLogin = (outcome: Outcome, dialect: DialectName): Buffer =>
  outcome.toClient.subarray(allFrom('server', login(dialect)).length);

for (const dialect of DIALECTS) {
  const result = resultSet(dialect, ROWS);
  const next = [ask(query('SELECT 42')), answer(...resultSet(dialect, [textRow('42')]))];
  const headPackets = dialect === 'eof' ? 3 : 2;

  await t.test(`${dialect}: a limit of N rows lets exactly N rows through, for every N`, async (t) => {
    for (let maxRows = 0; maxRows <= ROWS.length; maxRows += 1) {
      const turns = [...login(dialect), ask(query('SELECT 1')), answer(...result), ...next];
      const outcome = everySplit(t, turns, limitedTo({ rows: maxRows }));
      const isCut = maxRows < ROWS.length;
      const first = isCut ? cutAfter(headPackets + maxRows, ...result) : packetsFrom(1, ...result);
      const second = maxRows === 0 ? cutAfter(headPackets, ...resultSet(dialect, [])) : next[1]!.bytes;
      t.ok(afterLogin(outcome, dialect).equals(Buffer.concat([first, second])), `${maxRows} rows`);
      t.match(eventsOf(outcome, 'usageEnded')[0], {
        isCut, rows: ROWS.length, bytes: wireBytes(...ROWS), isComplete: true,
        forwardedRows: maxRows, forwardedBytes: wireBytes(...ROWS.slice(0, maxRows)), largestRowBytes: 9,
      });
      t.equal(outcome.toServer.length, allFrom('client', turns).length,
        'the next command goes to the server');
    }
  });

  await t.test(`${dialect}: a limit of B bytes lets through the rows that fit, for every B`, async (t) => {
    for (let maxBytes = 0; maxBytes <= wireBytes(...ROWS) + 1; maxBytes += 1) {
      const fitting = ROWS.findIndex((_, i) => wireBytes(...ROWS.slice(0, i + 1)) > maxBytes);
      const isCut = fitting >= 0;
      const outcome = everySplit(t, [...login(dialect), ask(query('SELECT 1')), answer(...result)],
        limitedTo({ bytes: maxBytes }));
      const wanted = isCut ? cutAfter(headPackets + fitting, ...result) : packetsFrom(1, ...result);
      t.ok(afterLogin(outcome, dialect).equals(wanted), `${maxBytes} bytes`);
      t.same(stops(outcome), isCut ? ['bytes', 'drained'] : []);
    }
  });

  await t.test(`${dialect}: counts and cuts all results of a response together`, async (t) => {
    const chain = [
      ok(MORE), ...resultSet(dialect, ROWS.slice(0, 2), { statusFlags: MORE }), ok(MORE),
      ...resultSet(dialect, ROWS.slice(2), { columns: 3, statusFlags: MORE }), ok(),
    ];
    const turns = [...login(dialect), ask(query('CALL p()')), answer(...chain), ...next];
    const rowAt = chain.flatMap((payload, i) => (ROWS.includes(payload) ? [i] : []));
    for (let maxRows = 1; maxRows <= ROWS.length; maxRows += 1) {
      const outcome = everySplit(t, turns, limitedTo({ rows: maxRows }));
      const isCut = maxRows < ROWS.length;
      const wanted = isCut ? cutAfter(rowAt[maxRows]!, ...chain) : packetsFrom(1, ...chain);
      t.ok(afterLogin(outcome, dialect).equals(Buffer.concat([wanted, next[1]!.bytes])), `${maxRows} rows`);
      t.match(eventsOf(outcome, 'usageEnded')[0], {
        rows: 5, resultSets: 2, columns: 1, bytes: wireBytes(...ROWS), forwardedRows: maxRows, isCut,
      });
      t.equal(eventsOf(outcome, 'usageEnded').length, 2, 'one usage for the chain, one for what follows');
    }
  });

  await t.test(`${dialect}: an error of the server ends the discarding`, async (t) => {
    const turns = [...login(dialect), ask(query('SELECT 1')), answer(...result.slice(0, -1), err(1317)),
      ...next];
    const outcome = everySplit(t, turns, limitedTo({ rows: 2 }));
    t.same(stops(outcome), ['rows', 'drained']);
    t.match(eventsOf(outcome, 'usageEnded')[0], { isCut: true, rows: 5, forwardedRows: 2, error: 1317 });
    t.ok(afterLogin(outcome, dialect).subarray(-next[1]!.bytes.length).equals(next[1]!.bytes));
  });

  await t.test(`${dialect}: forwards the whole of a response that is admitted at its limit`, async (t) => {
    const turns = [...login(dialect), ask(query('SELECT 1')), answer(...result)];
    const outcome = everySplit(t, turns, { ...limitedTo({ rows: 1, bytes: 1 }), decide: () => 'admit' });
    t.ok(afterLogin(outcome, dialect).equals(packetsFrom(1, ...result)));
    t.same(stops(outcome), ['bytes']);
    t.match(eventsOf(outcome, 'usageEnded')[0], { isCut: false, rows: 5, forwardedRows: 5 });
  });

  await t.test(`${dialect}: counts all fetches of a cursor as one usage`, async (t) => {
    const rows = ['a', 'b', 'c', 'd', 'e'].map((value) => binaryRow(value));
    const opened = resultSet(dialect, [], { statusFlags: CURSOR });
    const fetched = (from: number, to: number, statusFlags: number): Turn[] =>
      [ask(fetch(1, to - from)), answer(...rows.slice(from, to), rowsEnd(dialect, statusFlags))];
    // The EOF after the definitions is the end of an EXECUTE that opens a cursor.
    const executed = dialect === 'eof' ? opened.slice(0, -1) : opened;
    const turns = [
      ...login(dialect), ask(prepare('SELECT 1')), answer(...preparedAnswer(dialect, 1, 1, 0)),
      ask(execute(1, CURSOR_READ_ONLY)), answer(...executed),
      ...fetched(0, 2, CURSOR), ...fetched(2, 4, CURSOR), ...fetched(4, 5, LAST_ROW), ...next,
    ];
    for (let maxRows = 1; maxRows <= rows.length; maxRows += 1) {
      const outcome = everySplit(t, turns, limitedTo({ rows: maxRows }));
      const usages = eventsOf(outcome, 'usageEnded');
      t.equal(usages.length, 2, 'the cursor has one usage, and what follows has one');
      t.match(usages[0], { text: 'SELECT 1', isCut: maxRows < rows.length, forwardedRows: maxRows,
        resultSets: 1 });
      const firstCut = maxRows < 2 ? 0 : maxRows < 4 ? 1 : maxRows < 5 ? 2 : 3;
      const cuts = stops(outcome).filter((reason) => reason === 'rows');
      t.equal(cuts.length, 3 - firstCut, 'each fetch after the limit is answered with the error');
      if (maxRows === 1) {
        // Cut in the first fetch; the second and the third get the error in place of their first row.
        const refused = encodeErr(1, CUT_ERROR);
        const wanted = Buffer.concat([packetsFrom(1, rows[0]!), encodeErr(2, CUT_ERROR), refused, refused,
          next[1]!.bytes]);
        t.ok(outcome.toClient.subarray(-wanted.length).equals(wanted));
      }
    }
  });

  await t.test(`${dialect}: ends the usage of a cut cursor that stays open`, async (t) => {
    const opened = resultSet(dialect, [], { statusFlags: CURSOR });
    const outcome = everySplit(t, [
      ...login(dialect), ask(prepare('SELECT 1')), answer(...preparedAnswer(dialect, 1, 1, 0)),
      ask(execute(1, CURSOR_READ_ONLY)), answer(...(dialect === 'eof' ? opened.slice(0, -1) : opened)),
      ask(fetch(1, 2)), answer(binaryRow('a'), binaryRow('b'), rowsEnd(dialect, CURSOR)),
    ], limitedTo({ rows: 1 }));
    t.match(eventsOf(outcome, 'usageEnded'), [{ isCut: true, rows: 2, forwardedRows: 1 }]);
    t.same(outcome.conversation.openUsages(), []);
  });

  await t.test(`${dialect}: a reset, close or next execution ends the usage of a cursor`, async (t) => {
    const opened = resultSet(dialect, [], { statusFlags: CURSOR });
    const executed = dialect === 'eof' ? opened.slice(0, -1) : opened;
    const open = [ask(execute(1, CURSOR_READ_ONLY)), answer(...executed)];
    const one = [ask(fetch(1, 1)), answer(binaryRow('a'), rowsEnd(dialect, CURSOR))];
    const prepared = [...login(dialect), ask(prepare('SELECT 1')),
      answer(...preparedAnswer(dialect, 1, 1, 0))];
    for (const [name, end] of Object.entries({
      reset: [ask(reset(1)), answer(ok())], close: [ask(close(1))], execution: open,
    })) {
      const outcome = everySplit(t, [...prepared, ...open, ...one, ...end]);
      t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 1, isCut: false, isComplete: true }], name);
    }
    const cutOnce = everySplit(t, [...prepared, ...open, ...one, ...open, ...one], limitedTo({ rows: 1 }));
    t.same(stops(cutOnce), [], 'an execution begins to count anew');
  });
}

await t.test('the error has the sequence id of the row that it replaces, also beyond 255', async (t) => {
  const rows = Array.from({ length: 600 }, () => textRow('x'));
  const payloads = resultSet('eof', rows);
  for (const maxRows of [251, 252, 253, 508, 599]) {
    const outcome = everySplit(t, [...login('eof'), ask(query('q')), answer(...payloads)],
      limitedTo({ rows: maxRows }));
    const error = outcome.toClient.subarray(-encodeErr(0, CUT_ERROR).length);
    t.ok(error.equals(encodeErr((maxRows + 4) & 0xff, CUT_ERROR)), `row ${maxRows + 1}`);
  }
});

await t.test("delays the client's next command until a discarded response has ended", async (t) => {
  const result = resultSet('eof', ROWS);
  const bytes = packetsFrom(1, ...result);
  const turns = [
    ...login('eof'), ask(query('SELECT 1')), fromServer(bytes.subarray(0, -20)), ask(query('SELECT 42')),
  ];
  const waiting = everySplit(t, turns, limitedTo({ rows: 1 }));
  t.ok(waiting.undecidedFromClient > 0);
  t.equal(waiting.toServer.length + waiting.undecidedFromClient, allFrom('client', turns).length);
  const outcome = everySplit(t, [...turns, fromServer(bytes.subarray(-20)), NEXT[1]!],
    limitedTo({ rows: 1 }));
  t.equal(outcome.undecidedFromClient, 0);
  t.equal(outcome.toServer.length, allFrom('client', turns).length);
  t.ok(outcome.toClient.subarray(-NEXT[1]!.bytes.length).equals(NEXT[1]!.bytes));
});

await t.test('forwards answers to commands that were sent ahead of a cut intact', async (t) => {
  const ahead = [query('SELECT 1'), query('SELECT 2'), query('SELECT 3')];
  const answers = ahead.map((_, i) => packetsFrom(1, ...resultSet('eof', i === 2 ? [textRow('42')] : ROWS)));
  const turns = [...login('eof'), fromClient(...ahead.map((payload) => packetsFrom(0, payload))),
    fromServer(...answers)];
  const outcome = everySplit(t, turns, limitedTo({ rows: 3 }));
  const cut = cutAfter(6, ...resultSet('eof', ROWS));
  t.ok(afterLogin(outcome, 'eof').equals(Buffer.concat([cut, cut, answers[2]!])));
  t.match(eventsOf(outcome, 'usageEnded'), [{ forwardedRows: 3 }, { forwardedRows: 3 },
    { forwardedRows: 1 }]);
});

await t.test('refuses a file that the discarded rest of a response asks for', async (t) => {
  const first = resultSet('eof', ROWS, { statusFlags: MORE });
  const wanted = Buffer.from('\xfblines', 'latin1');
  const beforeFile = packetsFrom(1, ...first, wanted);
  const fileSequenceId = first.length + 1;
  const turns = [
    ...login('eof'), ask(query('SELECT 1; LOAD DATA LOCAL INFILE; SELECT 2')), fromServer(beforeFile),
    fromServer(packetsFrom(fileSequenceId + 2, ok(MORE), ...resultSet('eof', ROWS))), ...NEXT,
  ];
  const outcome = everySplit(t, turns, limitedTo({ rows: 2 }));
  t.same(stops(outcome), ['rows', 'fileWanted', 'drained']);
  const asked = Buffer.concat([...turns.slice(1, 2), ...turns.slice(3, 4)].map(({ bytes }) => bytes));
  const refusal = packetsFrom(fileSequenceId + 1, Buffer.alloc(0));
  t.ok(outcome.toServer.equals(Buffer.concat([asked, refusal, NEXT[0]!.bytes])));
  t.ok(afterLogin(outcome, 'eof').equals(Buffer.concat([cutAfter(5, ...first), NEXT[1]!.bytes])));
  t.match(eventsOf(outcome, 'usageEnded')[0], { rows: 10, resultSets: 2, forwardedRows: 2 });
});

await t.test('keeps the packet that ended the rows of a cut result', async (t) => {
  for (const dialect of DIALECTS) {
    const first = resultSet(dialect, ROWS, { statusFlags: MORE | Status.IN_TRANS });
    const turns = [...login(dialect), ask(query('q')), answer(...first, ...resultSet(dialect, ROWS), )];
    const { conversation } = everySplit(t, turns, limitedTo({ rows: 2 }));
    const { statusFlags } = decodeCompletion(conversation.server.rowsEnd!.asLast(false)!, false);
    t.equal(statusFlags, Status.AUTOCOMMIT | Status.IN_TRANS, 'the first, not a later one');
  }
});

await t.test('counts and cuts each fetch of an unknown statement by itself', async (t) => {
  const rows = [binaryRow('a'), binaryRow('b'), eof(CURSOR)];
  const turns = [...login('eof'), ask(fetch(9, 2)), answer(...rows), ask(fetch(9, 2)), answer(...rows)];
  const outcome = everySplit(t, turns, limitedTo({ rows: 1 }));
  t.match(eventsOf(outcome, 'usageEnded'), [{ rows: 2, forwardedRows: 1 }, { rows: 2, forwardedRows: 1 }]);
  t.ok(afterLogin(outcome, 'eof').equals(Buffer.concat([cutAfter(1, ...rows), cutAfter(1, ...rows)])));
});
