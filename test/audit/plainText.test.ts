import t from 'tap';
import { plainText, shownAsItself } from '../../src/audit/plainText.js';

t.test('every character that commands a terminal, ends a line or hides in one is escaped, and means the same', (t) => {
  for (let code = 0; code <= 0xffff; code += 1) {
    const text = `a${String.fromCharCode(code)}z`;
    const line = plainText(JSON.stringify({ text }));
    if (/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(line)) t.fail(`U+${code.toString(16)} is left`);
    if ((JSON.parse(line) as { text: string }).text !== text) t.fail(`U+${code.toString(16)} is lost`);
  }
  t.end();
});

t.test('what a terminal does not show as itself is an escape where text keeps its lines', (t) => {
  t.equal(shownAsItself('a\u2028b\u2029c\u202ed\u0007\u{e0001}'), 'a\\u2028b\\u2029c\\u202ed\\u0007\\u{e0001}');
  t.equal(shownAsItself('Größe\n\t大きさ 🐬'), 'Größe\n\t大きさ 🐬');
  t.end();
});

t.test('text of any language stays as it is', (t) => {
  const line = JSON.stringify({ text: 'Größe, 大きさ, μέγεθος, حجم, 🐬, "quoted", tab\there' });
  t.equal(plainText(line), line);
  t.end();
});
