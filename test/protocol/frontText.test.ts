import t from 'tap';
import { frontBytes, frontText, shortened } from '../../src/protocol/frontText.js';

t.test('ends before a character that does not fit whole', (t) => {
  const bytes = Buffer.from('aé€😀z');
  const fronts = Array.from({ length: bytes.length + 2 }, (_, maxBytes) => frontText(bytes, maxBytes));
  t.strictSame(fronts, ['', 'a', 'a', 'aé', 'aé', 'aé', 'aé€', 'aé€', 'aé€', 'aé€', 'aé€😀', 'aé€😀z', 'aé€😀z']);
  t.end();
});

t.test('drops at most one character where bytes are not UTF-8', (t) => {
  t.equal(frontBytes(Buffer.alloc(100, 0x80), 50), 46);
  t.end();
});

t.test('shortens a text to whole characters and three dots, and only where it is too long', (t) => {
  const texts = [13, 12, 11, 10].map((maxBytes) => shortened('aé€😀éz', maxBytes));
  t.strictSame(texts, ['aé€😀éz', 'aé€...', 'aé€...', 'aé€...']);
  t.equal(shortened('aé€😀éz', 8), 'aé...');
  t.end();
});
