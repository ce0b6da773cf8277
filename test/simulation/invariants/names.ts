import type { WorldRun } from '../runWorld.js';

/**
 * Only clients that come while a name has a fault may be refused. A session keeps its connection whatever happens to
 * the name, and the next session looks the name up again.
 */
export const checkNames = ({ plan, ledger, nameTroubles, violations }: WorldRun): void => {
  const isAboutServers = plan.faults.some(({ do: what }) => what !== 'name' && what !== 'clock');
  if (plan.around?.names === undefined || isAboutServers) return;
  for (const { user, refusal, openedAtMs, refusedAtMs } of ledger.connections) {
    if (refusal === null || !UNREACHABLE.test(refusal)) continue;
    if (nameTroubles.some(({ fromMs, toMs }) => fromMs <= refusedAtMs && openedAtMs <= toMs)) continue;
    violations.add('names', `${user} is refused, and each name leads to a server: ${refusal}`);
  }
};

const UNREACHABLE = /no such host|cannot reach|did not accept/;
