import type { GovernedUsage } from './governedUsage.js';
import type { Reason } from './terms.js';

/** The advice in the error of a cut: what the author of the statement or of the program can do. */
export function cutAdvice(usage: GovernedUsage, reason: Reason, { rows, mayStream, attributes }: CutPlace): string {
  const isRowTooLarge = reason === 'bytes' && rows === 0;
  const streams = mayStream && usage.terms.source.fixedClass === null;
  const remedy = streams ? `add a LIMIT, or stream it: ${streamingCall(attributes)}` : READ_LESS;
  return (isRowTooLarge ? ONE_ROW : remedy) + hintRemark(usage);
}

/** Says that the statement's hint was not followed; empty if it has none, or if it was. */
export function hintRemark({ statement: { hint }, firstTerms }: GovernedUsage): string {
  const { signal, source, treatment } = firstTerms;
  const isFollowed = signal === 'hint' || (signal === null && firstTerms !== source.buffered);
  if (hint.kind !== 'hint' || isFollowed) return '';
  return ` (its hint was refused: hints is "${treatment.hints}")`;
}

/** Where and for whom a result is cut. */
export interface CutPlace {
  /** The rows before the cut, and their bytes. */
  readonly rows: number;
  readonly bytes: number;
  /** Whether a signal is trusted that tells a stream. */
  readonly mayStream: boolean;
  /** The connection attributes of the client. */
  readonly attributes: ReadonlyMap<string, string>;
}

const ONE_ROW = 'select fewer columns, for one row alone is larger';
const READ_LESS = 'add a LIMIT, aggregate, or select fewer columns';

/** How the driver of a client reads row by row. */
function streamingCall(attributes: ReadonlyMap<string, string>): string {
  for (const name of ['program_name', '_connector_name', '_client_name']) {
    const call = STREAMING_CALLS.get(attributes.get(name) ?? '');
    if (call !== undefined) return call;
  }
  return 'read it row by row';
}

/** What a program writes to read row by row, by the name of the program, the connector or the client library. */
const STREAMING_CALLS: ReadonlyMap<string, string> = new Map([
  ['mysql', 'mysql --quick'],
  ['mysqldump', 'mysqldump --quick'],
  ['MySQL Connector/J', 'statement.setFetchSize(Integer.MIN_VALUE)'],
  ['MariaDB Connector/J', 'statement.setFetchSize(1000)'],
  ['mysql-connector-python', 'cursor(buffered=False), then fetchmany()'],
  ['pymysql', 'pymysql.cursors.SSCursor'],
  ['aiomysql', 'aiomysql.SSCursor'],
  ['libmysql', 'mysql_use_result(), in Python MySQLdb.cursors.SSCursor'],
  ['libmariadb', 'mysql_use_result(), in Python MySQLdb.cursors.SSCursor'],
  ['mysqlnd', 'MYSQLI_USE_RESULT, or PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => false'],
  ['Node-MySQL-2', 'connection.query(sql).stream()'],
  ['MariaDB connector/Node', 'connection.queryStream(sql)'],
  ['Go-MySQL-Driver', 'work on each row inside rows.Next(), and keep none'],
]);
