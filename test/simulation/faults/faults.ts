import type { Fault, Link } from '../plan.js';
import type { WorldRun } from '../runWorld.js';
import type { NetEnd } from '../world/netEnd.js';
import type { ConnectionLedger } from '../ledger.js';
import { isAmbient, strikeAround } from './ambientFaults.js';

/** Plans all faults of a world. */
export const armFaults = (run: WorldRun): void => {
  for (const fault of run.plan.faults) {
    const then = (): void => void run.after(fault.when.ms, () => strike(run, fault));
    if (fault.when.after === null) then();
    else run.news.when(fault.when.after, then);
  }
};

const strike = (run: WorldRun, fault: Fault): void => {
  const { news, servers } = run;
  if (isAmbient(fault)) return strikeAround(run, fault);
  if (fault.do === 'crash' || fault.do === 'shutdown') {
    news.fact('world', fault.do);
    const server = servers[fault.server]!;
    if (fault.do === 'crash') server.crash(fault.ms);
    else server.shutDown(fault.ms);
    return;
  }
  const found = endOf(run, fault.link);
  if (found === null) return;
  const { end, connection } = found;
  const { leg } = fault.link;
  news.tell(`fault: ${fault.do} between Sluice and the ${leg} of ${connection.user}`);
  news.fact(connection.user, `${fault.do} ${leg}`);
  switch (fault.do) {
    case 'stall':
      end.link.stall(fault.ms);
      break;
    case 'cut':
      connection.wasDisturbed[leg] = true;
      end.link.cut();
      break;
    case 'reset':
      connection.wasDisturbed[leg] = true;
      end.link.reset();
      break;
    case 'halfClose':
      if (leg === 'client') {
        connection.clientEnd ??= 'end';
        connection.clientEndedAtMs ??= run.nowMs();
      } else connection.serverEnd ??= 'half-closed';
      end.end();
  }
};

interface LinkEnd {
  readonly end: NetEnd;
  readonly connection: ConnectionLedger;
}

/**
 * The model's end of the connection that a fault is about: that of the client's last connection. The server's may go on
 * without its client.
 */
const endOf = (run: WorldRun, { client, leg }: Link): LinkEnd | null => {
  const model = run.clients.find(({ plan }) => plan.name === client);
  const own = model?.connection ?? null;
  if (own === null) return null;
  if (leg === 'client') return own.ledger.isClosed ? null : { end: own.end, connection: own.ledger };
  const { serverIndex, connectionId } = own.ledger;
  const end = run.servers[serverIndex ?? -1]?.connections.get(connectionId ?? -1)?.end;
  return end === undefined ? null : { end, connection: own.ledger };
};
