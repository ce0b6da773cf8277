// How drivers, pools and frameworks react to an error in the middle of a result. The facts come from their sources or
// from trials. HikariCP 7.1, MariaDB Connector/J 3.5 and 4.0, MySQL Connector/J 9.7, r2dbc-mariadb and r2dbc-mysql 1.4.

import { type ErrorNumber, GENERAL_ERROR, ServerErrors } from '../protocol/errorCodes.js';
import type { Match } from './config.js';
import { stateInConnectorJ } from './connectorJStates.js';

/**
 * Warns about the reaction of clients to the error that a rule, or the global settings, configure.
 * @param path of the error's settings, such as "onExceed.error"
 * @param inherited the error that applies without these settings; a warning about it is not repeated
 * @param match the conditions of the rule; undefined for the global settings
 * @param plain an error that clients treat as one of the statement alone
 */
export function* errorAdvice(
  error: ErrorNumber, path: string, inherited: ErrorNumber | undefined, match: Match | undefined,
  plain = PLAIN_ERROR,
): Generator<string> {
  const { code, sqlState } = error;
  if (code !== inherited?.code) yield* codeAdvice(code, path, plain);
  if (inherited === undefined || !isSame(error, inherited)) yield* replacementAdvice(error, path, plain);
  if (sqlState === inherited?.sqlState) return;
  if (isSame(error, TOO_BIG_SELECT) && match !== undefined && isForPrograms(match)) return;
  for (const consequence of consequencesOf(sqlState)) {
    yield `${path}.sqlState: on ${sqlState} ${consequence}; ${plain.sqlState} has no such effect`;
  }
}

/** The error of a cut, unless the configuration sets another one. */
export const PLAIN_ERROR: ErrorNumber = ServerErrors.CAPACITY_EXCEEDED;

/** The error of a refusal, unless the configuration sets another one. */
export const REFUSED_ERROR: ErrorNumber = ServerErrors.AUDIT_API_ABORT;
export const REFUSED_MESSAGE = 'sluice: statement refused (rule {rule})';

/** The error that r2dbc-mariadb does not treat as transient. */
const TOO_BIG_SELECT: ErrorNumber = ServerErrors.TOO_BIG_SELECT;

const CODES: readonly { codes: readonly number[]; consequence: string }[] = [
  { codes: [1105], consequence: 'HikariCP throws the connection away' },
  { codes: [1205, 1213], consequence: 'frameworks run the transaction again' },
  { codes: [1317, 1969, 3024], consequence: 'drivers report a time-out, and programs run the statement again' },
  { codes: [1927, 4031], consequence: 'SQLAlchemy treats it as a lost connection' },
  {
    codes: [
      1004, 1005, 1015, 1021, 1023, 1037, 1038, 1040, 1041, 1042,
      1043, 1045, 1047, 1053, 1081, 1129, 1130, 1142, 1227, 1290,
    ],
    consequence: 'Druid throws the connection away',
  },
];

/** The reaction to an SQLSTATE, by the two characters of its class. */
const CLASSES: Readonly<Record<string, string>> = {
  '01': 'by its class it is no error',
  '02': 'by its class it is no error',
  '08': 'HikariCP and Druid throw the connection away',
  '0A': 'drivers report a feature that is not supported',
  '20': 'MariaDB Connector/J reports bad SQL',
  '21': 'MariaDB Connector/J reports a violated constraint',
  '22': 'MySQL Connector/J reports a data truncation',
  '23': 'drivers report a violated constraint',
  '25': 'MariaDB Connector/J reports a missing permission',
  '26': 'MariaDB Connector/J reports bad SQL',
  '28': 'MariaDB Connector/J reports a missing permission',
  '2F': 'MariaDB Connector/J reports bad SQL',
  '40': 'frameworks run the transaction again',
  '42': 'drivers and frameworks report bad SQL',
  '45': 'MariaDB Connector/J reports a transient error of the connection, and applications an error of their own',
  'XA': 'MariaDB Connector/J reports bad SQL',
};

/** The reaction to a class that MariaDB Connector/J does not know. */
const UNKNOWN_CLASS = 'MariaDB Connector/J reports a transient error of the connection';

const EVICTED_BY_HIKARI = /^(0A000|57P0[123]|01002|JZ0C[01])$/;

function consequencesOf(sqlState: string): string[] {
  if (sqlState.startsWith('HY')) return [];
  if (sqlState === ServerErrors.CONNECTION_KILLED.sqlState) return ['MariaDB Connector/J reports a time-out'];
  const byClass = CLASSES[sqlState.slice(0, 2)] ?? UNKNOWN_CLASS;
  return EVICTED_BY_HIKARI.test(sqlState) ? [byClass, 'HikariCP throws the connection away'] : [byClass];
}

/** Whether a rule is for certain programs. Its author may know their drivers. */
function isForPrograms({ program, client, attributes = {} }: Match): boolean {
  return program !== undefined || client !== undefined || Object.keys(attributes).length > 0;
}

function isSame(one: ErrorNumber, other: ErrorNumber): boolean {
  return one.code === other.code && one.sqlState === other.sqlState;
}

/** Warns about an error number that clients treat in a special way with any SQLSTATE. */
function* codeAdvice(code: number, path: string, plain: ErrorNumber): Generator<string> {
  for (const { codes, consequence } of CODES) {
    if (codes.includes(code)) yield `${path}.code: on ${code} ${consequence}; ${plain.code} has no such effect`;
  }
}

/** Warns if MySQL Connector/J replaces the SQLSTATE. */
function* replacementAdvice({ code, sqlState }: ErrorNumber, path: string, plain: ErrorNumber): Generator<string> {
  const replacement = sqlState === GENERAL_ERROR ? stateInConnectorJ(code) : null;
  if (replacement === null) return;
  const isEvicted = replacement.startsWith('08') || EVICTED_BY_HIKARI.test(replacement);
  const consequence = isEvicted ? ', and pools throw the connection away' : '';
  yield `${path}.code: on ${code} MySQL Connector/J replaces HY000 by ${replacement}${consequence}; ` +
    `${plain.code} has no such effect`;
}
