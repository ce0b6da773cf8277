import type { ConnectionLedger } from '../ledger.js';
import type { WorldRun } from '../runWorld.js';

/**
 * While the memory limit is near, new clients are turned away, with an error that says so; at all other times nobody
 * is. Sessions that are there go on: all other invariants hold for them.
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

const NEAR = /the memory limit of Sluice is near$/;

/** Whether memory was short when a client came whose error was there at this time. */
const wasShort = (memoryUse: WorldRun['memoryUse'], atMs: number): boolean =>
  memoryUse.some(({ fromMs, part }, index) => {
    const toMs = (memoryUse[index + 1]?.fromMs ?? Infinity) + LATE_MS;
    return part > ADMITTING_AGAIN_PART && fromMs <= atMs && atMs <= toMs;
  });

/** Whether memory was short for long before a client came, and long afterwards. */
const isShortAround = (memoryUse: WorldRun['memoryUse'], atMs: number): boolean =>
  memoryUse.some(({ fromMs, part }, index) =>
    part > ADMITTING_PART && fromMs < atMs - LATE_MS && (memoryUse[index + 1]?.fromMs ?? Infinity) > atMs + LATE_MS);

const isThere = ({ loggedInAtMs, closedAtMs, clientEndedAtMs }: ConnectionLedger, atMs: number): boolean =>
  loggedInAtMs < atMs && Math.min(closedAtMs, clientEndedAtMs ?? Infinity) > atMs + LATE_MS;

/** Clients are admitted up to this part of the limit, and after a shortage again below the other. */
const ADMITTING_PART = 0.9;
const ADMITTING_AGAIN_PART = 0.85;
/** Sluice looks every 50 ms; and an error takes its way. */
const LATE_MS = 50 + 500;
