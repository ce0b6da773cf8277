import t from 'tap';
import { Command, commandName } from '../../src/protocol/commands.js';
import { encodePacket, MAX_PAYLOAD_BYTES, payloadLengthAt } from '../../src/protocol/framing.js';

await t.test('writes a packet as its length in three bytes, its sequence id and its payload', async (t) => {
  t.equal(encodePacket(3, Buffer.from('abc')).toString('hex'), '03000003616263');
  t.equal(encodePacket(0, Buffer.alloc(0)).toString('hex'), '00000000');
  const large = encodePacket(1, Buffer.alloc(0x010203));
  t.equal(large.toString('hex', 0, 4), '03020101');
  t.equal(payloadLengthAt(large, 0), 0x010203);
  t.equal(payloadLengthAt(Buffer.concat([Buffer.alloc(5), large]), 5), 0x010203);
});

await t.test('sequence ids wrap at 256', async (t) => {
  t.equal(encodePacket(256, Buffer.alloc(1))[3], 0);
  t.equal(encodePacket(255 + 3, Buffer.alloc(1))[3], 2);
});

await t.test('refuses a payload that needs several packets', async (t) => {
  t.equal(encodePacket(0, Buffer.alloc(MAX_PAYLOAD_BYTES - 1)).length, MAX_PAYLOAD_BYTES + 3);
  t.throws(() => encodePacket(0, Buffer.alloc(MAX_PAYLOAD_BYTES)), RangeError);
});

await t.test('names commands as the protocol does, and unknown ones by number', async (t) => {
  t.equal(commandName(Command.QUERY), 'COM_QUERY');
  t.equal(commandName(Command.STMT_BULK_EXECUTE), 'COM_STMT_BULK_EXECUTE');
  t.equal(commandName(0x66), 'COM_0x66');
  t.equal(commandName(0xfe), 'COM_0xFE');
  t.same(Object.values(Command).slice(0, 34), Array.from({ length: 34 }, (_, code) => code), 'without a gap');
});
