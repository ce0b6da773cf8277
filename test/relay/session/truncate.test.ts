import t from 'tap';
import { Capability } from '../../../src/protocol/capabilities.js';
import { encodeLenenc, encodeLenencString } from '../../../src/protocol/lenenc.js';
import { decodeCompletion } from '../../../src/protocol/packets.js';
import { Status } from '../../../src/protocol/status.js';
import { query } from '../../support/commandPayloads.js';
import { converseOver, PairedProxy } from '../../support/pairs.js';
import { ask, login, packetsFrom, resultSet, textRow } from '../../support/wirePackets.js';

// A truncated result ends like the server's own, even if later statements of its text change the session.

const { AUTOCOMMIT, MORE_RESULTS_EXISTS, SESSION_STATE_CHANGED } = Status;
const ROWS = Array.from({ length: 5 }, () => textRow('x'));
const LIMIT = 2;

/** An OK packet, or an end of rows, with this session state. */
const tracking = (firstByte: number, flags: number, state: Buffer): Buffer => {
  const status = flags | SESSION_STATE_CHANGED;
  const head = Buffer.from([firstByte, 0, 0, status & 0xff, status >> 8, 0, 0]);
  return Buffer.concat([head, encodeLenencString(''), encodeLenenc(state.length), state]);
};
const plain = (firstByte: number, flags: number): Buffer =>
  Buffer.from([firstByte, 0, 0, flags & 0xff, flags >> 8, 0, 0]);
const schemaState = Buffer.concat([Buffer.from([1]), encodeLenencString(encodeLenencString('attic'))]);
const largeState = Buffer.concat([Buffer.from([0]), encodeLenencString('x'.repeat(3000))]);

const CASES: Record<string, { readonly end: Buffer; readonly last: Buffer }> = {
  'changes the session': {
    end: plain(0xfe, AUTOCOMMIT | MORE_RESULTS_EXISTS), last: tracking(0, AUTOCOMMIT, schemaState),
  },
  'changes nothing, where the first statement does': {
    end: tracking(0xfe, AUTOCOMMIT | MORE_RESULTS_EXISTS, schemaState), last: plain(0, AUTOCOMMIT),
  },
  'changes nothing, where the first has much to say': {
    end: tracking(0xfe, AUTOCOMMIT | MORE_RESULTS_EXISTS, largeState), last: plain(0, AUTOCOMMIT),
  },
};

for (const [what, { end, last }] of Object.entries(CASES)) {
  await t.test(`a truncated result ends with the server's own end of its rows when what follows ${what}`, async (t) => {
    const proxy = await PairedProxy.start(
      { limits: { rows: LIMIT }, streaming: { signals: [] }, onExceed: { action: 'truncate' } },
    );
    t.teardown(() => proxy.stop());
    const pair = await proxy.pair();
    const start = login('deprecate-eof', { capabilities: Capability.SESSION_TRACK });
    await converseOver(pair, [...start, ask(query('SELECT * FROM big; USE attic'))]);
    pair.client.forget();
    const head = resultSet('deprecate-eof', ROWS).slice(0, -1);
    pair.server.say(packetsFrom(1, ...head, end, last));
    const passed = packetsFrom(1, ...head.slice(0, LIMIT - ROWS.length));
    const wanted = Buffer.from(end);
    wanted[3]! &= ~MORE_RESULTS_EXISTS;
    wanted[5]! += 1;
    const all = Buffer.concat([passed, packetsFrom(head.length - ROWS.length + LIMIT + 1, wanted)]);
    await pair.client.hear(all.length);
    t.ok(pair.client.heard.equals(all));
    t.equal(decodeCompletion(wanted, true).schema, end.includes('attic') ? 'attic' : null);
  });
}
