import t from 'tap';
import { encodeLenenc, encodeLenencString, PacketReader } from '../../src/protocol/lenenc.js';

const reader = (hex: string): PacketReader => {
  const bytes = Buffer.from(hex, 'hex');
  return new PacketReader(bytes, 0, bytes.length);
};

await t.test('writes a length-encoded integer in its shortest form, and reads it back', async (t) => {
  for (const [value, hex] of [
    [0, '00'], [0xfa, 'fa'], [0xfb, 'fcfb00'], [0xffff, 'fcffff'], [0x1_0000, 'fd000001'],
      [0xff_ffff, 'fdffffff'],
    [0x100_0000, 'fe0000000100000000'], [2 ** 53 - 1, 'feffffffffffff1f00'],
  ] as const) {
    t.equal(encodeLenenc(value).toString('hex'), hex);
    t.equal(reader(hex).lenenc(), value);
  }
});

await t.test('reads a longer form than needed', async (t) => {
  t.equal(reader('fc0100').lenenc(), 1);
  t.equal(reader('fe0100000000000000').lenenc(), 1);
});

await t.test('refuses NULL, 0xFF and truncated integers', async (t) => {
  for (const hex of ['', 'fb', 'ff', 'fc', 'fc01', 'fd0102', 'fe01020304050607']) {
    const read = reader(hex);
    read.lenenc();
    t.equal(read.failed, true, hex);
    t.equal(read.left, 0, hex);
  }
});

await t.test('stops at the end of the packet when more bytes follow', async (t) => {
  const bytes = Buffer.from('abcdefgh');
  const packet = (): PacketReader => new PacketReader(bytes, 2, 5);
  t.equal(packet().slice(3).toString(), 'cde');
  t.equal(packet().nulSlice().toString(), 'cde', 'a missing NUL ends a string with the packet');
  for (const read of [
    (from: PacketReader) => from.slice(4), (from: PacketReader) => from.skip(4), (from: PacketReader) =>
      from.uint(4),
  ]) {
    const from = packet();
    read(from);
    t.equal(from.failed, true);
    t.equal(from.slice(1).length, 0, 'and after a failure there is nothing');
    t.equal(from.nulSlice().length, 0);
  }
});

await t.test('reads strings up to their NUL or by their length', async (t) => {
  const bytes = Buffer.concat([Buffer.from('one\0\0'), encodeLenencString('two'),
    encodeLenencString(Buffer.alloc(300, 0x33))]);
  const read = new PacketReader(bytes, 0, bytes.length);
  t.equal(read.nulSlice().toString(), 'one');
  t.equal(read.nulSlice().toString(), '');
  t.equal(read.lenencSlice().toString(), 'two');
  t.equal(read.lenencSlice().length, 300);
  t.equal(read.left, 0);
  t.equal(read.failed, false);
});

await t.test('reads unsigned little-endian integers of one to four bytes', async (t) => {
  t.equal(reader('ff').uint(1), 0xff);
  t.equal(reader('0201').uint(2), 0x0102);
  t.equal(reader('030201').uint(3), 0x010203);
  t.equal(reader('ffffffff').uint(4), 0xffff_ffff);
});
