import type { WorldRun } from '../runWorld.js';

/**
 * The rest of a cut response: no more of it is discarded than `drain.bytes` and one read, and each one that is given
 * up counts once and is logged once.
 */
export const checkDrains = ({ records, settings, plan, world, metrics, log, violations }: WorldRun): void => {
  const most = Math.max(...settings.map(({ config }) => config.drain.bytes)) + plan.network.bufferBytes + CONTENT_BYTES;
  for (const { drainedBytes, sql } of records) {
    if (Number(drainedBytes ?? 0) > most) {
      const text = `${Number(drainedBytes)} bytes, and at most ${most} are to be discarded: ${String(sql)}`;
      violations.add('drains are bounded', text);
    }
  }
  for (const { labels: { reason }, count } of metrics.drainsGivenUp.all()) {
    const told = log.filter(({ bound }) => bound === reason).length;
    // The records that a process has not written are lost when it dies.
    if (told === count || (told < count && world.workers.some(({ wasKilled }) => wasKilled))) continue;
    violations.add('metrics agree', `drains given up (${reason}): ${count} counted, ${told} in the log`);
  }
};

/** Connections are closed for one reason only, and the client still gets the last packets, which say so. */
export const checkClosedOnce = ({ log, violations }: WorldRun): void => {
  const closed = new Set<string>();
  for (const { msg, client = '' } of log) {
    if (!msg.startsWith(REST) || !msg.endsWith(CLOSED)) continue;
    if (closed.has(client)) violations.add('drains are bounded', `${client} is closed twice: ${msg}`);
    closed.add(client);
  }
};

const REST = 'the rest of a cut response';
const CLOSED = 'the connections are closed';

/** What a read brings may be the end of a frame that holds more. */
const CONTENT_BYTES = 24_000;
