import type { WorldRun } from '../runWorld.js';

/**
 * Each worker that dies is replaced, and logged once. A client that comes when a worker has hung for long is served at
 * once by another one. At the end the primary counts no clients.
 */
export const checkWorkers = ({ plan, world, proxy, ledger, hangs, log, violations }: WorldRun): void => {
  if (plan.around?.workers === undefined) return;
  const wrong = (text: string): void => violations.add('workers', text);
  const deaths = world.workers.filter(({ wasKilled }) => wasKilled).length;
  const said = log.filter(({ msg }) => msg.startsWith('a worker has ended')).length;
  if (said !== deaths) wrong(`${deaths} workers have died, and the log tells of ${said}`);
  if (proxy!.sessionCount !== 0) wrong(`${proxy!.sessionCount} clients are counted that have gone`);
  const [hang, ...others] = hangs;
  // With other faults, a client may wait for a server.
  if (hang === undefined || others.length > 0 || plan.faults.length > 1) return;
  for (const { user, openedAtMs, loggedInAtMs, refusal, closedAtMs } of ledger.connections) {
    const isLate = openedAtMs > hang.fromMs + NOTICED_MS && openedAtMs < hang.toMs - SERVED_WITHIN_MS;
    if (!isLate || refusal !== null || Math.min(loggedInAtMs, closedAtMs) < openedAtMs + SERVED_WITHIN_MS) continue;
    wrong(`${user} comes ${openedAtMs - hang.fromMs} ms after a worker began to hang, and nobody serves it`);
  }
};

/** A worker that has not answered for four beats of 500 ms gets no new clients. */
const NOTICED_MS = 2600;
const SERVED_WITHIN_MS = 2000;
