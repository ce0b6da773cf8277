import t from 'tap';
import type { Part } from '../support/answerReader.js';
import { compareHeard, compareRecordings, type Heard, heardOf } from './compare.js';

// The comparison is trusted only because it finds these differences.

const OK = Buffer.from('0700000100000002000000', 'hex');
const ANSWER: Part = { is: 'ok', affectedRows: 0, insertId: 0, status: 2, warnings: 0, rest: '' };
const heard = (answer: readonly Part[] | Error = [ANSWER], bytes = OK): Heard =>
  heardOf('PING', 'text', false, answer, bytes);

t.test('finds one changed bit in what a client sees', (t) => {
  t.same(compareHeard([heard()], [heard()], true), []);
  t.match(
    compareHeard([heard()], [heard([{ ...ANSWER, affectedRows: 1 }])], true),
    [/"PING" \(text\): directly .*affectedRows/],
  );
  t.end();
});

t.test('finds one changed byte on the wire when bytes have to be equal', (t) => {
  const changed = heard([ANSWER], Buffer.from(OK.map((byte, i) => (i === 3 ? byte + 1 : byte))));
  t.match(compareHeard([heard()], [changed], true), [/other bytes through the proxy, at 3/]);
  t.same(compareHeard([heard()], [changed], false), []);
  const long = Buffer.alloc(3_000_000);
  const longChanged = Buffer.from(long.map((byte, i) => (i === 2_000_000 ? 1 : byte)));
  t.match(compareHeard([heard([ANSWER], long)], [heard([ANSWER], longChanged)], true), [/other bytes/]);
  t.end();
});

t.test('finds a row that differs', (t) => {
  const rows = (text: string): Heard =>
    heard([{ is: 'result', columns: 1, definitions: [], rows: [Buffer.from(text)], metadataEnd: null, end: ANSWER }]);
  t.same(compareHeard([rows('\x01a')], [rows('\x01a')], true), []);
  t.match(compareHeard([rows('\x01a')], [rows('\x01b')], true), [/1 rows/]);
  t.end();
});

t.test('finds a missing answer', (t) => {
  t.match(compareHeard([heard(), heard()], [heard()], true), [/only said directly/]);
  t.match(compareHeard([heard()], [heard(new Error('reset'))], true), [/reset/]);
  t.end();
});

t.test('compares only the shape of a volatile answer', (t) => {
  const volatile = (...parts: Part[]): Heard =>
    heardOf('STATISTICS', 'text', true, parts, Buffer.from(JSON.stringify(parts)));
  const text = (content: string): Heard => volatile({ is: 'text', bytes: Buffer.from(content) });
  t.same(compareHeard([text('Uptime: 1')], [text('Uptime: 2')], true), []);
  const refused = volatile({ is: 'error', code: 1047, sqlState: '08S01', message: 'no' });
  t.match(compareHeard([text('Uptime: 1')], [refused], true), [/error 1047/]);
  t.end();
});

/** A HandshakeV10 packet and its answer with these capabilities in the low two bytes. */
const greeting = (capabilities: number): Buffer => {
  const bits = Buffer.from([capabilities & 0xff, capabilities >> 8]);
  const payload = Buffer.concat([Buffer.from('\x0a9.7\0'), Buffer.alloc(13), bits, Buffer.alloc(29)]);
  return Buffer.concat([Buffer.from([payload.length, 0, 0, 0]), payload]);
};
const response = (capabilities: number): Buffer =>
  Buffer.concat([Buffer.from([34, 0, 0, 1, capabilities & 0xff, capabilities >> 8]), Buffer.alloc(32)]);

t.test('allows only cleared capability bits to differ between both sides of the proxy', (t) => {
  const SSL = 0x0800n;
  const server = { toClient: Buffer.concat([greeting(0xffff), OK]), toServer: response(0xf7ff) };
  const client = { toClient: Buffer.concat([greeting(0xf7ff), OK]), toServer: response(0xffff) };
  t.same(compareRecordings(client, server, SSL), []);
  t.match(compareRecordings(client, server, 0n), [/the server's bytes changed/, /the client's bytes changed/]);
  for (const toClient of [Buffer.concat([greeting(0xf7ff), OK, OK]), Buffer.concat([greeting(0xf3ff), OK])]) {
    t.match(compareRecordings({ ...client, toClient }, server, SSL), [/the server's bytes changed/]);
  }
  t.end();
});
