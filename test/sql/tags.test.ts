import { readFileSync } from 'node:fs';
import t from 'tap';
import { Lexer } from '../../src/sql/lexer.js';
import { MAX_TAG_BYTES, MAX_TAGS } from '../../src/sql/foundTags.js';
import type { Comment } from '../../src/sql/outerComments.js';
import { tagsIn, tagsOf as tagsOfBytes, type Tags } from '../../src/sql/tags.js';
import type { SqlMode } from '../../src/sql/lexer.js';
import { Random } from '../support/random.js';
import { bytesReadOf, charactersReadBy, HOSTILE_PIECES } from './work.js';

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
const tagsOf = (sql: string, isTruncated = false, mode: SqlMode = {}): Tags => tagsOfBytes(Buffer.from(sql), isTruncated, mode);
const plain = (tags: Tags): Record<string, string> => Object.fromEntries(tags);

t.test('reads the comments of real packages', (t) => {
  const lines = fixture('tag-comments.tsv').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const expected = JSON.parse(fixture('tag-comments.expected.json')) as Record<string, string>[];
  t.equal(lines.length, 75);
  lines.forEach((line, i) => {
    const [source, text = ''] = line.split('\t');
    const sql = JSON.parse(text) as string;
    t.strictSame(plain(tagsOf(sql)), expected[i], `${source}: ${sql.slice(-60)}`);
  });
  t.end();
});

t.test('reads the comments that packages document, and is not misled by hostile ones', (t) => {
  const examples = JSON.parse(fixture('tag-comments.documented.json')) as Record<string, unknown>[];
  for (const { source, sql, tags } of examples) {
    const found = Object.entries(plain(tagsOf(String(sql))));
    t.strictSame(found, Object.entries(tags as object), `${String(source)}: ${String(sql)}`);
  }
  t.end();
});

t.test('reads each format, leading and trailing', (t) => {
  const cases: [string, Record<string, string>][] = [
    ["SELECT 1 /*application:Shop,controller:reports,line:app/x.rb:12:in `show'*/",
      { application: 'Shop', controller: 'reports', line: "app/x.rb:12:in `show'" }],
    ["SELECT 1 /*application='Shop',source_location='app%2Fx.rb%3A12'*/",
      { application: 'Shop', source_location: 'app/x.rb:12' }],
    ['/* app=shop, route=/reports/%3Aid */ SELECT 1', { app: 'shop', route: '/reports/:id' }],
    ['/* app=shop route=/a b c=d */ SELECT 1', { app: 'shop', route: '/a b', c: 'd' }],
    ['SELECT 1 /*route="/a",b=\'\'*/;\n', { route: '/a', b: '' }],
    ["SELECT 1; /*a='1'*/ ; ", { a: '1' }],
    ["/*a='1',b='2'*//*a='3'*/ SELECT 1/*b='4',c='5'*/", { a: '1', b: '2', c: '5' }],
    ["SELECT 1 /*a='it\\'s',b='\\''*/", { a: "it's", b: "'" }],
    ["SELECT 1 /*a='100%',b='%zz%4',c='%ff',d='50%%'*/", { a: '100%', b: '%zz%4', c: '\ufffd', d: '50%%' }],
    ["SELECT 1 /*a='1'x,b='2' c='3' , ,d='4',*/", { a: '1', b: '2', c: '3', d: '4' }],
    ["SELECT 1 /*percent:100%25,a=b:c=d*/", { percent: '100%25', a: 'b:c=d' }],
    ['SELECT 1 /*😀=😀*/', { '😀': '😀' }],
    ["SELECT `a` FROM t WHERE b = 'é\\'' /*a='1'*/", { a: '1' }],
    ["SELECT 1 -- one\n/*a='1'*/", { a: '1' }],
    ["SELECT 1 /* x='1' /* y='2' */", { x: '1' }],
    ["SELECT 1 /*a='1'*/ -- b /*c='2'*/", { a: '1' }],
    ["-- a='1'\n#b=2\n--\tc:3,d='4'\r\n/*e='5'*/ SELECT 1 # f='6' \n;-- g=7", { a: '1', b: '2', c: '3', d: '4', e: '5', f: '6', g: '7' }],
    ["SELECT '# a=1' # b=2\n;", { b: '2' }],
    ["SELECT 1 - -1 --\n-- a=1", { a: '1' }],
    ['SELECT 1 /* {"a": "b:c", "d": 1.50, "e": true, "f": null, "g": [{"a": 1}], "h": {"i": 2}} */', { a: 'b:c', d: '1.50', e: 'true' }],
    ["SELECT 1 /*a={\"b\":1},c='{\"d\":2}'*/", { a: '{"b":1}', c: '{"d":2}' }],
  ];
  for (const [sql, expected] of cases) t.strictSame(plain(tagsOf(sql)), expected, sql);
  t.end();
});

t.test('ignores a tag that is malformed', (t) => {
  const texts = [
    '', 'SELECT 1', "SELECT '/*a=1*/'", "/*! a='1' */", "SELECT /*!40001 a='1' */", "/*M!100100 a='1' */ SELECT 1",
    "SELECT /*+ a='1' */ 1", "/*+ a='1' */ SELECT 1", "SELECT 1 /* sluice: rows=5 */", "/* sluice: a=1,b=2 */ SELECT 1",
    "SELECT 1 /*a='1'*/ FROM t", "SELECT 1 # /*a='1'*/", "SELECT 1 -- /*a='1'*/", "SELECT 'x /*a='1'*/",
    "SELECT 1 /*a='1'", '/**/', '/*/', 'SELECT 1 /*/', '/* ping */ SELECT 1', '/* all where id = 5 it is */ SELECT 1',
    "SELECT 1 /*,,=x,:y,='z'*/", "SELECT \"/*a='1'*/", "SELECT `/*a='1'*/", "SELECT 1 /*a='1*/",
    '/* connector-j-8.0.13 (Revision: 66459e9d) */SELECT 1', "-- a='1", "--a='1'\nSELECT 1", "SELECT 1 --a='1'",
    "SELECT '\n-- a='", "SELECT 1 -- a='1' b='2'", 'SELECT 1 # a: 1', '-- http://a.b/c\nSELECT 1', "-- sluice: rows=5\nSELECT 1",
    '/* [{"a": 1}] */ SELECT 1', '/* {"a": 1, */ SELECT 1', '/* {"a": "b"} c=1 */ SELECT 1',
  ];
  for (const sql of texts) t.strictSame(plain(tagsOf(sql)), {}, sql);
  t.strictSame(plain(tagsOf("/*a='1'*/ SELECT 1 /*b='2'*/", true)), { a: '1' }, 'nor at the end of a part');
  const sql = "SELECT '\\' /*a='1'*/";
  t.strictSame([plain(tagsOf(sql)), plain(tagsOf(sql, false, { noBackslashEscapes: true }))], [{}, { a: '1' }]);
  t.end();
});

t.test('bounds what it reads and what it returns', (t) => {
  const many = Array.from({ length: 200 }, (_, i) => `k${i}='v'`).join(',');
  t.equal(tagsOf(`SELECT 1 /*${many}*/`).size, MAX_TAGS);
  const long = tagsOf(`SELECT 1 /*a='${'%F0%9F%98%80'.repeat(200)}',b='x${'é'.repeat(400)}'*/`);
  t.equal(long.get('a'), '😀'.repeat(MAX_TAG_BYTES / 4));
  t.equal(long.get('b'), `x${'é'.repeat((MAX_TAG_BYTES - 2) / 2)}`, 'never half a character');
  const tail = `${'x'.repeat(8170)},b=12345,ccc=12345678901234567890`;
  t.strictSame(plain(tagsOf(`/*${tail},d=1*/ SELECT 1 /*e='1'*/`)), { b: '12345' },
    'not what the bound cuts, or what follows');
  t.equal(tagsOf(`/*${'n'.repeat(300)}=1*/ SELECT 1`).size, 0);
  t.end();
});

t.test('reads each byte a bounded number of times in any text', (t) => {
  const pieces = [
    ...HOSTILE_PIECES, '/**/', '/*a=', "/*a='", '/*a=b c', ' a', 'a=', 'a:', "\\'", '%', '%%41', ',', "a='b'", "a='b',", 'a:b,',
    '#\n', '-- a=1\n', "-- '\n", '\n-', '{', '{"a":', '{"a":1},', '"a":"b",', '[[',
  ];
  const ends = [['', ''], ['SELECT 1 /*', '*/'], ['/*', ''], ['SELECT 1', '*/'], ['-- ', '\n'], ['SELECT 1 # ', ''], ['/*{', '}*/'], ['-- a {', '}\n']];
  for (const piece of pieces) {
    for (const [front, back] of ends) {
      const workOf = (length: number): number => {
        const sql = front + piece.repeat(Math.ceil(length / piece.length)) + back;
        const { bytes, read } = bytesReadOf(sql);
        return (charactersReadBy(() => tagsOfBytes(bytes)) + read()) / sql.length;
      };
      t.ok(workOf(8_000) < 2 * workOf(1_000) + 10, `${front}${piece}…${back}`);
    }
  }
  t.end();
});

/** The comments at the ends of a text, as found by the lexer, which reads all of it. */
const lexedTags = (sql: string): Tags => {
  const lexer = new Lexer(sql);
  const leading: Comment[] = [];
  let trailing: Comment[] = [];
  let hasBegun = false;
  for (let end = 0; ; end = lexer.end) {
    const kind = lexer.nextOrComment();
    const isComment = kind === 'comment' && !lexer.unterminated;
    const isBehindVersion = /\S/.test(sql.slice(end, lexer.start));
    if (isBehindVersion || (kind !== 'comment' && kind !== 'end' && !lexer.isOperator(';'))) trailing = [];
    if (kind === 'end') break;
    if (isBehindVersion || !isComment && !hasBegun) hasBegun = true;
    if (!isComment) continue;
    const isLine = !sql.startsWith('/*', lexer.start);
    const bytes = Buffer.from(isLine ? lexer.text().replace(/^(?:#|--)/, '') : lexer.text().slice(2, -2));
    (hasBegun ? trailing : leading).push({ bytes, from: 0, to: bytes.length, isLine });
  }
  return tagsIn([...leading, ...(lexer.unterminated ? [] : trailing)]);
};

t.test('finds the same comments as a lexer, with any nested marks, and never throws', (t) => {
  const random = new Random(18);
  const pieces = [
    '/*', '*/', '/**/', "/*a='1'*/", '/*b=2,c:3*/', "-- d='4'\n", '#e=5', '-- f:6', '/*!', '/*+', "'", '"', '`', '\\', '--', '-- ', '#', '\n', ';', ' ',
    'SELECT ', '1', '/', '*', '@', 'N', '0x', '.', '%', 'é', '\u00a0', '\ud83d', ',', '=', ':', '/*M!', '-', '(', 'x',
  ];
  for (let i = 0; i < 10_000; i += 1) {
    const sql = Buffer.from(Array.from({ length: random.below(12) }, () => random.pick(pieces)).join('')).toString();
    if (JSON.stringify(plain(tagsOf(sql))) !== JSON.stringify(plain(lexedTags(sql)))) {
      t.strictSame(plain(tagsOf(sql)), plain(lexedTags(sql)), JSON.stringify(sql));
    }
  }
  for (let i = 0; i < 2000; i += 1) {
    for (const sql of [random.bytes(40).toString(), `SELECT 1 /*${random.bytes(40).toString('latin1')}*/`]) {
      for (const [name, value] of tagsOf(sql)) if (name === '' || value.length > MAX_TAG_BYTES) t.fail(sql);
    }
  }
  t.end();
});
