import type { SessionView } from '../telemetry/status.js';
import { nextTurn } from '../world/sleep.js';

/** Some of the open sessions, in the order of their numbers. */
export interface SessionPage {
  readonly views: readonly SessionView[];
  /** Whether these are the last. */
  readonly isLast: boolean;
}

/** The approximate size limit of an answer, even if clients have very long names. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

/** The number of sessions that are read in one turn of the event loop. Relaying continues between the turns. */
const SESSIONS_PER_TURN = 50;

/** Takes the first wanted sessions, as many as one answer has room for, without blocking the event loop. */
export async function firstPage(
  sessions: Iterable<SessionView> | AsyncIterable<SessionView>, isWanted: (view: SessionView) => boolean = () => true,
): Promise<SessionPage> {
  const views: SessionView[] = [];
  let bytes = 0;
  let looked = 0;
  for await (const view of sessions) {
    looked += 1;
    if (looked % SESSIONS_PER_TURN === 0) await nextTurn();
    if (!isWanted(view)) continue;
    bytes += jsonBytes(view);
    if (bytes > MAX_ANSWER_BYTES && views.length > 0) return { views, isLast: false };
    views.push(view);
  }
  return { views, isLast: true };
}

/** The first sessions in an order. It keeps no more of them than that. */
export async function firstBy(
  sessions: Iterable<SessionView> | AsyncIterable<SessionView>, count: number,
  order: (one: SessionView, other: SessionView) => number,
): Promise<SessionView[]> {
  let kept: SessionView[] = [];
  let looked = 0;
  for await (const view of sessions) {
    kept.push(view);
    looked += 1;
    if (kept.length >= 2 * count) kept = kept.sort(order).slice(0, count);
    if (looked % SESSIONS_PER_TURN === 0) await nextTurn();
  }
  return kept.sort(order).slice(0, count);
}

/** The first items, as many as have at most `maxBytes` of JSON together, but at least one. */
export function fitting<T>(items: readonly T[], maxBytes: number): T[] {
  let bytes = 0;
  return items.filter((item, index) => (bytes += jsonBytes(item)) <= maxBytes || index === 0);
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1; // and a comma
}
