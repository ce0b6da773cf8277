import { Command } from '../protocol/commands.js';

/**
 * Whether a client loses step by an error in the middle of a result, as far as is known.
 * @param attributes its connection attributes
 * @param code the byte of the command that is being answered
 * @param isBehindRows rows of the response have gone to the client
 */
export function losesStep(attributes: ReadonlyMap<string, string>, code: number, isBehindRows: boolean): boolean {
  const name = attributes.get('_client_name');
  if (name === undefined) return false;
  const version = attributes.get('_client_version') ?? '';
  const known = STEP_LOSERS.find((loser) => loser.name === name && loser.versions.test(version));
  if (known === undefined) return false;
  return known.situation === 'behindRows' ? isBehindRows : code === Command.STMT_EXECUTE || code === Command.STMT_FETCH;
}

/** In which responses an error in the middle of a result makes a client lose step. */
type Situation =
  /** In each of which it has rows already. */
  | 'behindRows'
  /** In those to executions of prepared statements, and to fetches from their cursors. */
  | 'prepared';

/** A client that does not follow its connection any more behind an error in the middle of a result. */
interface StepLoser {
  /** Its connection attribute `_client_name`. */
  readonly name: string;
  /** Its versions, by the attribute `_client_version`. */
  readonly versions: RegExp;
  readonly situation: Situation;
}

/**
 * All that are known. They do the same without Sluice where a `KILL QUERY` ends a result in the middle; a cut brings it
 * about where nothing did.
 *
 * - MariaDB Connector/J, found with 3.5.11 and 4.0.0 by a program that reads a table as a stream (`setFetchSize`) and
 *   looks each row up on the same connection. The driver sends the second statement, reads the rest of the stream,
 *   meets the error there, and takes one response too few. From then on each statement gets the answer to the one
 *   before it, and `isValid()` is true. The second statement may come long after the error has gone out, and on the
 *   wire nothing tells a stream from a result that is read at once: so whether a command waits does not matter. An
 *   error in place of the first row is met before the program has a row to look up, and keeps the connection. 2.7.6
 *   keeps step.
 * - MySQL Connector/Python in pure Python, found with 9.7.0: `cursor(prepared=True).fetchall()` passes over the error
 *   and waits for ever for the next row. (Its C extension calls itself libmysql, and does not.)
 */
const STEP_LOSERS: readonly StepLoser[] = [
  { name: 'MariaDB Connector/J', versions: /^[34]\./, situation: 'behindRows' },
  { name: 'mysql-connector-python', versions: /^/, situation: 'prepared' },
];
