import t from 'tap';
import { encodePacket } from '../../src/protocol/framing.js';
import { PacketSplitter } from '../../src/protocol/packetSplitter.js';
import { piecesOf, SPLITS, WHOLE } from '../support/splits.js';

const PACKETS = [
  encodePacket(0, Buffer.from('x')),
  encodePacket(1, Buffer.alloc(3000, 'abc')),
  encodePacket(2, Buffer.alloc(0)),
  encodePacket(255, Buffer.alloc(70_000, 'y')),
  encodePacket(0, Buffer.from('the last one')),
];

for (const split of [WHOLE, ...SPLITS]) {
  t.test(`gives whole packets for reads of any size: ${split.name}`, (t) => {
    const splitter = new PacketSplitter();
    const taken: Buffer[] = [];
    for (const piece of piecesOf(Buffer.concat(PACKETS), split)) {
      splitter.add(Buffer.from(piece));
      for (let packet = splitter.next(); packet !== null; packet = splitter.next()) taken.push(packet);
    }
    t.same(taken, PACKETS, 'no packet changes once it is taken');
    t.equal(splitter.waitingBytes, 0);
    t.end();
  });
}

t.test('tells the length and the sequence id of a packet once its header is complete', (t) => {
  const splitter = new PacketSplitter();
  const packet = encodePacket(7, Buffer.alloc(0x010203));
  for (const byte of packet.subarray(0, 3)) {
    splitter.add(Buffer.from([byte]));
    t.strictSame([splitter.announcedBytes, splitter.sequenceId], [null, null]);
  }
  splitter.add(packet.subarray(3, 100));
  t.strictSame([splitter.announcedBytes, splitter.sequenceId, splitter.next()], [0x010203, 7, null]);
  t.end();
});

t.test('gives all bytes that were not taken as the rest, once', (t) => {
  const bytes = Buffer.concat(PACKETS);
  const wrong: number[] = [];
  for (let end = 0; end <= bytes.length; end += 997) {
    const splitter = new PacketSplitter();
    splitter.add(Buffer.from(bytes.subarray(0, end)));
    const takenBytes = splitter.next()?.length ?? 0;
    if (!splitter.rest().equals(bytes.subarray(takenBytes, end)) || splitter.rest().length > 0) wrong.push(end);
  }
  t.same(wrong, []);
  t.end();
});

t.test('keeps no second copy of a secret when pieces are joined', (t) => {
  const splitter = new PacketSplitter(true);
  const pieces = Array.from(encodePacket(0, Buffer.from('password')), (byte) => Buffer.from([byte]));
  for (const piece of pieces) splitter.add(piece);
  t.same(splitter.next(), encodePacket(0, Buffer.from('password')));
  t.same(Buffer.concat(pieces), Buffer.alloc(pieces.length));
  t.end();
});

t.test('needs little more memory than a packet has, when it comes in tiny pieces', (t) => {
  const bytes = Buffer.alloc(0xff_ff, 1);
  const splitter = new PacketSplitter();
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < bytes.length; at += 1) splitter.add(bytes.subarray(at, at + 1));
  t.equal(splitter.waitingBytes, bytes.length);
  t.ok(process.memoryUsage().arrayBuffers - before < 8 * bytes.length, 'the garbage of growing included');
  t.end();
});
