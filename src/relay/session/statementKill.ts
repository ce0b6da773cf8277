import type { KillOutcome } from '../../control/killer.js';
import type { SessionControls } from './sessionControls.js';

/**
 * Kills the statement of a session by KILL QUERY over a control connection. `Enforcer` has decided whether, and `Drain`
 * when.
 * @param signal withdraws the order if it was not sent yet
 * @returns the outcome: "failed" if nothing can be killed, "unknown" if an error leaves the outcome open
 */
export async function killStatement(session: SessionControls, signal: AbortSignal): Promise<KillOutcome> {
  const outcome = await tryKill(session, signal).catch((error: unknown): KillOutcome => {
    session.threw(error);
    return 'unknown';
  });
  session.shared.metrics.kills.increment(outcome);
  return outcome;
}

async function tryKill(
  { shared: { killer }, conversation, connections }: SessionControls, signal: AbortSignal,
): Promise<KillOutcome> {
  const { greeting, identity } = conversation;
  const remote = connections.upstreamRemote();
  if (killer === null || greeting === null || remote === null) return 'failed';
  const target = { connectionId: greeting.connectionId, user: identity?.user ?? '', remote, ...connections.shownEnd };
  return killer.kill(target, signal);
}
