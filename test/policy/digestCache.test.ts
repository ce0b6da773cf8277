import t from 'tap';
import { DigestCache } from '../../src/policy/digestCache.js';
import { Generations } from '../../src/policy/generations.js';
import { digestHash, digestText } from '../../src/sql/digest.js';

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
