import { SLUICE } from '../config.js';
import type { WorldRun } from '../runWorld.js';

/** At the end nothing remains: no session, connection, timer, byte of the budget, or client that counts as stalled. */
export const checkRemains = ({ proxy, program, world, sessions, violations, clients, ledger }: WorldRun): void => {
  const remains = (what: string, count: number): void => {
    if (count !== 0) violations.add('nothing remains', `${count} ${what}`);
  };
  const status = program.statusOf(proxy!);
  remains('sessions', sessions.size);
  remains('open sessions in the status', status.openSessions);
  remains('drains without their clients', status.clientlessDrains);
  remains('stalled sessions', status.stalledSessions);
  remains('bytes of the budget', status.budgetUsedBytes);
  remains('timers', world.sluice.openTimers);
  // The kernel may still have bytes for an end that a cut cable keeps from taking them.
  const open = [...world.network.links].flatMap(({ from, to }) => [from, to])
    .filter(({ ends, isClosed }) => ends.local.host === SLUICE.host && !isClosed);
  const names = open.map(({ ends }) => `to ${ends.remote.host}`);
  remains(`connections: ${names.join(', ')}`, open.length);
  for (const { plan, isOver } of clients) if (!isOver) violations.add('every wait ends', `${plan.name} still waits`);
  for (const { user, isClosed } of ledger.connections) {
    if (!isClosed) violations.add('nothing remains', `the connection of ${user}`);
  }
};
