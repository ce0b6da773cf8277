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

t.test('reads comments, hints and executable comments as white space anywhere', async (t) => {
  for (const sql of [
    'select * from events',
    '/* sluice: rows=5 */ SELECT /*!40001 SQL_NO_CACHE */ * FROM `events`;',
    '-- first\n# second\nSELECT\t*/**/FROM demo.events -- last',
    'SELECT * FROM `demo`.`events` /* never closed',
  ]) t.strictSame(parse(sql), [rows('*')], sql);
});

t.test('reads a LIMIT as a count, as an offset and a count in either order, and from parameters', async (t) => {
  t.strictSame(parse('SELECT id FROM events LIMIT 5'), [rows(['id'], { offset: 0, count: 5 })]);
  t.strictSame(parse('SELECT id, at FROM events LIMIT 2, 5'), [rows(['id', 'at'], { offset: 2, count: 5 })]);
  t.strictSame(parse('SELECT id FROM events LIMIT 5 OFFSET 2'), [rows(['id'], { offset: 2, count: 5 })]);
  const [parsed] = [...parseStatements('SELECT id FROM events LIMIT ?, ?')];
  t.strictSame(parsed?.statement, rows(['id'], { offset: { index: 0 }, count: { index: 1 } }));
  t.equal(parsed?.parameterCount, 2);
});

t.test('reads doubled and escaped quotes in a string, and a semicolon as part of it', async (t) => {
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

t.test('gives the statements before a wrong one, then the error', async (t) => {
  const statements = parseStatements('SET a = 1; USE `shop`; nonsense');
  t.match(statements.next().value, { statement: { kind: 'set' }, isFollowed: true });
  t.match(statements.next().value, { statement: { kind: 'use', schema: 'shop' }, isFollowed: true });
  t.throws(() => statements.next(), { code: 1064, sqlState: '42000' });
});

t.test('an error for an unknown statement says where it stands and what is known', async (t) => {
  t.match(refused('SELECT * FROM events WHERE id = 1'), { code: 1064, message: "near 'WHERE id = 1'" });
  t.match(refused('SELECT'), { code: 1064, message: 'at the end of the statement' });
  t.match(refused('DROP TABLE events').message, 'SELECT *, columns or count(*) FROM orders');
  t.match(refused("SELECT 'abc"), { code: 1064 });
  t.match(refused('  /* nothing */ '), { code: 1065, message: 'Query was empty' });
});

t.test('parses a statement of many megabytes in linear time and without deep recursion', async (t) => {
  const long = 'x'.repeat(8 * 1024 * 1024);
  t.equal(parse(`SELECT '${long}'`).length, 1);
  t.equal(parse(`/*${'*'.repeat(8 * 1024 * 1024)}*/ SELECT 1`).length, 1);
  t.equal(refused(`SELECT ${'1,'.repeat(1_000_000)}1`).code, 1064, 'no result has so many columns');
  t.equal(refused(`SELECT ${'('.repeat(1_000_000)}`).code, 1064);
});
