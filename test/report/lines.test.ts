import t from 'tap';
import { LineSplitter } from '../../src/report/lines.js';
import { Random } from '../support/random.js';

const OVERLONG = '(overlong)';

const linesOf = (chunks: readonly Buffer[], maxLineBytes: number): string[] => {
  const lines: string[] = [];
  const splitter = new LineSplitter(maxLineBytes, {
    line: (text) => lines.push(text),
    overlong: () => lines.push(OVERLONG),
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
};

const TEXT = 'one\n\ntwo é ü\n{"a":"€"}\nlast without an end';
const LINES = ['one', '', 'two é ü', '{"a":"€"}', 'last without an end'];

t.test('gives the same lines for bytes in any pieces', (t) => {
  const bytes = Buffer.from(TEXT);
  t.strictSame(linesOf([bytes], 100), LINES);
  t.strictSame(linesOf(Array.from(bytes, (byte) => Buffer.from([byte])), 100), LINES);
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = new Random(seed);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + random.below(20);
      chunks.push(bytes.subarray(at, end));
      at = end;
    }
    t.strictSame(linesOf(chunks, 100), LINES, `seed ${seed}`);
  }
  t.end();
});

t.test('skips a line that is too long, reports it, and gives the next one whole', (t) => {
  const bytes = Buffer.from(`short\n${'x'.repeat(50)}\nshort again\n`);
  const expected = ['short', OVERLONG, 'short again'];
  t.strictSame(linesOf([bytes], 20), expected);
  t.strictSame(linesOf(Array.from(bytes, (byte) => Buffer.from([byte])), 20), expected);
  t.strictSame(linesOf([Buffer.from('x'.repeat(50))], 20), [OVERLONG]);
  t.end();
});

t.test('a final line feed makes no further line', (t) => {
  t.strictSame(linesOf([Buffer.from('a\nb\n')], 20), ['a', 'b']);
  t.strictSame(linesOf([], 20), []);
  t.end();
});
