import type { ConnectionLedger } from '../ledger.js';
import type { WorldRun } from '../runWorld.js';

/**
 * While the memory limit is near, new clients are turned away with an error that says so. At all other times none are.
 * Open sessions continue: all other invariants hold for them.
 */
export const checkMemoryLimit = ({ plan, ledger, memoryUse, metrics, violations }: WorldRun): void => {
  if (plan.around?.memory === undefined) return;
  const wrong = (text: string): void => violations.add('memory limit', text);
  const turnedAway = ledger.connections.filter(({ refusal }) => refusal !== null && NEAR.test(refusal));
  for (const { user, refusedAtMs } of turnedAway) {
    if (!wasShort(memoryUse, refusedAtMs)) wrong(`${user} is turned away, and memory is not short`);
  }
  for (const connection of ledger.connections) {
    const { user, refusal, openedAtMs, wasDisturbed } = connection;
    if (refusal !== null || wasDisturbed.client || !isShortAround(memoryUse, openedAtMs)) continue;
    // A single client is always let in.
    const others = ledger.connections.filter((other) => other !== connection && isThere(other, openedAtMs));
    if (others.length > 0) wrong(`${user} is let in, and memory is short`);
  }
  // A client may leave before its error comes.
  if (metrics.memoryRefusals < turnedAway.length) {
    wrong(`${turnedAway.length} clients are turned away, and ${metrics.memoryRefusals} counted`);
  }
};

/**
 * An administrator who looks now is told what a client would find: that memory is short, or was and is not enough
 * again, if there is any client.
 */
export const checkMemoryShown = ({ plan, proxy, memoryUse, violations, news }: WorldRun): void => {
  if (plan.around?.memory === undefined) return;
  const { isMemoryShort, sessionCount } = proxy!;
  const { part } = memoryUse.at(-1)!;
  news.fact('world', `shown: clients are ${isMemoryShort ? 'turned away' : 'admitted'}`);
  const isRight = isMemoryShort
    ? part > ADMITTING_AGAIN_PART && sessionCount > 0 : part <= ADMITTING_PART || sessionCount === 0;
  if (!isRight) violations.add('memory limit', `short: ${isMemoryShort}, shown with ${part} in use`);
};

const NEAR = /the memory limit of Sluice is near$/;

/** Whether memory may have been short when a client came that got its error at this time. */
const wasShort = (memoryUse: WorldRun['memoryUse'], atMs: number): boolean =>
  memoryUse.some(({ fromMs, part }, index) => {
    const toMs = (memoryUse[index + 1]?.fromMs ?? Infinity) + LATE_MS;
    return part > ADMITTING_AGAIN_PART && fromMs <= atMs && atMs <= toMs;
  });

/** Whether memory was short from well before this time to well after it. */
const isShortAround = (memoryUse: WorldRun['memoryUse'], atMs: number): boolean =>
  memoryUse.some(({ fromMs, part }, index) =>
    part > ADMITTING_PART && fromMs < atMs - LATE_MS && (memoryUse[index + 1]?.fromMs ?? Infinity) > atMs + LATE_MS);

const isThere = ({ loggedInAtMs, closedAtMs, clientEndedAtMs }: ConnectionLedger, atMs: number): boolean =>
  loggedInAtMs < atMs && Math.min(closedAtMs, clientEndedAtMs ?? Infinity) > atMs + LATE_MS;

/** Clients are admitted up to this part of the limit; after a shortage, only from `ADMITTING_AGAIN_PART` down. */
const ADMITTING_PART = 0.9;
const ADMITTING_AGAIN_PART = 0.85;
/** Sluice looks every 50 ms, and an error takes time to arrive. */
const LATE_MS = 50 + 500;
