import t from 'tap';
import { encodeText, encodingOfCharacterSet, encodingOfCollation, textFor } from '../../src/protocol/textEncoding.js';

const written = (encoding: 'utf8' | 'latin1' | 'ascii', text: string): string =>
  encodeText(encoding, textFor(encoding, text, 511)).toString('latin1');

await t.test('writes every character that the encoding has, and the code point of every other', async (t) => {
  t.equal(written('latin1', 'aé€„ÿ'), 'a\xe9\x80\x84\xff');
  t.equal(written('latin1', 'aж中😀'), 'a\\0436\\4E2D\\+01F600');
  t.equal(written('ascii', 'aé😀'), 'a\\00E9\\+01F600');
  t.equal(written('utf8', 'aé😀'), Buffer.from('aé😀').toString('latin1'));
});

await t.test('shortens a text after a whole character, or after a whole code point', async (t) => {
  t.equal(textFor('ascii', 'ab\u0436\u0436', 12), 'ab\\0436\\0436');
  t.equal(textFor('ascii', 'ab\u0436\u0436', 11), 'ab\\0436...');
  t.equal(textFor('ascii', 'ab\u0436\u0436', 9), 'ab...');
  t.equal(textFor('latin1', 'éééééé', 6), 'éééééé');
  t.equal(textFor('latin1', 'ééééééé', 6), 'ééé...');
});

await t.test('knows the encoding by the number of a collation', async (t) => {
  const encodings = { utf8: [33, 45, 63, 83, 192, 224, 246, 255, 309], latin1: [8, 47, 94], ascii: [0, 7, 11, 28, 51] };
  for (const [encoding, ids] of Object.entries(encodings)) {
    for (const id of ids) t.equal(encodingOfCollation(id), encoding, String(id));
  }
});

await t.test('knows the encoding by the name of a character set', async (t) => {
  const encodings = { utf8: ['utf8mb4', 'UTF8', 'utf8mb3', 'binary', 'NULL', ''], latin1: ['latin1'], ascii: ['gbk', 'DEFAULT'] };
  for (const [encoding, names] of Object.entries(encodings)) {
    for (const name of names) t.equal(encodingOfCharacterSet(name), encoding, name);
  }
});
