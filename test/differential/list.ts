import type { Group } from './line.js';
import { commandGroups } from './list/commands.js';
import { preparedGroups } from './list/prepared.js';
import { resultGroups } from './list/results.js';
import { statementGroups } from './list/statements.js';
import { transferGroups } from './list/transfers.js';
import { types } from './list/types.js';

/** Everything that is sent to a server without and with the proxy. A new case is a line in one of these. */
export const LIST: readonly Group[] = [
  ...types, ...resultGroups, ...statementGroups, ...preparedGroups, ...commandGroups, ...transferGroups,
];
