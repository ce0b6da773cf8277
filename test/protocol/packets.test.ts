import t from 'tap';
import { encodeLenenc, encodeLenencString } from '../../src/protocol/lenenc.js';
import { decodeCompletion, decodeErr, encodeErr } from '../../src/protocol/packets.js';
import { eof, err, ok, okEof } from '../support/wirePackets.js';

/** An OK packet with these values. */
const okPacket = (affectedRows: number, statusFlags: number, ...rest: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0]), encodeLenenc(affectedRows), encodeLenenc(2 ** 40),
    Buffer.from([statusFlags & 0xff,
    statusFlags >> 8, 3, 0]), ...rest]);

/** Session state: changes, each with its type and its data. */
const state = (...changes: [number, Buffer][]): Buffer =>
  encodeLenencString(Buffer.concat(changes.map(([type, data]) =>
    Buffer.concat([Buffer.from([type]), encodeLenencString(data)]))));

const schemaChange = (schema: string): [number, Buffer] => [1, encodeLenencString(schema)];
const CHANGED = 0x4002;

await t.test('reads status and warnings of an OK packet after numbers of any size', async (t) => {
  for (const affectedRows of [0, 250, 251, 70_000, 2 ** 30, 2 ** 50]) {
    t.same(decodeCompletion(okPacket(affectedRows, 0x000a), false), {
      statusFlags: 0x000a, warningCount: 3, affectedRows,
      schema: null, characterSet: null });
  }
  t.match(decodeCompletion(okEof(0x0022), true), { statusFlags: 0x0022 });
});

await t.test('reads status and warnings of an EOF packet in their reverse order', async (t) => {
  t.same(decodeCompletion(Buffer.from([0xfe, 5, 0, 0x2a, 0]), true), {
    statusFlags: 0x2a, warningCount: 5, affectedRows: 0,
    schema: null, characterSet: null });
  t.match(decodeCompletion(eof(0x0008), false), { statusFlags: 0x0008 });
});

await t.test('reads the schema when the server tracks it and says that it changed', async (t) => {
  const info = encodeLenencString('Rows matched: 1');
  const variable: [number, Buffer] = [0,
    Buffer.concat([encodeLenencString('autocommit'), encodeLenencString('ON')])];
  const changes = state(variable, schemaChange('attic'), [2, encodeLenencString('1')]);
  t.equal(decodeCompletion(okPacket(1, CHANGED, info, changes), true).schema, 'attic');
  t.equal(decodeCompletion(okPacket(1, 0x0002, info, changes), true).schema, null,
    'the flag says that nothing changed');
  t.equal(decodeCompletion(okPacket(1, CHANGED, info, changes), false).schema, null,
    'the state is not agreed on');
  t.equal(decodeCompletion(okPacket(1, CHANGED, info, state(variable)), true).schema, null);
});

await t.test('reads the character set of results when the server tracks it', async (t) => {
  const variable = (name: string, value: string): [number, Buffer] =>
    [0, Buffer.concat([encodeLenencString(name), encodeLenencString(value)])];
  const changes = state(
    variable('character_set_client', 'gbk'), variable('character_set_results', 'latin1'), schemaChange('attic'),
  );
  const info = encodeLenencString('');
  t.match(decodeCompletion(okPacket(0, CHANGED, info, changes), true), { schema: 'attic', characterSet: 'latin1' });
  const none = state(variable('character_set_client', 'gbk'));
  t.equal(decodeCompletion(okPacket(0, CHANGED, info, none), true).characterSet, null);
  t.equal(decodeCompletion(okPacket(0, CHANGED, info, changes), false).characterSet, null);
});

await t.test('reads a truncated completion as far as it goes', async (t) => {
  const whole = okPacket(300, CHANGED, encodeLenencString('info'), state(schemaChange('attic')));
  for (const payload of [whole, ok(), eof(), okEof()]) {
    for (let length = 0; length < payload.length; length += 1) {
      const { schema, statusFlags } = decodeCompletion(payload.subarray(0, length), true);
      t.ok(schema === null || schema === '', `${length} bytes`);
      t.ok([0, 2, CHANGED].includes(statusFlags), `${length} bytes`);
    }
  }
});

await t.test('reads an error with and without SQLSTATE', async (t) => {
  t.same(decodeErr(err(1045, 'Access denied')), { code: 1045, sqlState: 'HY000', message: 'Access denied' });
  const early = Buffer.concat([Buffer.from([0xff, 0x10, 0x04]), Buffer.from('Too many connections')]);
  t.same(decodeErr(early), { code: 1040, sqlState: '', message: 'Too many connections' });
  for (let length = 0; length < 12; length += 1) {
    t.type(decodeErr(err(1045, 'no').subarray(0, length)).message, 'string', `${length} bytes`);
  }
});

await t.test('writes an error as servers do, and reads it back', async (t) => {
  const error = { code: 3170, sqlState: 'HY000', message: 'sluice: größer als erlaubt' };
  const packet = encodeErr(260, error);
  t.equal(packet[3], 4);
  t.same(decodeErr(packet.subarray(4)), error);
  t.equal(encodeErr(0, { code: 1040, sqlState: '', message: 'x' }).toString('hex'), '04000000ff100478');
});

await t.test("keeps the bytes of a server's message in another character set", async (t) => {
  const payload = Buffer.concat([err(1231, 'wrong: '), Buffer.from('caf\xe9', 'latin1')]);
  const read = decodeErr(payload);
  t.equal(read.message, 'wrong: caf\ufffd');
  t.same(encodeErr(1, read).subarray(4), payload);
});

await t.test("writes an error in the client's encoding", async (t) => {
  const error = { code: 3164, sqlState: 'HY000', message: 'größer – да' };
  const textIn = (encoding: 'latin1' | 'ascii'): string => encodeErr(1, error, encoding).toString('latin1', 13);
  t.equal(textIn('latin1'), 'gr\xf6\xdfer \x96 \\0434\\0430');
  t.equal(textIn('ascii'), 'gr\\00F6\\00DFer \\2013 \\0434\\0430');
});

await t.test('shortens a message that is too long for clients, between two characters', async (t) => {
  for (const unit of ['x', 'ü', '€', '😀']) {
    for (let before = 0; before < 4; before += 1) {
      const { message } = decodeErr(encodeErr(1, { code: 1, sqlState: 'HY000',
        message: 'a'.repeat(before) + unit.repeat(600) }).subarray(4));
      t.ok(Buffer.byteLength(message) <= 511);
      t.match(message, /^a*(.)\1*\.\.\.$/u, 'nothing but whole characters and an ellipsis');
    }
  }
  const fitting = 'x'.repeat(511);
  t.equal(decodeErr(encodeErr(1, { code: 1, sqlState: 'HY000', message: fitting }).subarray(4)).message,
    fitting);
});
