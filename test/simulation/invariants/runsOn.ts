import type { WorldRun } from '../runWorld.js';

/**
 * A statement that was expected to run to its end is not ended because its client has left: only an administrator ends
 * it, or a bound of `drain`, and the record then has `givenUp`.
 */
export const checkRunsOnWithoutClient = ({ records, plan, violations }: WorldRun): void => {
  const isOrdered = plan.acts.some(({ do: what }) => what === 'stop' || what === 'end' || what === 'kill');
  if (isOrdered) return;
  for (const { statementEnded, givenUp, sql } of records) {
    if (statementEnded !== true || givenUp !== undefined) continue;
    violations.add('promises', `it was to run to its end, and nobody but its client has ended it: ${String(sql)}`);
  }
};
