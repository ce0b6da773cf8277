import t from 'tap';
import { parseStatements, type Statement } from '../../src/demo/sql.js';
import type { SqlError } from '../../src/demo/sqlError.js';

const parse = (sql: string): Statement[] => [...parseStatements(sql)].map(({ statement }) => statement);
const refused = (sql: string): SqlError => {
  try {
    parse(sql);
  } catch (error) {
    return error as SqlError;
  }
  throw new Error(`${sql} was understood`);
};
const rows = (columns: readonly string[] | '*', limit: object = { offset: 0, count: Infinity }): object => {
  return { kind: 'rows', table: 'events', columns, limit };
};

t.test('comments, hints and executable comments are white space, wherever they stand', async (t) => {
  for (const sql of [
    'select * from events',
    '/* sluice: rows=5 */ SELECT /*!40001 SQL_NO_CACHE */ * FROM `events`;',
    '-- first\n# second\nSELECT\t*/**/FROM demo.events -- last',
    'SELECT * FROM `demo`.`events` /* never closed',
  ]) t.strictSame(parse(sql), [rows('*')], sql);
});

t.test('a LIMIT is a count, an offset with a count in either order, or brought by parameters', async (t) => {
  t.strictSame(parse('SELECT id FROM events LIMIT 5'), [rows(['id'], { offset: 0, count: 5 })]);
  t.strictSame(parse('SELECT id, at FROM events LIMIT 2, 5'), [rows(['id', 'at'], { offset: 2, count: 5 })]);
  t.strictSame(parse('SELECT id FROM events LIMIT 5 OFFSET 2'), [rows(['id'], { offset: 2, count: 5 })]);
  const [parsed] = [...parseStatements('SELECT id FROM events LIMIT ?, ?')];
  t.strictSame(parsed?.statement, rows(['id'], { offset: { index: 0 }, count: { index: 1 } }));
  t.equal(parsed?.parameterCount, 2);
});

t.test('quotes in a string are written twice or escaped, and a semicolon in it ends nothing', async (t) => {
  const [statement] = parse(`SELECT 'it''s', "a\\"b\\n;c" AS \`x\`\`y\`, -1.5`);
  t.match(statement, {
    kind: 'values',
    items: [
      { name: "it's", expression: { value: { value: "it's" } } },
      { name: 'x`y', expression: { value: { value: 'a"b\n;c' } } },
      { name: '-1.5', expression: { value: { value: '-1.5' } } },
    ],
  });
});

t.test('statements before one that is wrong are there before the error', async (t) => {
  const statements = parseStatements('SET a = 1; USE `shop`; nonsense');
  t.match(statements.next().value, { statement: { kind: 'set' }, isFollowed: true });
  t.match(statements.next().value, { statement: { kind: 'use', schema: 'shop' }, isFollowed: true });
  t.throws(() => statements.next(), { code: 1064, sqlState: '42000' });
});

t.test('what is not known gets an error that says where it stands, and what is known', async (t) => {
  t.match(refused('SELECT * FROM events WHERE id = 1'), { code: 1064, message: "near 'WHERE id = 1'" });
  t.match(refused('SELECT'), { code: 1064, message: 'at the end of the statement' });
  t.match(refused('DROP TABLE events').message, 'SELECT *, columns or count(*) FROM orders');
  t.match(refused("SELECT 'abc"), { code: 1064 });
  t.match(refused('  /* nothing */ '), { code: 1065, message: 'Query was empty' });
});

t.test('a statement of many megabytes takes time in proportion, and no deep stack', async (t) => {
  const long = 'x'.repeat(8 * 1024 * 1024);
  t.equal(parse(`SELECT '${long}'`).length, 1);
  t.equal(parse(`/*${'*'.repeat(8 * 1024 * 1024)}*/ SELECT 1`).length, 1);
  t.equal(refused(`SELECT ${'1,'.repeat(1_000_000)}1`).code, 1064, 'no result has so many columns');
  t.equal(refused(`SELECT ${'('.repeat(1_000_000)}`).code, 1064);
});
