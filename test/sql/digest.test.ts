import t from 'tap';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { MAX_DIGEST_TEXT_LENGTH } from '../../src/sql/normalForm.js';
import { prefixesOf, randomTexts, STATEMENTS, withOtherLayout, withOtherLiterals } from './corpus.js';
import { charactersReadBy, HOSTILE_PIECES } from './work.js';

t.test('replaces literals of every form by question marks', (t) => {
  const literals = [
    '1', '-1', '- + 1', '1.5', '.5e-3', '0x41', "x'41'", "b'01'", "'a''b'", '"x"', "N'x'", 'NULL', '?',
  ];
  for (const literal of literals) {
    t.equal(digestText(`select * from t where a = ${literal}`), 'SELECT * FROM `t` WHERE `a` = ?', literal);
  }
  t.equal(digestText("select _utf8mb4'x', @a"), 'SELECT (_charset) ? , @?');
  t.end();
});

t.test('collapses lists and rows of literals of any length', (t) => {
  for (const list of ['1', '1, 2', "1, 'x', NULL, -3"]) {
    t.equal(digestText(`select 1 from t where a in (${list})`), 'SELECT ? FROM `t` WHERE `a` IN (...)', list);
  }
  t.equal(digestText('insert into t values (1, 2)'), 'INSERT INTO `t` VALUES (...)');
  for (const rows of ['(1, 2), (3, 4)', "(1, 2), (NULL, 4), ('x', -6)"]) {
    t.equal(digestText(`insert into t values ${rows}`), 'INSERT INTO `t` VALUES (...) /* , ... */', rows);
  }
  t.equal(digestText('insert into t values (1), (2), (3)'), 'INSERT INTO `t` VALUES (?) /* , ... */');
  t.end();
});

t.test('keeps a NULL that is grammar and a sign that is an operator', (t) => {
  t.equal(digestText('select a is null, a is not null, not null'), 'SELECT `a` IS NULL , `a` IS NOT NULL , NOT ?');
  t.equal(digestText('create table t (a int null default null)'), 'CREATE TABLE `t` ( `a` INTEGER NULL DEFAULT ? )');
  t.equal(digestText('select a - 1, a + -1'), 'SELECT `a` - ? , `a` + ?');
  t.end();
});

t.test('keeps a column position: ORDER BY 1 and ORDER BY 2 have different digests', (t) => {
  t.equal(digestText('select a, b from t order by 1, 2 desc'), 'SELECT `a` , `b` FROM `t` ORDER BY 1 , 2 DESC');
  t.equal(digestText('select a from t order by 1 + 0'), 'SELECT `a` FROM `t` ORDER BY ? + ?');
  t.equal(digestText('select a from t order by 1'), 'SELECT `a` FROM `t` ORDER BY 1', 'also at the end');
  t.equal(digestText('select a from t order by a limit 1, 2'), 'SELECT `a` FROM `t` ORDER BY `a` LIMIT ?, ...');
  t.end();
});

t.test('the digest depends on the case of identifiers, and not on that of keywords', (t) => {
  t.equal(digestText('SeLeCt a FrOm t'), digestText('select a from t'));
  t.not(digestText('select A from t'), digestText('select a from t'));
  t.equal(digestText('select a from `t`'), digestText('select a from t'), 'quotes do not');
  t.equal(digestText('select "a"', { ansiQuotes: true }), 'SELECT `a`');
  t.end();
});

t.test('the digest drops comments, and keeps the content of versioned comments and optimizer hints', (t) => {
  t.equal(digestText('/* a */ select /*b*/ 1 -- c'), 'SELECT ?');
  t.equal(digestText('select /*!40001 sql_no_cache */ a /*M!100100 , b */'), 'SELECT SQL_NO_CACHE `a` , `b`');
  t.equal(digestText('select /*+ bka(t@q) */ 1'), 'SELECT /*+ BKA ( `t`@`q` ) */ ?');
  t.end();
});

t.test('no name looks like another token in a digest', (t) => {
  t.not(digestText('select `?`'), digestText('select 1'));
  t.not(digestText('select `a`` , ``b`'), digestText('select `a` , `b`'));
  t.end();
});

t.test('several statements in one text have one digest', (t) => {
  t.equal(digestText('select 1; select 2;'), 'SELECT ? ; SELECT ?');
  t.end();
});

t.test('statements that differ only in literals have the same digest', (t) => {
  const hasColumnPosition = (sql: string): boolean => /(?:BY|,|\() \d+( |$)/.test(digestText(sql));
  const statements = STATEMENTS.filter((sql) => !hasColumnPosition(sql));
  const changed = statements.filter((sql) => withOtherLiterals(sql) !== sql);
  t.ok(changed.length > 150, 'there are many such statements');
  t.strictSame(changed.map((sql) => digestText(withOtherLiterals(sql))), changed.map((sql) => digestText(sql)));
  t.end();
});

t.test('statements that differ only in layout have the same digest', (t) => {
  t.strictSame(STATEMENTS.map((sql) => digestText(withOtherLayout(sql))), STATEMENTS.map((sql) => digestText(sql)));
  t.end();
});

t.test('the hash of a digest is short, and differs for different texts', (t) => {
  t.equal(digestHash('SELECT ?'), '66cbb3a40d4bbd15');
  const texts = new Set(STATEMENTS.map((sql) => digestText(sql)));
  t.equal(new Set([...texts].map(digestHash)).size, texts.size);
  t.end();
});

t.test('shortens a long normal form after a whole token, and marks that', (t) => {
  const columns = Array.from({ length: 2000 }, (_, index) => `column${index}`).join(', ');
  const text = digestText(`select ${columns} from t`);
  t.ok(text.length <= MAX_DIGEST_TEXT_LENGTH + 4, `${text.length} characters`);
  t.match(text, /^SELECT `column0` , .* \.\.\.$/);
  t.equal(digestText(`select ${columns}, ${columns} from u`), text, 'what comes after the cut does not matter');
  t.equal(digestText(`select ${'x'.repeat(10_000)}, b`), 'SELECT ...', 'a huge name is left out whole');
  t.end();
});

t.test('a statement of a megabyte of literals has the digest of a small one', (t) => {
  const rows = '(1, 2), '.repeat(100_000);
  t.equal(digestText(`insert into t values ${rows}(3, 4)`), 'INSERT INTO `t` VALUES (...) /* , ... */');
  const list = '1, '.repeat(100_000);
  t.equal(digestText(`select 1 from t where a in (${list}2)`), 'SELECT ? FROM `t` WHERE `a` IN (...)');
  t.equal(digestText(`select '${'x'.repeat(1_000_000)}'`), 'SELECT ?');
  t.end();
});

t.test('any text has a digest, whole or cut off anywhere', (t) => {
  const texts = randomTexts(2);
  const limit = MAX_DIGEST_TEXT_LENGTH + 4;
  let tooLong = 0;
  const check = (sql: string): void => {
    if (digestText(sql).length > limit) tooLong += 1;
  };
  for (let count = 0; count < 10_000; count += 1) check(texts.next().value);
  STATEMENTS.flatMap(prefixesOf).forEach(check);
  t.equal(tooLong, 0);
  t.end();
});

t.test('reads at most twice the characters of a text of twice the length', (t) => {
  const read = (sql: string): number => charactersReadBy(() => digestText(sql));
  for (const piece of HOSTILE_PIECES) {
    const text = `select ${piece.repeat(2000)}`;
    t.ok(read(text + text) < 2.1 * read(text) + 200, piece);
  }
  t.end();
});
