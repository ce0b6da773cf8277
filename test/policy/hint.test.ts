import t from 'tap';
import { findHint, type HintFinding } from '../../src/policy/hint.js';
import { prefixesOf, randomTexts } from '../sql/corpus.js';
import { charactersReadBy, HOSTILE_PIECES } from '../sql/work.js';

const none: HintFinding = { kind: 'none' };

t.test('reads a hint before or after its statement', (t) => {
  const found = { kind: 'hint', rows: 500 };
  const statements = [
    '/* sluice: rows=500 */ select 1', 'select 1 /* sluice: rows=500 */', '/*sluice:rows=500*/select 1',
    'select 1 /* sluice: rows=500 */;', 'select 1; /* sluice: rows=500 */',
    '/* app */ /* sluice: rows=500 */ -- x\n select 1', 'select 1 /* sluice: rows=500 */ /* trace=1 */ # x',
    '/*\n sluice:\n rows=500\n*/ select 1', '/* sluice: rows=500 */',
  ];
  for (const sql of statements) t.strictSame(findHint(sql), found, sql);
  t.end();
});

t.test('reads a hint directly after the first keyword, where optimizer hints stand', (t) => {
  const found = { kind: 'hint', rows: 500 };
  const statements = [
    'SELECT /* sluice: rows=500 */ * FROM t', 'select/*sluice:rows=500*/1',
    'WITH /* sluice: rows=500 */ a AS (SELECT 1) TABLE a', '(SELECT /* sluice: rows=500 */ 1) UNION (SELECT 2)',
    'SELECT /*+ MAX_EXECUTION_TIME(9) */ /* sluice: rows=500 */ 1', 'SELECT /* sluice: rows=500 */ /*+ NO_ICP(t) */ 1',
    '/* app */ SELECT -- x\n /* trace=1 */ /* sluice: rows=500 */ 1',
  ];
  for (const sql of statements) {
    t.strictSame(findHint(sql), found, sql);
    t.strictSame(findHint(sql, true), found, `${sql}, cut off after that`);
  }
  for (const sql of [
    '/* sluice: rows=5 */ SELECT /* sluice: rows=5 */ 1', 'SELECT /* sluice: rows=5 */ 1 /* sluice: rows=5 */',
  ]) {
    t.match(findHint(sql), { kind: 'malformed', reason: 'more than one hint' }, sql);
  }
  t.end();
});

t.test('reads the keys of a hint in any order and number', (t) => {
  const hintIn = (body: string): HintFinding => findHint(`/* sluice: ${body} */ select 1`);
  t.strictSame(hintIn('rows=5 bytes=1GiB stream'), { kind: 'hint', rows: 5, bytes: 2 ** 30, stream: true });
  t.strictSame(hintIn('stream bytes=64KiB'), { kind: 'hint', bytes: 65_536, stream: true });
  t.strictSame(hintIn('stream'), { kind: 'hint', stream: true });
  t.strictSame(hintIn('bytes=1000'), { kind: 'hint', bytes: 1000 }, 'a number without a unit is of bytes');
  for (const [size, bytes] of [['1B', 1], ['2KiB', 2048], ['3MiB', 3 * 2 ** 20], ['4TiB', 4 * 2 ** 40]] as const) {
    t.strictSame(hintIn(`bytes=${size}`), { kind: 'hint', bytes }, size);
  }
  t.strictSame(hintIn('rows=unlimited bytes=unlimited'), { kind: 'hint', rows: Infinity, bytes: Infinity });
  t.strictSame(hintIn('rows=0'), { kind: 'hint', rows: 0 });
  t.end();
});

t.test('finds no hint inside a literal, a name or the statement', (t) => {
  const statements = [
    "select '/* sluice: rows=5 */'", 'select "/* sluice: rows=5 */"', 'select `/* sluice: rows=5 */`',
    'select 1 /* sluice: rows=5 */ + 1', 'select a /* sluice: rows=5 */ from t', 'select (/* sluice: rows=5 */ 1)',
    '1 /* sluice: rows=5 */ 2', 'select 1 /* sluice: rows=5 */; select 2',
    '-- sluice: rows=5\nselect 1', '# sluice: rows=5\nselect 1', '/*+ sluice: rows=5 */ select 1',
    '/*! sluice: rows=5 */ select 1', 'select 1 /* for sluice: rows=5 */', 'select 1 /* Sluice: rows=5 */',
    'select 1 /* sluice: rows=5', "select '\\' /* sluice: rows=5 */", 'select 1', '',
    '-- /* sluice: rows=5 */\nselect 1',
  ];
  for (const sql of statements) t.strictSame(findHint(sql), none, sql);
  const found = findHint("select '\\' /* sluice: rows=5 */", false, { noBackslashEscapes: true });
  t.strictSame(found, { kind: 'hint', rows: 5 }, 'a session may have backslashes that escape nothing');
  t.end();
});

t.test('an unclear hint is malformed, and the reason names what is wrong', (t) => {
  const reasons: Record<string, RegExp> = {
    '': /empty: expected rows=NUMBER, bytes=SIZE or stream/,
    'rows': /^rows: expected/,
    'rows=': /^rows=: expected/,
    'rows=ten': /^rows=ten: expected/,
    'rows=-1': /^rows=-1: expected/,
    'rows=1.5': /^rows=1\.5: expected/,
    'rows=5KiB': /^rows=5KiB: expected/,
    'rows=null': /^rows=null: expected/,
    'rows=9999999999999999': /expected/,
    'rows = 5': /^rows: expected/,
    'bytes=5KB': /^bytes=5KB: expected/,
    'bytes=9999999TiB': /expected/,
    'stream=1': /stream takes no value/,
    'rows=5, stream': /^rows=5,: expected/,
    'rows=5 rows=6': /^rows: given twice/,
    'stream stream': /^stream: given twice/,
    'row=5': /^row=5: expected/,
    'rows=5=6': /^rows=5=6: expected/,
    '__proto__=5': /^__proto__=5: expected/,
    [' '.repeat(300)]: /longer than 256 characters/,
  };
  for (const [body, reason] of Object.entries(reasons)) {
    t.match(findHint(`/* sluice: ${body} */ select 1`), { kind: 'malformed', reason }, body);
  }
  const twice = findHint('/* sluice: rows=5 */ select 1 /* sluice: rows=6 */');
  t.strictSame(twice, { kind: 'malformed', reason: 'more than one hint' });
  t.end();
});

t.test('reads only a leading hint of a text that is cut off', (t) => {
  t.strictSame(findHint('/* sluice: stream */ select a', true), { kind: 'hint', stream: true });
  t.strictSame(findHint('select a /* sluice: stream */', true), none, 'what looks like the end may be the middle');
  t.end();
});

t.test('gives an answer for any text', (t) => {
  const kinds = new Set<string>();
  const texts = randomTexts(5);
  for (let count = 0; count < 10_000; count += 1) {
    kinds.add(findHint(`${texts.next().value}sluice:${texts.next().value}`).kind);
  }
  const whole = "/* sluice: rows=5 bytes=1KiB stream */ select '/* sluice: x */' /* sluice: stream */;";
  for (const prefix of prefixesOf(whole)) kinds.add(findHint(prefix).kind);
  t.strictSame([...kinds].sort(), ['hint', 'malformed', 'none']);
  t.end();
});

t.test('reads at most twice the characters of a text of twice the length', (t) => {
  const read = (sql: string): number => charactersReadBy(() => findHint(sql));
  for (const piece of HOSTILE_PIECES) {
    const text = `${piece.repeat(1000)} sluice: `;
    t.ok(read(text + text) < 2.1 * read(text) + 1000, piece);
  }
  t.end();
});
