import t from 'tap';
import { encodePacket } from '../../src/protocol/framing.js';
import { PacketReader } from '../../src/protocol/packetReader.js';
import { SPLITS, WHOLE } from '../support/splits.js';

const PACKETS = [
  encodePacket(0, Buffer.from('x')),
  encodePacket(1, Buffer.alloc(3000, 'abc')),
  encodePacket(2, Buffer.alloc(0)),
  encodePacket(255, Buffer.alloc(70_000, 'y')),
  encodePacket(0, Buffer.from('the last one')),
];

for (const split of [WHOLE, ...SPLITS]) {
  t.test(`gives whole packets for reads of any size: ${split.name}`, (t) => {
    const reader = new PacketReader();
    const taken: Buffer[] = [];
    for (const piece of split.cut(Buffer.concat(PACKETS))) {
      reader.add(Buffer.from(piece));
      for (let packet = reader.next(); packet !== null; packet = reader.next()) taken.push(packet);
    }
    t.same(taken, PACKETS, 'no packet changes once it is taken');
    t.equal(reader.waitingBytes, 0);
    t.end();
  });
}

t.test('tells the length and the sequence id of a packet once its header is complete', (t) => {
  const reader = new PacketReader();
  const packet = encodePacket(7, Buffer.alloc(0x010203));
  for (const byte of packet.subarray(0, 3)) {
    reader.add(Buffer.from([byte]));
    t.strictSame([reader.announcedBytes, reader.sequenceId], [null, null]);
  }
  reader.add(packet.subarray(3, 100));
  t.strictSame([reader.announcedBytes, reader.sequenceId, reader.next()], [0x010203, 7, null]);
  t.end();
});

t.test('gives all bytes that were not taken as the rest, once', (t) => {
  const bytes = Buffer.concat(PACKETS);
  for (let end = 0; end <= bytes.length; end += 997) {
    const reader = new PacketReader();
    reader.add(Buffer.from(bytes.subarray(0, end)));
    const takenBytes = reader.next()?.length ?? 0;
    t.same(reader.rest(), bytes.subarray(takenBytes, end));
    t.same(reader.rest(), Buffer.alloc(0));
  }
  t.end();
});

t.test('keeps no second copy of a secret when pieces are joined', (t) => {
  const reader = new PacketReader(true);
  const pieces = Array.from(encodePacket(0, Buffer.from('password')), (byte) => Buffer.from([byte]));
  for (const piece of pieces) reader.add(piece);
  t.same(reader.next(), encodePacket(0, Buffer.from('password')));
  t.same(Buffer.concat(pieces), Buffer.alloc(pieces.length));
  t.end();
});

t.test('needs little more memory than a packet has, when it comes in tiny pieces', (t) => {
  const bytes = Buffer.alloc(0xff_ff, 1);
  const reader = new PacketReader();
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < bytes.length; at += 1) reader.add(bytes.subarray(at, at + 1));
  t.equal(reader.waitingBytes, bytes.length);
  t.ok(process.memoryUsage().arrayBuffers - before < 8 * bytes.length, 'the garbage of growing included');
  t.end();
});
