import type { ConnectionLedger, Exchange } from '../ledger.js';
import type { WorldRun } from '../runWorld.js';

/**
 * A FIN is relayed: a server that has answered everything, and that no fault has disturbed, learns that its client has
 * closed, and closes as well. So nobody gives it up for not closing.
 */
export const checkHalfClose = ({ plan, log, ledger, news, settings, violations }: WorldRun): void => {
  // A process that hangs hears of a FIN and of a time that is over in the same moment.
  if (plan.faults.some(({ do: what }) => what === 'workerHangs')) return;
  const isPatient = settings.every(({ config }) => config.drain.timeMs >= PATIENCE_MS);
  if (!isPatient) return;
  for (const { msg, client } of log) {
    if (msg !== GIVEN_UP) continue;
    const connection = ledger.connections.find(({ clientPort }) => client?.endsWith(`:${clientPort}`) === true);
    if (connection === undefined || !hasNothingToDo(connection)) continue;
    if (news.facts.get(connection.user)?.has('stall server') === true) continue; // the FIN is late
    const text = `${connection.user}: the server has answered everything, and did not learn of the end`;
    violations.add('a FIN arrives', text);
  }
};

const GIVEN_UP = 'a client has closed, and the server has not answered and closed within drain.time';
/** Far more than a FIN and its answer need in any world. */
const PATIENCE_MS = 1000;

/**
 * The client had all its answers when it left. Sluice may rightly give up a server that still works, and the bytes that
 * it has written may wait for a client that takes them slowly.
 */
const hasNothingToDo = ({ exchanges, wasDisturbed, clientEndedAtMs }: ConnectionLedger): boolean =>
  !wasDisturbed.client && !wasDisturbed.server && exchanges.every((exchange) =>
    exchange.what.isSilent || (isOver(exchange) && (exchange.answeredAtMs ?? 0) <= (clientEndedAtMs ?? Infinity)));

/** The client has its end, and the server, if it has got it, has sent all of its answer. */
const isOver = ({ end, hasPaused, arrivedAtMs, isAnswered }: Exchange): boolean =>
  end !== null && end !== 'lost' && !hasPaused && (arrivedAtMs === null || isAnswered);
