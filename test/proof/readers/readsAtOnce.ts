const KIB = 1024;
/** Streams of Node.js 22 and later keep 64 KiB instead of 16. */
const NODE_READS_BYTES = (Number.parseInt(process.versions.node, 10) < 22 ? 130 : 194) * KIB;

/**
 * The most bytes that each streaming driver reads before its program has worked on the first row. `readAhead.test.ts`
 * measures them, and src/help/rules.md has them. Infinity: it reads everything, however slowly the program works.
 */
export const READS_AT_ONCE: ReadonlyMap<string, number> = new Map([
  ['MySQL Connector/J 9.7, streaming', 18 * KIB],
  ['MySQL Connector/J 26.10, streaming', 18 * KIB],
  ['MariaDB Connector/J 3.5, streaming', 18 * KIB],
  ['MariaDB Connector/J 4.0, streaming', 18 * KIB],
  ['HikariCP, streaming', 18 * KIB],
  ['r2dbc-mysql, streaming', KIB * KIB],
  ['r2dbc-mariadb, streaming', KIB * KIB],
  ['Connector/Python, streaming', 18 * KIB],
  ['Connector/Python, pure, streaming', 4 * KIB],
  ['Connector/Python, prepared, streaming', 18 * KIB],
  ['MySQLdb, streaming', 18 * KIB],
  ['PyMySQL 1.2, streaming', 9 * KIB],
  ['aiomysql, streaming', 384 * KIB],
  ['asyncmy, streaming', Infinity],
  ['SQLAlchemy, streaming', 9 * KIB],
  ['pandas, streaming', 110 * KIB],
  ['Django, streaming', 9 * KIB],
  ['go-sql-driver, streaming', 5 * KIB],
  ['go-sql-driver, prepared, streaming', 5 * KIB],
  ['mysql2, streaming', NODE_READS_BYTES],
  ['mysql2, prepared, streaming', NODE_READS_BYTES],
  ['mariadb for Node, streaming', NODE_READS_BYTES],
  ['mysql for Rust, streaming', 66 * KIB],
  ['mysql_async, streaming', 9 * KIB],
  ['sqlx, streaming', 9 * KIB],
]);
