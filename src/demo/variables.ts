import type { Cell } from './relation.js';
import { SqlError } from './sqlError.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/** The version in the greeting and in `SELECT VERSION()`. */
export const SERVER_VERSION = '8.0.0-sluice-demo';

/** The largest command that is accepted, in bytes: the default of MySQL 9.7. */
export const MAX_ALLOWED_PACKET_BYTES = 64 * 1024 * 1024;

/** The variables that drivers and command-line clients ask for when they connect. */
const VARIABLES = new Map<string, Cell>([
  ['auto_increment_increment', 1],
  ['autocommit', 1],
  ['character_set_client', 'utf8mb4'],
  ['character_set_connection', 'utf8mb4'],
  ['character_set_database', 'utf8mb4'],
  ['character_set_results', 'utf8mb4'],
  ['character_set_server', 'utf8mb4'],
  ['collation_connection', 'utf8mb4_general_ci'],
  ['collation_database', 'utf8mb4_general_ci'],
  ['collation_server', 'utf8mb4_general_ci'],
  ['foreign_key_checks', 1],
  ['hostname', 'localhost'],
  ['init_connect', ''],
  ['interactive_timeout', 28_800],
  ['license', 'MIT'],
  ['lower_case_table_names', 0],
  ['max_allowed_packet', MAX_ALLOWED_PACKET_BYTES],
  ['net_buffer_length', 16_384],
  ['net_read_timeout', 30],
  ['net_write_timeout', 60],
  ['performance_schema', 0],
  ['read_only', 0],
  ['socket', ''],
  ['sql_mode', 'STRICT_TRANS_TABLES'],
  ['sql_select_limit', null],
  ['system_time_zone', 'UTC'],
  ['time_zone', 'SYSTEM'],
  ['transaction_isolation', 'REPEATABLE-READ'],
  ['transaction_read_only', 0],
  ['tx_isolation', 'REPEATABLE-READ'],
  ['tx_read_only', 0],
  ['version', SERVER_VERSION],
  ['version_comment', 'Sluice demo server'],
  ['wait_timeout', 28_800],
]);

/**
 * The value of a variable, given in lower case: `@@name`, `@@session.name`, or an unset `@name`. Throws SqlError 1193
 * if a system variable is unknown.
 */
export function systemVariable(written: string): Cell {
  if (!written.startsWith('@@')) return null;
  const name = written.slice(2).replace(/^(session|global|local)\./, '');
  const value = VARIABLES.get(name);
  if (value === undefined) {
    throw new SqlError(ServerErrors.UNKNOWN_SYSTEM_VARIABLE, `Unknown system variable '${name}'`);
  }
  return value;
}
