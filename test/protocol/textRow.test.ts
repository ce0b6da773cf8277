import t from 'tap';
import { decodeTextRow } from '../../src/protocol/textRow.js';

t.test('tells NULL, the empty text and letters apart', async (t) => {
  t.same(decodeTextRow(Buffer.from('\xfb\x00\x04a\xc3\xa9b', 'latin1'), 3), [null, '', 'aéb']);
});

t.test('gives null for a row with too few, too many or broken values', async (t) => {
  t.equal(decodeTextRow(Buffer.from('\x01a', 'latin1'), 2), null);
  t.equal(decodeTextRow(Buffer.from('\x01a\x01b', 'latin1'), 1), null);
  t.equal(decodeTextRow(Buffer.from('\x05ab', 'latin1'), 1), null);
  t.equal(decodeTextRow(Buffer.from('\xfd', 'latin1'), 1), null);
});
