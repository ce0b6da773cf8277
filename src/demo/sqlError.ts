import type { ServerError } from '../protocol/packets.js';
import { TABLES_TEXT } from './tables.js';

/** A statement that gets an ERR packet. Numbers and SQLSTATEs are those that a real server uses. */
export class SqlError extends Error implements ServerError {
  constructor(
    readonly code: number,
    readonly sqlState: string,
    message: string,
  ) {
    super(message);
    this.name = 'SqlError';
  }
}

/** The demo server knows little SQL, and says what. `near` is the text that it stopped at. */
export function notUnderstood(near: string): SqlError {
  const place = near === '' ? 'at the end of the statement' : `near '${near.slice(0, 60)}'`;
  return new SqlError(
    1064,
    '42000',
    `The demo server does not understand this ${place}. It knows: SELECT *, columns or count(*) ` +
      `FROM ${TABLES_TEXT} [LIMIT n]; SELECT of literals, ? and @@variables; ` +
      'SHOW TABLES, DATABASES, COLUMNS; SET; USE; BEGIN, COMMIT, ROLLBACK',
  );
}

export function unknownTable(name: string): SqlError {
  const message = `Table 'demo.${name}' doesn't exist; the demo server has ${TABLES_TEXT}`;
  return new SqlError(1146, '42S02', message);
}

export function unknownColumn(name: string, table: string): SqlError {
  return new SqlError(1054, '42S22', `Unknown column '${name}' in '${table}'`);
}
