import type { ConnectionLedger } from '../ledger.js';
import type { WorldRun } from '../runWorld.js';
import { tagIn } from '../statements.js';

/**
 * A statement that was promised to run to its end is not ended because its client has left: only an administrator ends
 * it, its server, or a bound of `drain`, and the record then has `givenUp`. One that asks for a file ends all the same:
 * nobody else has the file.
 */
export const checkRunsOnWithoutClient = ({ records, plan, ledger, violations }: WorldRun): void => {
  const isOrdered = plan.acts.some(({ do: what }) => what === 'stop' || what === 'end' || what === 'kill');
  if (isOrdered) return;
  for (const { statementEnded, givenUp, sql, client } of records) {
    if (statementEnded !== true || givenUp !== undefined) continue;
    const connection = ledger.connections.find(({ clientPort }) => String(client).endsWith(`:${clientPort}`));
    if (connection === undefined || !wasPromised(connection, tagIn(String(sql)))) continue;
    const isServerLost = connection.serverEnd !== null || connection.wasDisturbed.server;
    if (isServerLost) continue;
    violations.add('promises', `it was to run to its end, and nobody but its client has ended it: ${String(sql)}`);
  }
};

/** The client got that error, and is not needed: a statement that was sent ahead may have been cut without a client. */
const wasPromised = ({ exchanges }: ConnectionLedger, tag: number | null): boolean =>
  exchanges.some(({ tag: own, error, what }) => own === tag && error?.message.includes(RUNS_ON) === true &&
    what.statement?.answers.some(({ kind }) => kind === 'file') !== true);

const RUNS_ON = 'the statement runs to its end on the server';
