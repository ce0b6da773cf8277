import type { Ledger } from '../ledger.js';
import type { Entry } from '../../support/inProcess.js';
import type { Violations } from '../violations.js';
import type { Judged } from './judged.js';

// What an error has promised is kept.

const RUNS_ON = 'the statement runs to its end on the server';
const NOT_RUN = 'this command was not run';

/** A statement of which the error says that it runs to its end does, or a record and the log say that it did not. */
export const checkRunsOn = ({ usage, wrong, hasRecord, records }: Judged, log: readonly Entry[]): void => {
  const { error, last, connection } = usage;
  if (error === null || !error.includes(RUNS_ON) || last.isDone || connection.hasLostProcess) return;
  const failed = usage.statement.failsAfterRows !== null && last.isAnswered;
  const isEndedByServer = connection.serverEnd !== null || connection.wasDisturbed.server || last.killedAtMs !== null;
  const isTold = hasRecord((record) => record['statementEnded'] === true || record['givenUp'] !== undefined) &&
    log.some(({ level }) => level === 'warn');
  if (failed || isEndedByServer || isTold) return;
  wrong('promises', `it was to run to its end and did not: ${JSON.stringify(records)}`);
};

/** A command of which the error says that it was not run has not reached the server. */
export const checkNotRun = ({ connections }: Ledger, violations: Violations): void => {
  for (const { user, exchanges } of connections) {
    for (const exchange of exchanges) {
      const { error, arrivedAtMs, end, what } = exchange;
      if (arrivedAtMs === null && end === 'whole' && !what.isSilent) {
        violations.add('promises', `${user}, ${exchange.name}: answered, and never at the server`);
      }
      if (error?.message.includes(NOT_RUN) && arrivedAtMs !== null) {
        violations.add('promises', `${user}, ${exchange.name} was run, and the error says: ${error.message}`);
      }
    }
  }
};

/** Every command that the server got in order was answered, or was one that Sluice had refused. */
export const checkPassedOver = ({ connections }: Ledger, violations: Violations): void => {
  for (const { user, exchanges, arrived } of connections) {
    for (const exchange of exchanges.slice(0, arrived)) {
      if (exchange.arrivedAtMs !== null || exchange.error !== null) continue;
      const isLeft = exchange.end === 'lost' || exchange.what.isSilent;
      if (isLeft) continue;
      violations.add('commands', `${user}, ${exchange.name}: the server got later commands, and not this one`);
    }
  }
};
