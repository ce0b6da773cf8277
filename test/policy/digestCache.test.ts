import t from 'tap';
import { DigestCache } from '../../src/policy/digestCache.js';
import { Generations } from '../../src/policy/generations.js';
import { digestHash, digestText, normalized } from '../../src/sql/digest.js';
import { outerComments } from '../../src/sql/outerComments.js';
import { tagsIn, tagsOf } from '../../src/sql/tags.js';
import { bytesReadOf, charactersReadBy } from '../sql/work.js';
import { Random } from '../support/random.js';

t.test('gives the same digest as without a cache', (t) => {
  const cache = new DigestCache();
  const statements = [
    'SELECT * FROM t WHERE a = 1', 'SELECT * FROM t WHERE a = 2', "INSERT INTO t VALUES (1, 'é'), (2, 'x')", 'SELECT',
    `SELECT ${'a, '.repeat(3000)} b`, '', 'SELECT * FROM t WHERE a = 1',
  ];
  for (let round = 0; round < 2; round += 1) {
    for (const sql of statements) {
      const text = digestText(sql);
      t.strictSame(cache.digestOf(sql, {}), { text, hash: digestHash(text) }, sql.slice(0, 40));
    }
  }
  const [one, other] = ['SELECT * FROM t WHERE a = 3', 'SELECT * FROM t WHERE a = 4']
    .map((sql) => cache.digestOf(sql, {}));
  t.equal(one, other, 'and the same object for what differs in its literals');
  t.end();
});

t.test('keeps digests apart for different meanings of quotes', (t) => {
  const cache = new DigestCache();
  const sql = 'SELECT "a" FROM t';
  const texts = [false, true, false, true]
    .map((ansiQuotes) => cache.digestOf(sql, { ansiQuotes, noBackslashEscapes: false }).text);
  t.strictSame(texts, ['SELECT ? FROM `t`', 'SELECT `a` FROM `t`', 'SELECT ? FROM `t`', 'SELECT `a` FROM `t`']);
  t.end();
});

t.test('keeps entries that are asked for again, and never more than the bound', (t) => {
  const generations = new Generations<number>(30);
  generations.set('kept', 1);
  for (let i = 0; i < 100; i += 1) {
    generations.set(`passing ${i % 7}${i}`, i);
    t.equal(generations.get('kept'), 1);
  }
  t.equal(generations.get('passing 00'), undefined);
  t.end();
});

t.test('normalizes statements once that differ only in their outer comments', (t) => {
  const taken: string[] = [];
  const cache = new DigestCache((sql, mode) => {
    taken.push(sql);
    return normalized(sql, mode);
  });
  for (let i = 0; i < 50; i += 1) {
    const comment = `/*route='%2Fa',traceparent='00-${String(i).padStart(32, '0')}-${String(i).padStart(16, '1')}-01'*/`;
    const line = `-- ${comment.slice(2, -2)}\n`;
    const texts = [
      `SELECT 1 ${comment}`, `${comment} SELECT 2`, `SELECT 3${comment};`, `${comment}SELECT 3 ${comment}`, `SELECT 1 ${line}`,
      `${line}SELECT 2`, `#${line}${comment} SELECT 2`, `SELECT 1 ${line}${comment}`,
    ];
    const found = texts.map((sql) => {
      const asked = cache.digestOf(sql, {});
      const route = cache.tagsOf(sql, false, {}).get('route');
      const { digest, tags } = cache.identify(Buffer.from(sql), false, {}, ['route', 'absent']);
      return { route, isSame: digest === asked && digest === cache.digestOf(sql, {}), tags: [...tags] };
    });
    const wanted = { route: '/a', isSame: true, tags: [['route', '/a']] };
    t.strictSame(found, Array(texts.length).fill(wanted), 'and no tag that is not wanted');
  }
  t.strictSame(taken, ['SELECT 1 ', ' SELECT 2', 'SELECT 3', 'SELECT 3 ', '\nSELECT 2']);
  t.end();
});

t.test('finds the comments after a literal that looks like one, and reads the whole text once for that', (t) => {
  const cache = new DigestCache();
  const sql = "SELECT '# a=1' /* b=2 */ -- c=3";
  const { digest, tags } = cache.identify(Buffer.from(sql), false, {}, ['a', 'b', 'c']);
  t.strictSame([digest.text, [...tags]], ['SELECT ?', [['b', '2'], ['c', '3']]]);
  const read = () => charactersReadBy(() => cache.tagsOf(`SELECT ${'1, '.repeat(300)}'# a=1' -- c=3`, false, {}));
  const first = read();
  const again = read();
  t.ok(again < first / 2, `${again} of ${first}`);
  t.end();
});

t.test('gives the digest of the whole text for any comments', (t) => {
  const random = new Random(6);
  const pieces = [
    '/*', '*/', "/*a='1'*/", '/*!50000', '/*+', "'", '"', '`', '\\', '--', '-- ', '#', '\n', ';', ' ', 'SELECT ', '1', '@',
    'N', '.', 'é', '-', '(', 'x', ',', 'ORDER BY ', '/*M!',
  ];
  const cache = new DigestCache();
  for (let i = 0; i < 10_000; i += 1) {
    const sql = Array.from({ length: random.below(10) }, () => random.pick(pieces)).join('');
    const [found, text] = [cache.digestOf(sql, {}).text, digestText(sql)];
    if (found !== text) t.equal(found, text, JSON.stringify(sql));
  }
  const long = `SELECT ${'a, '.repeat(3000)} b`;
  t.equal(cache.digestOf(`${long} /*a=1*/`, {}).text, digestText(long));
  t.end();
});

t.test('gives the values of tags as without a cache, however many there are', (t) => {
  const cache = new DigestCache();
  const random = new Random(18);
  const pieces = ['a', 'b', '%2F', '%%41', '+', "\\'", '\\"', '\\', '%', 'é', '%C3%A9', '0', '1', '2'];
  for (let i = 0; i < 20_000; i += 1) {
    const [quote, value] = [random.pick(["'", '"']), Array.from({ length: random.below(5) }, () => random.pick(pieces)).join('')];
    const sql = `SELECT 1 /*a=${quote}${value}${quote},b=${quote}${'x'.repeat(random.below(200))}${quote}*/`;
    const found = [...cache.identify(Buffer.from(sql), false, {}, ['b', 'a', 'absent']).tags];
    const expected = [...tagsOf(Buffer.from(sql))].filter(([name]) => name === 'a' || name === 'b');
    if (JSON.stringify(found) !== JSON.stringify(expected)) t.strictSame(found, expected, sql);
  }
  t.end();
});

t.test('gives the same wanted tags as without a cache, in any comment', (t) => {
  const cache = new DigestCache();
  const random = new Random(81);
  const pieces = ['a', 'b', '=', ':', "='", "='x',", ':y,', '=z ', "'", '"', ',', ' ', '%61', '\\', 'é', '*', '\n', '{', '}', 'c'];
  for (let i = 0; i < 20_000; i += 1) {
    const comment = Array.from({ length: random.below(14) }, () => random.pick(pieces)).join('');
    const sql = Buffer.from(random.below(2) === 0 ? `SELECT 1 /*${comment}*/` : `/*${comment}*/ SELECT 1 -- ${comment}`);
    const found = [...cache.identify(sql, false, {}, ['b', 'a']).tags];
    const expected = [...tagsOf(sql)].filter(([name]) => name === 'a' || name === 'b');
    if (JSON.stringify(found) !== JSON.stringify(expected)) t.strictSame(found, expected, sql.toString());
  }
  t.end();
});

t.test('reads no further than the last tag that is wanted', (t) => {
  const { bytes, read } = bytesReadOf(`/*route='/a',traceparent='${'1'.repeat(300)}'*//*${'b:c,'.repeat(100)}*/ SELECT 1`);
  const outer = outerComments(Buffer.from(bytes.toString()))!;
  const before = read();
  t.strictSame([...tagsIn(outer.leading.map((comment) => ({ ...comment, bytes })), ['route'])], [['route', '/a']]);
  t.ok(read() - before < 50, `${read() - before} bytes`);
  t.end();
});

t.test('makes no text of tags that are not wanted', (t) => {
  const value = 'x'.repeat(60);
  for (const comment of [`a:${value},b:${value},c:${value}`, `a=${value},b=${value} c=${value}`, `a='${value}',b="${value}"`]) {
    const { bytes, read } = bytesReadOf(comment);
    t.equal(tagsIn([{ bytes, from: 0, to: bytes.length, isLine: false }], ['d']).size, 0);
    t.ok(read() < 1.5 * bytes.length, `${comment.slice(0, 3)}…: ${read()} of ${bytes.length} bytes`);
  }
  t.end();
});

t.test('reads each byte of a new comment at most three times, and decodes no value that it knows', (t) => {
  const cache = new DigestCache();
  const reads = ['1', '2'].map((trace) => {
    const { bytes, read } = bytesReadOf(`SELECT 1 /*route='%2Fa%2F%3Cid%3E',traceparent='${trace.repeat(200)}'*/`);
    const decoded = charactersReadBy(() => t.equal(cache.identify(bytes, false, {}, ['route']).tags.get('route'), '/a/<id>'));
    return (read() + decoded) / bytes.length;
  });
  for (let n = 0; n < 500; n += 1) cache.tagsOf(`SELECT 1 /*traceparent='${String(n).padStart(100, 'x')}'*/`, false, {});
  const { bytes } = bytesReadOf("SELECT 1 /*route='%2Fa%2F%3Cid%3E'*/");
  const known = charactersReadBy(() => cache.identify(bytes, false, {}, ['route']));
  const other = charactersReadBy(() => cache.identify(Buffer.from("SELECT 1 /*route='%2Fb%2F%3Cid%3E'*/"), false, {}, ['route']));
  t.ok(known < other, 'also after many records with other values');
  t.ok(reads[1]! < 3 && reads[1]! < reads[0]!, reads.join(', '));
  t.end();
});
