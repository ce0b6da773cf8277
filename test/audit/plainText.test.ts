import t from 'tap';
import { plainText, shownAsItself } from '../../src/audit/plainText.js';

t.test('escapes each character that controls a terminal or ends a line, and keeps the meaning of the JSON', (t) => {
  for (let code = 0; code <= 0xffff; code += 1) {
    const text = `a${String.fromCharCode(code)}z`;
    const line = plainText(JSON.stringify({ text }));
    if (/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(line)) t.fail(`U+${code.toString(16)} is left`);
    if ((JSON.parse(line) as { text: string }).text !== text) t.fail(`U+${code.toString(16)} is lost`);
  }
  t.end();
});

t.test('escapes invisible characters in text that keeps its line breaks', (t) => {
  t.equal(shownAsItself('a\u2028b\u2029c\u202ed\u0007\u{e0001}'), 'a\\u2028b\\u2029c\\u202ed\\u0007\\u{e0001}');
  t.equal(shownAsItself('Größe\n\t大きさ 🐬'), 'Größe\n\t大きさ 🐬');
  t.end();
});

t.test('leaves text of any language as it is', (t) => {
  const line = JSON.stringify({ text: 'Größe, 大きさ, μέγεθος, حجم, 🐬, "quoted", tab\there' });
  t.equal(plainText(line), line);
  t.end();
});
