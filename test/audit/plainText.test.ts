import t from 'tap';
import { plainText } from '../../src/audit/plainText.js';

t.test('every character that commands a terminal, ends a line or hides in one is escaped, and means the same', (t) => {
  for (let code = 0; code <= 0xffff; code += 1) {
    const text = `a${String.fromCharCode(code)}z`;
    const line = plainText(JSON.stringify({ text }));
    if (/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(line)) t.fail(`U+${code.toString(16)} is left`);
    if ((JSON.parse(line) as { text: string }).text !== text) t.fail(`U+${code.toString(16)} is lost`);
  }
  t.end();
});

t.test('text of any language stays as it is', (t) => {
  const line = JSON.stringify({ text: 'Größe, 大きさ, μέγεθος, حجم, 🐬, "quoted", tab\there' });
  t.equal(plainText(line), line);
  t.end();
});
