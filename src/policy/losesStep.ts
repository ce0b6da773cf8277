import { Command } from '../protocol/commands.js';

/**
 * Whether a client is known to lose step after an error in the middle of a result.
 * @param attributes the client's connection attributes
 * @param code the byte of the command that is being answered
 * @param isAfterRows whether rows of the response have gone to the client
 */
export function losesStep(attributes: ReadonlyMap<string, string>, code: number, isAfterRows: boolean): boolean {
  const name = attributes.get('_client_name');
  if (name === undefined) return false;
  const version = attributes.get('_client_version') ?? '';
  const known = STEP_LOSERS.find((loser) => loser.name === name && loser.versions.test(version));
  if (known === undefined) return false;
  return known.situation === 'afterRows' ? isAfterRows : code === Command.STMT_EXECUTE || code === Command.STMT_FETCH;
}

/** The responses in which an error in the middle of a result makes a client lose step. */
type Situation =
  /** Every response of which it has rows already. */
  | 'afterRows'
  /** In those to executions of prepared statements, and to fetches from their cursors. */
  | 'prepared';

/**
 * A client that loses step after an error in the middle of a result: it takes later answers for those of other
 * statements.
 */
interface StepLoser {
  /** Its connection attribute `_client_name`. */
  readonly name: string;
  /** The affected versions, by the attribute `_client_version`. */
  readonly versions: RegExp;
  readonly situation: Situation;
}

/**
 * All known clients that lose step. They do so without Sluice too, if a `KILL QUERY` ends a result in the middle. A cut
 * brings this about in programs that never met it before.
 *
 * - MariaDB Connector/J, found with 3.5.11 and 4.0.0: a program reads a table as a stream (`setFetchSize`) and looks
 *   each row up on the same connection. The driver sends the second statement, reads the rest of the stream, meets the
 *   error there, and takes one response too few. From then on each statement gets the answer to the one before it, and
 *   `isValid()` is true. The second statement may come long after the error has gone out. On the wire nothing tells a
 *   stream from a result that is read at once. Therefore it does not matter whether a command is waiting. An error in
 *   place of the first row is safe, because the program has no row to look up yet. 2.7.6 keeps step.
 * - MySQL Connector/Python in pure Python, found with 9.7.0: `cursor(prepared=True).fetchall()` ignores the error and
 *   waits for ever for the next row. (Its C extension calls itself libmysql, and keeps step.)
 */
const STEP_LOSERS: readonly StepLoser[] = [
  { name: 'MariaDB Connector/J', versions: /^[34]\./, situation: 'afterRows' },
  { name: 'mysql-connector-python', versions: /^/, situation: 'prepared' },
];
