// What drivers, pools and frameworks make of an error in the middle of a result: read in their source, or tried with
// them. HikariCP 7.1, MariaDB Connector/J 3.5 and 4.0, MySQL Connector/J 9.7, r2dbc-mariadb and r2dbc-mysql 1.4.

import type { ErrorNumber, Match } from './config.js';
import { stateInConnectorJ } from './connectorJStates.js';

/**
 * What clients would make of the error that a place of the configuration sets.
 * @param path of the error's settings, as "onExceed.error"
 * @param inherited what holds where the place says nothing; nothing is said of that again
 * @param match the conditions of the place; undefined where it is not a rule
 */
export function* errorAdvice(
  error: ErrorNumber, path: string, inherited: ErrorNumber | undefined, match: Match | undefined,
): Generator<string> {
  const { code, sqlState } = error;
  if (code !== inherited?.code) yield* codeAdvice(code, path);
  if (inherited === undefined || !isSame(error, inherited)) yield* replacementAdvice(error, path);
  if (sqlState === inherited?.sqlState) return;
  if (isSame(error, TOO_BIG_SELECT) && match !== undefined && isForPrograms(match)) return;
  for (const consequence of consequencesOf(sqlState)) {
    yield `${path}.sqlState: on ${sqlState} ${consequence}; not so on ${PLAIN_ERROR.sqlState}`;
  }
}

/** ER_CAPACITY_EXCEEDED of MySQL, an error of this statement and nothing more to every pool that was tried. */
export const PLAIN_ERROR: ErrorNumber = { code: 3170, sqlState: 'HY000' };

/** ER_TOO_BIG_SELECT: the one that r2dbc-mariadb does not take for transient. */
const TOO_BIG_SELECT: ErrorNumber = { code: 1104, sqlState: '42000' };

const CODES: readonly { codes: readonly number[]; consequence: string }[] = [
  { codes: [1105], consequence: 'HikariCP throws the connection away' },
  { codes: [1205, 1213], consequence: 'frameworks run the transaction again' },
  { codes: [1317, 1969, 3024], consequence: 'drivers report a time-out, and programs run the statement again' },
  { codes: [1927, 4031], consequence: 'SQLAlchemy takes it for a lost connection' },
  {
    codes: [
      1004, 1005, 1015, 1021, 1023, 1037, 1038, 1040, 1041, 1042,
      1043, 1045, 1047, 1053, 1081, 1129, 1130, 1142, 1227, 1290,
    ],
    consequence: 'Druid throws the connection away',
  },
];

/** What is made of an SQLSTATE, by the two characters of its class. */
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

/** Of a class that MariaDB Connector/J does not know. */
const UNKNOWN_CLASS = 'MariaDB Connector/J reports a transient error of the connection';

const EVICTED_BY_HIKARI = /^(0A000|57P0[123]|01002|JZ0C[01])$/;

function consequencesOf(sqlState: string): string[] {
  if (sqlState.startsWith('HY')) return [];
  if (sqlState === '70100') return ['MariaDB Connector/J reports a time-out'];
  const byClass = CLASSES[sqlState.slice(0, 2)] ?? UNKNOWN_CLASS;
  return EVICTED_BY_HIKARI.test(sqlState) ? [byClass, 'HikariCP throws the connection away'] : [byClass];
}

/** Whether a rule is for certain programs, whose drivers its author may know. */
function isForPrograms({ program, client, attributes = {} }: Match): boolean {
  return program !== undefined || client !== undefined || Object.keys(attributes).length > 0;
}

function isSame(one: ErrorNumber, other: ErrorNumber): boolean {
  return one.code === other.code && one.sqlState === other.sqlState;
}

/** What a number is taken for, whatever SQLSTATE stands beside it. */
function* codeAdvice(code: number, path: string): Generator<string> {
  for (const { codes, consequence } of CODES) {
    if (codes.includes(code)) yield `${path}.code: on ${code} ${consequence}; not so on ${PLAIN_ERROR.code}`;
  }
}

/** Says where MySQL Connector/J replaces the SQLSTATE. */
function* replacementAdvice({ code, sqlState }: ErrorNumber, path: string): Generator<string> {
  const replacement = sqlState === 'HY000' ? stateInConnectorJ(code) : null;
  if (replacement === null) return;
  const isEvicted = replacement.startsWith('08') || EVICTED_BY_HIKARI.test(replacement);
  const consequence = isEvicted ? ', and pools throw the connection away' : '';
  yield `${path}.code: on ${code} MySQL Connector/J makes ${replacement} of HY000${consequence}; ` +
    `not so on ${PLAIN_ERROR.code}`;
}
