import t from 'tap';
import { Lexer, type SqlMode } from '../../src/sql/lexer.js';
import { sqlServerOf } from '../../src/policy/sqlServerOf.js';
import type { SqlServer } from '../../src/sql/sqlServer.js';
import { prefixesOf, randomTexts, STATEMENTS } from './corpus.js';
import { charactersReadBy, HOSTILE_PIECES } from './work.js';

/** The tokens of a text, as `kind:text`. */
const tokensOf = (sql: string, mode?: SqlMode): string[] => {
  const lexer = new Lexer(sql, mode);
  const tokens: string[] = [];
  while (lexer.next() !== 'end') tokens.push(`${lexer.kind}:${lexer.text()}`);
  return tokens;
};

t.test('skips comments and white space between tokens', (t) => {
  const texts = [
    'a/* x */b', 'a -- x\nb', 'a #x\nb', 'a\t\n\v\f\rb', 'a/**/b', 'a/*/ */b', 'a --\nb', '/* */a b# x',
    'a b --',
  ];
  for (const sql of texts) t.strictSame(tokensOf(sql), ['word:a', 'word:b'], sql);
  t.strictSame(tokensOf('1--1'), [
    'integer:1', 'operator:-', 'operator:-', 'integer:1',
  ], 'without white space no comment');
  t.strictSame(tokensOf('a --'), ['word:a'], 'but two at the very end are');
  t.end();
});

t.test('reads the content of a versioned comment as code', (t) => {
  for (const mark of ['!', '!50000 ', '!40001 ', '!050000 ', '!100100 ', 'M!', 'M!100100 ', '!99999 ']) {
    t.strictSame(tokensOf(`a /*${mark}b /* c */ d*/ e`), ['word:a', 'word:b', 'word:d', 'word:e'], mark);
  }
  t.strictSame(tokensOf('/*!5000 a*/'), ['integer:5000', 'word:a'], 'four digits are no version');
  t.strictSame(tokensOf('/*!50000a*/'), ['word:a'], 'a version needs no space after it');
  t.end();
});

t.test('reports a versioned comment that some servers do not run', (t) => {
  const isUncertain = (sql: string): boolean => {
    const lexer = new Lexer(sql);
    while (lexer.next() !== 'end');
    return lexer.hasUncertainComment;
  };
  for (const sql of [
    '/*!a*/', '/*!50000 a*/', '/*!50699 a*/', '/*!040001 a*/', '/* 99999 */', "'/*!99999 */'",
  ]) {
    t.notOk(isUncertain(sql), sql);
  }
  for (const sql of [
    '/*!50700 a*/', '/*!80000 a*/', '/*!100100 a*/', '/*M! a*/', '/*M!50000 a*/', '/*!050000a*/',
  ]) {
    t.ok(isUncertain(sql), sql);
  }
  t.end();
});

t.test('reads a versioned comment as code only when the known server runs it', (t) => {
  const runs = (comment: string, server: SqlServer): boolean => {
    const words = tokensOf(`a ${comment} z`, { server });
    t.equal(words.at(-1), 'word:z', comment);
    return words.length > 2;
  };
  // The results of MariaDB 10.11.19 and MySQL 9.7.4 for SELECT 1 with +1 in such a comment.
  const seen: Record<string, readonly [mariadb: boolean, mysql: boolean]> = {
    '/*! b */': [true, true], '/*!50600 b */': [true, true], '/*!50600b*/': [true, true], '/*!50699 b */': [true, true],
    '/*!50700 b */': [false, true], '/*!80000 b */': [false, true], '/*!90700 b */': [false, true],
    '/*!90799 b */': [false, false],
    '/*!99999 b */': [false, false], '/*!100000 b */': [true, false], '/*!101100 b */': [true, false],
    '/*!101199 b */': [false, false],
    '/*!110000 b */': [false, false], '/*!506001 b */': [false, false], '/*!506001b*/': [false, true],
    '/*!1000001b*/': [true, true],
    '/*!050600 b */': [true, true], '/*M! b */': [true, false], '/*M!50700 b */': [true, false],
    '/*M!99999 b */': [true, false],
    '/*M!110000 b */': [false, false], '/*!99999 /* x */ b */': [false, false],
    '/*!99999 /*!50600 x */ b */': [false, false],
  };
  for (const [comment, [mariadb, mysql]] of Object.entries(seen)) {
    t.equal(runs(comment, { isMariadb: true, version: 101_119 }), mariadb, `MariaDB: ${comment}`);
    t.equal(runs(comment, { isMariadb: false, version: 90_704 }), mysql, `MySQL: ${comment}`);
  }
  t.strictSame(
    tokensOf('a /*!50600 /*!99999 x */ b */ z', { server: { isMariadb: false, version: 90_704 } }),
    ['word:a', 'word:b', 'word:z'],
  );
  t.end();
});

t.test("reads the server's version from its greeting", (t) => {
  const version = (serverVersion: string, isMariadb = false): number | null =>
    sqlServerOf({ serverVersion, isMariadb }).version;
  t.equal(version('9.7.4-2'), 90_704);
  t.equal(version('5.5.5-10.11.19-MariaDB-0+deb12u1-log', true), 101_119);
  t.equal(version('11.4.2-MariaDB', true), 110_402);
  t.equal(version('8.0.mysql_aurora.3.02.0'), null);
  t.equal(version('PostgreSQL'), null);
  t.end();
});

t.test('tells optimizer hints from comments when asked for comments', (t) => {
  const lexer = new Lexer('select /*+ BKA(t) */ /* x */ 1 # y');
  const kinds: string[] = [];
  while (lexer.nextOrComment() !== 'end') kinds.push(lexer.kind);
  t.strictSame(kinds, ['word', 'hint', 'comment', 'integer', 'comment']);
  t.end();
});

t.test('ends strings where the server ends them', (t) => {
  const texts = [
    "''", "'a'", "'a''b'", "'a\\'b'", "'\\\\'", '"a"', '"a""b"', '"a\\"b"', `'"'`, `"'"`, "N'a'", "n'a''b'",
    "'a\n--'",
  ];
  for (const text of texts) t.strictSame(tokensOf(`${text} x`), [`string:${text}`, 'word:x'], text);
  t.strictSame(tokensOf("'a' 'b'"), ["string:'a'", "string:'b'"]);
  t.end();
});

t.test('reads backslashes and double quotes as sql_mode says', (t) => {
  t.strictSame(tokensOf("'\\' x", { noBackslashEscapes: true }), ["string:'\\'", 'word:x']);
  t.strictSame(tokensOf('"a""b" x', { ansiQuotes: true }), ['name:"a""b"', 'word:x']);
  t.strictSame(tokensOf('"\\" x', { ansiQuotes: true }), ['name:"\\"', 'word:x'], 'no backslash escapes in a name');
  t.end();
});

t.test('reads numbers of every form', (t) => {
  for (const text of ['0', '42', '007']) t.strictSame(tokensOf(text), [`integer:${text}`]);
  const numbers = [
    '1.5', '.5', '1.', '1e3', '1E+3', '1e-3', '1.5e3', '.5e-3', '1.e3', '0x4D', '0b01', "x'4d'", "X'4D'",
    "b'01'",
  ];
  for (const text of numbers) t.strictSame(tokensOf(text), [`number:${text}`], text);
  t.strictSame(tokensOf('1+1-.5'), ['integer:1', 'operator:+', 'integer:1', 'operator:-', 'number:.5']);
  t.end();
});

t.test('reads a word that only looks like a number as an identifier', (t) => {
  for (const text of [
    '1a', '0xZ', '0x', '0b2', '1e', '0X41', '5$',
  ]) t.strictSame(tokensOf(text), [`name:${text}`], text);
  t.end();
});

t.test('reads keywords and digits beside a dot as identifiers', (t) => {
  t.strictSame(tokensOf('db.select'), ['name:db', 'operator:.', 'name:select']);
  t.strictSame(tokensOf('t.1e5'), ['name:t', 'operator:.', 'name:1e5']);
  t.strictSame(tokensOf('a.b.1c.2'), [
    'name:a', 'operator:.', 'name:b', 'operator:.', 'name:1c', 'operator:.', 'name:2',
  ]);
  t.strictSame(tokensOf('status.x'), ['name:status', 'operator:.', 'name:x']);
  t.strictSame(tokensOf('`t`.select'), ['name:`t`', 'operator:.', 'name:select']);
  t.strictSame(tokensOf('t . select'), ['word:t', 'operator:.', 'word:select'], 'not across spaces');
  t.strictSame(tokensOf('status.`x`'), ['word:status', 'operator:.', 'name:`x`'], 'nor before a quote');
  t.end();
});

t.test('reads identifiers with $, digits, letters of any script and backquotes', (t) => {
  t.strictSame(tokensOf('a$1 _b größe 名前'), ['word:a$1', 'word:_b', 'word:größe', 'word:名前']);
  t.strictSame(tokensOf('`a b` `c``d` ``'), ['name:`a b`', 'name:`c``d`', 'name:``']);
  const lexer = new Lexer('`c``d`');
  lexer.next();
  t.equal(lexer.name(), 'c`d');
  t.end();
});

t.test('tells variables, introducers, placeholders and operators apart', (t) => {
  for (const text of [
    '@x', '@`a b`', "@'a b'", '@"a"', '@a.b$c',
  ]) t.strictSame(tokensOf(text), [`variable:${text}`]);
  t.strictSame(tokensOf('@@global.select'), ['atAt:@@', 'word:global', 'operator:.', 'name:select']);
  t.strictSame(tokensOf("_utf8mb4'x' _utf8mb5 x"), [
    'introducer:_utf8mb4', "string:'x'", 'word:_utf8mb5', 'word:x',
  ]);
  t.strictSame(tokensOf("'u'@'h' u@localhost"), [
    "string:'u'", "variable:@'h'", 'word:u', 'variable:@localhost',
  ]);
  t.strictSame(tokensOf('?;{}'), ['placeholder:?', 'operator:;', 'operator:{', 'operator:}']);
  for (const text of [
    '<=>', '->>', '->', ':=', '||', '&&', '<<', '>>', '<>', '!=', '<=', '>=', '<', '=', '!', '~', '^', '%',
  ]) {
    t.strictSame(tokensOf(text), [`operator:${text}`]);
  }
  t.strictSame(tokensOf('a<=>b->>c'), [
    'word:a', 'operator:<=>', 'word:b', 'operator:->>', 'word:c',
  ], 'without spaces too');
  t.end();
});

t.test('reads a text that is cut off to its end, and says that a token is open', (t) => {
  for (const sql of [
    "'a", "'a\\", "'a''", '"a', '`a', "x'4", "n'a", "@'a", '/* a', '/*', '/*!50000 a', '/*! /* a',
  ]) {
    const lexer = new Lexer(sql);
    while (lexer.next() !== 'end');
    t.ok(lexer.unterminated, sql);
  }
  for (const sql of ["'a'", '`a`', '/* a */', '-- a', '# a', "/*! 'a' */", "'a' x"]) {
    const lexer = new Lexer(sql);
    while (lexer.next() !== 'end');
    t.notOk(lexer.unterminated, sql);
  }
  t.strictSame(tokensOf("select 'a"), ['word:select', "string:'a"]);
  t.end();
});

t.test('reads any text from start to end in ordered tokens', (t) => {
  const texts = randomTexts(1);
  let unordered = 0;
  const check = (sql: string): void => {
    const lexer = new Lexer(sql);
    let end = 0;
    while (lexer.nextOrComment() !== 'end') {
      if (lexer.start < end || lexer.end <= lexer.start || lexer.end > sql.length) unordered += 1;
      end = lexer.end;
    }
    if (lexer.end !== sql.length) unordered += 1;
  };
  for (let count = 0; count < 10_000; count += 1) check(texts.next().value);
  for (const statement of STATEMENTS) prefixesOf(statement).forEach(check);
  t.equal(unordered, 0);
  t.end();
});

t.test('reads about twice the characters of a text of twice the length', (t) => {
  const read = (sql: string): number => charactersReadBy(() => tokensOf(sql));
  for (const piece of HOSTILE_PIECES) {
    const text = piece.repeat(1000);
    t.ok(read(text + text) < 2.1 * read(text) + 100, piece);
  }
  t.end();
});
