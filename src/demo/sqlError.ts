import type { ServerError } from '../protocol/packets.js';
import { TABLES_TEXT } from './tables.js';
import { type ErrorNumber, ServerErrors } from '../protocol/errorCodes.js';

/** The error of a statement, which becomes an ERR packet. Numbers and SQLSTATEs are those of real servers. */
export class SqlError extends Error implements ServerError {
  readonly code: number;
  readonly sqlState: string;

  constructor({ code, sqlState }: ErrorNumber, message: string) {
    super(message);
    this.name = 'SqlError';
    this.code = code;
    this.sqlState = sqlState;
  }
}

/**
 * The error for SQL that the demo server does not know. Its message lists the statements that it knows.
 * @param near the text at which reading stopped
 */
export function notUnderstood(near: string): SqlError {
  const place = near === '' ? 'at the end of the statement' : `near '${near.slice(0, 60)}'`;
  return new SqlError(
    ServerErrors.PARSE_ERROR,
    `The demo server does not understand this ${place}. It knows: SELECT *, columns or count(*) ` +
      `FROM ${TABLES_TEXT} [LIMIT n]; SELECT of literals, ? and @@variables; ` +
      'SHOW TABLES, DATABASES, COLUMNS; SET; USE; BEGIN, COMMIT, ROLLBACK',
  );
}

/** The error for a table that the demo does not have. */
export function unknownTable(name: string): SqlError {
  const message = `Table 'demo.${name}' doesn't exist; the demo server has ${TABLES_TEXT}`;
  return new SqlError(ServerErrors.NO_SUCH_TABLE, message);
}

/** The error for a column that a table does not have. */
export function unknownColumn(name: string, table: string): SqlError {
  return new SqlError(ServerErrors.BAD_FIELD_ERROR, `Unknown column '${name}' in '${table}'`);
}
