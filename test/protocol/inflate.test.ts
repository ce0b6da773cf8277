import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import t from 'tap';
import { inflateExactly } from '../../src/protocol/inflate.js';

const contents = [
  Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(20_000), randomBytes(16_384),
  Buffer.from(randomBytes(100_000).toString('hex')),
];

t.test('gives the content of each body, whatever was inflated before', (t) => {
  for (const content of [...contents, ...contents.toReversed()]) {
    t.ok(inflateExactly(deflateSync(content), content.length)?.equals(content), `${content.length} bytes`);
  }
  t.end();
});

t.test('gives null for a body that is truncated, broken, or of another length than declared', (t) => {
  for (const content of contents.slice(1)) {
    const body = deflateSync(content);
    t.equal(inflateExactly(body, content.length - 1), null, 'more');
    t.equal(inflateExactly(body, content.length + 1), null, 'less');
    t.equal(inflateExactly(body.subarray(0, -3), content.length), null, 'cut short');
    t.equal(inflateExactly(Buffer.alloc(body.length, 0xff), content.length), null, 'no body');
    t.ok(inflateExactly(body, content.length)?.equals(content), 'and the next one is not harmed');
  }
  t.end();
});

t.test('keeps content unchanged when the next body is inflated', (t) => {
  const [one, other] = [Buffer.from('one'), Buffer.from('other')];
  const content = inflateExactly(deflateSync(one), one.length);
  inflateExactly(deflateSync(other), other.length);
  t.strictSame(content, one);
  t.end();
});
