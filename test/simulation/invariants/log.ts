import type { Entry } from '../../support/inProcess.js';
import type { Metrics } from '../../../src/telemetry/metrics.js';
import type { Ledger } from '../ledger.js';
import type { Fault } from '../plan.js';
import type { Violations } from '../violations.js';

/** Nothing in Sluice fails, and it can follow all that the models send: they speak the protocol as servers do. */
export const checkLog = (
  log: readonly Entry[], metrics: Metrics, faults: readonly Fault[], violations: Violations,
): void => {
  const expected = faults.flatMap((fault) => EXPECTED[fault.do] ?? []);
  for (const entry of log) {
    const isExpected = expected.some((text) => entry.msg.startsWith(text));
    if (!isExpected && (entry.level === 'error' || entry.level === 'fatal')) {
      violations.add('no errors', `${entry.msg} ${JSON.stringify(entry['err'] ?? '')}`);
    }
  }
  for (const { labels, count } of metrics.protocolErrors.all()) {
    if (count === 0) continue;
    violations.add('followed', `${count} protocol errors of the ${labels['direction']}: ${unparsed(log)}`);
  }
  for (const { labels, count } of metrics.opaqueSessions.all()) {
    if (count > 0) violations.add('followed', `${count} sessions are opaque: ${labels['reason']}`);
  }
};

/** The errors that a fault leads to. */
const EXPECTED: Readonly<Partial<Record<Fault['do'], readonly string[]>>> = {
  disk: ['audit: cannot write', 'audit: dropping records', 'audit: records were dropped'],
  workerDies: ['a worker has ended, and its sessions with it'],
  workerHangs: ['a worker does not answer'],
};

const unparsed = (log: readonly Entry[]): string =>
  JSON.stringify(log.filter(({ level }) => level === 'warn').slice(0, 3));

/** The log names the end that ended a session, as far as the models know. */
export const checkEnds = (log: readonly Entry[], { connections }: Ledger, violations: Violations): void => {
  const ends = log.filter(({ msg }) => msg === 'session ended');
  for (const connection of connections) {
    const own = ends.filter(({ client }) => client?.endsWith(`:${connection.clientPort}`));
    if (own.length > 1) violations.add('session ends', `${connection.user}: ${own.length} ends`);
    const [end] = own;
    if (end === undefined) continue;
    const { by, reason } = end;
    if (!connection.isLoggedIn) continue;
    const wrong = (text: string): void =>
      violations.add('session ends', `${connection.user}: ${text}, and the log says ${by}: ${reason}`);
    const { clientEnd, serverEnd, wasDisturbed } = connection;
    if (by === 'client' && clientEnd === null && !wasDisturbed.client) wrong('the client has not ended it');
    if (by === 'upstream' && serverEnd === null && !wasDisturbed.server) wrong('the server has not ended it');
    if (reason === 'quit' && !connection.hasQuit) wrong('the client has not sent COM_QUIT');
  }
};
