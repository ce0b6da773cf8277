const KIB = 1024;
/** Streams of Node.js 22 and later keep 64 KiB instead of 16. */
const NODE_READS_BYTES = (Number.parseInt(process.versions.node, 10) < 22 ? 130 : 194) * KIB;
/** Streams of Node.js keep 16 objects. */
const NODE_ROWS = 18;
/** The row that the program works on, and the next one. */
const FEW_ROWS = 2;

/**
 * What each streaming driver reads before its program has worked on the first row: at most these bytes, and this many
 * rows besides. `readAhead.test.ts` measures it, and src/help/rules.md tells it. Infinity: it reads everything, however
 * slowly the program works.
 */
const READS: Readonly<Record<string, readonly [bytes: number, rows?: number]>> = {
  'MySQL Connector/J 9.7': [18 * KIB],
  'MySQL Connector/J 26.10': [18 * KIB],
  'MariaDB Connector/J 3.5': [18 * KIB],
  'MariaDB Connector/J 4.0': [18 * KIB],
  HikariCP: [18 * KIB],
  'r2dbc-mysql': [18 * KIB, 800],
  'r2dbc-mariadb': [24 * KIB, 530],
  'Connector/Python': [18 * KIB],
  'Connector/Python, pure': [4 * KIB],
  'Connector/Python, prepared': [18 * KIB],
  MySQLdb: [18 * KIB],
  'PyMySQL 1.2': [9 * KIB],
  aiomysql: [384 * KIB],
  asyncmy: [Infinity],
  SQLAlchemy: [9 * KIB],
  pandas: [10 * KIB, 100],
  Django: [9 * KIB],
  'go-sql-driver': [5 * KIB],
  'go-sql-driver, prepared': [5 * KIB],
  mysql2: [NODE_READS_BYTES, NODE_ROWS],
  'mysql2, prepared': [NODE_READS_BYTES, NODE_ROWS],
  'mariadb for Node': [NODE_READS_BYTES, NODE_ROWS],
  'mysql for Rust': [66 * KIB],
  mysql_async: [9 * KIB],
  sqlx: [9 * KIB],
};

/**
 * The most bytes that a streaming driver reads before its program has worked on the first row.
 * @param driver its name, as a cell of the matrix has it
 * @param rowBytes the size of a row's packet
 * @param batches how many times it takes its number of rows: some ask for the next ones long before the last is worked on
 */
export const readsAtOnceBytes = (driver: string, rowBytes: number, batches = 1): number => {
  const [bytes, rows = FEW_ROWS] = READS[driver]!;
  return bytes + batches * rows * rowBytes;
};
