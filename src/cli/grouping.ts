import { GROUPINGS, parseGrouping, PROPERTIES, type Grouping } from '../statistics/grouping.js';
import { type Arguments, type Flag, UsageError } from './command.js';
import { describeFlag } from './flags.js';

/** The flag --group-by. */
export const groupByOption: Flag = {
  describe: describeFlag('WHAT', `what to group results by: ${GROUPINGS}`),
  defaultDescription: 'digest',
  requiresArg: true,
  values: PROPERTIES,
};

/** Reads the flag --group-by. @throws {UsageError} */
export function groupingFrom({ 'group-by': given }: Arguments): Grouping {
  const grouping = given === undefined ? 'digest' : parseGrouping(String(given));
  if (grouping !== null) return grouping;
  throw new UsageError([`--group-by: expected ${GROUPINGS}, got ${JSON.stringify(given)}`]);
}
