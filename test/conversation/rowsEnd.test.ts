import t from 'tap';
import { encodeLenenc, encodeLenencString } from '../../src/protocol/lenenc.js';
import { decodeCompletion } from '../../src/protocol/packets.js';
import { Status } from '../../src/protocol/status.js';
import { RowsEnd } from '../../src/conversation/rowsEnd.js';
import { eof, ok, okEof } from '../support/wirePackets.js';

const { AUTOCOMMIT, MORE_RESULTS_EXISTS, PS_OUT_PARAMS, CURSOR_EXISTS, LAST_ROW_SENT, SESSION_STATE_CHANGED } = Status;
const MORE = AUTOCOMMIT | MORE_RESULTS_EXISTS | PS_OUT_PARAMS | CURSOR_EXISTS;

const lastOf = (payload: Buffer, isLastFetch = false): Buffer =>
  new RowsEnd(payload, payload.length).asLast(isLastFetch)!;

/** An OK packet that ends rows, with this many bytes of session state. */
const tracking = (stateBytes: number): Buffer => {
  const end = okEof(MORE | SESSION_STATE_CHANGED);
  return Buffer.concat([end, encodeLenencString(''), encodeLenenc(stateBytes), Buffer.alloc(stateBytes, 0x41)]);
};

t.test('the rewritten end announces no further result, and one more warning', (t) => {
  const large = Buffer.concat(
    [Buffer.from([0xfe]), encodeLenenc(70_000), encodeLenenc(0), Buffer.from([0x4a, 0x10, 3, 0])],
  );
  for (const payload of [eof(MORE), okEof(MORE), large]) {
    const before = decodeCompletion(payload, false);
    const changed = lastOf(payload);
    t.same(
      decodeCompletion(changed, false), { ...before, statusFlags: AUTOCOMMIT, warningCount: before.warningCount + 1 },
    );
    t.equal(changed.length, payload.length);
    t.equal(decodeCompletion(lastOf(payload, true), false).statusFlags, AUTOCOMMIT | LAST_ROW_SENT);
  }
  t.equal(decodeCompletion(lastOf(Buffer.from([0xfe, 0xff, 0xff, 2, 0])), false).warningCount, 0xffff);
  t.end();
});

t.test('the rewritten end keeps session state of any length, and its flag', (t) => {
  for (const stateBytes of [0, 20, 5000]) {
    const payload = tracking(stateBytes);
    const changed = lastOf(payload);
    t.equal(decodeCompletion(changed, false).statusFlags, AUTOCOMMIT | SESSION_STATE_CHANGED);
    t.ok(changed.subarray(7).equals(payload.subarray(7)));
  }
  t.end();
});

t.test('the rewritten end drops session state whose end was not seen, and its flag', (t) => {
  const payload = tracking(5000);
  const changed = new RowsEnd(payload.subarray(0, 1000), payload.length).asLast(false)!;
  t.same(changed, Buffer.from([0xfe, 0, 0, AUTOCOMMIT, 0, 1, 0]));
  t.end();
});

t.test('gives null for a packet that cannot be read', (t) => {
  for (const payload of [ok(), eof()]) {
    for (let length = 0; length < payload.length; length += 1) {
      t.equal(new RowsEnd(payload.subarray(0, length), length).asLast(false), null);
    }
  }
  t.end();
});
