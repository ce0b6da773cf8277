import type { ConnectionLedger, Exchange } from '../ledger.js';
import type { WorldRun } from '../runWorld.js';
import { tagIn } from '../statements.js';

/**
 * A statement with the promise that it runs to its end is not ended because its client has left. Only an administrator
 * ends it, its server, or a bound of `drain`; then the record has `givenUp`. A statement that asks for a file ends all
 * the same: nobody else has the file. No record reports a broken promise that no client got.
 */
export const checkRunsOnWithoutClient = ({ records, plan, ledger, violations }: WorldRun): void => {
  const isOrdered = plan.acts.some(({ do: what }) => what === 'stop' || what === 'end' || what === 'kill');
  if (isOrdered) return;
  for (const { statementEnded, givenUp, sql, client } of records) {
    if (statementEnded !== true) continue;
    const connection = ledger.connections.find(({ clientPort }) => String(client).endsWith(`:${clientPort}`));
    if (connection === undefined) continue;
    const own = connection.exchanges.filter(({ tag }) => tag === tagIn(String(sql)));
    const wrong = (text: string): void => violations.add('promises', `${text}: ${String(sql)}`);
    if (!isPromised(own)) {
      if (!isHindered(connection)) wrong('it was ended, a record says, against a promise that its client did not get');
    } else if (givenUp === undefined && !isServerLost(connection) && !lacksFile(connection, own)) {
      wrong('it was to run to its end, and nobody but its client has ended it');
    }
  }
};

const isPromised = (exchanges: readonly Exchange[]): boolean =>
  exchanges.some(({ error }) => error?.message.includes(RUNS_ON) === true);

/** Whether the error may not have reached the client: it left, was disturbed, or paused. */
const isHindered = ({ clientEnd, wasDisturbed, exchanges }: ConnectionLedger): boolean =>
  clientEnd !== null || wasDisturbed.client || exchanges.some(({ hasPaused }) => hasPaused);

const isServerLost = ({ serverEnd, wasDisturbed }: ConnectionLedger): boolean =>
  serverEnd !== null || wasDisturbed.server;

/** A server that asks for a file gets none after the end of its client. */
const lacksFile = ({ clientEnd }: ConnectionLedger, exchanges: readonly Exchange[]): boolean =>
  clientEnd !== null &&
  exchanges.some(({ what: { statement } }) => statement?.answers.some(({ kind }) => kind === 'file') === true);

const RUNS_ON = 'the statement runs to its end on the server';
