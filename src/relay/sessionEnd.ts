import type { EndLabel } from '../admin/metrics.js';
import type { Outcome } from '../audit/record.js';

/** Who ended a session, and why. */
export interface SessionEnd {
  readonly by: EndLabel[0];
  readonly reason: string;
  /** The same, as it is counted. */
  readonly label: EndLabel;
}

/** A client that said that it leaves. */
export const QUIT: SessionEnd = { by: 'client', reason: 'quit', label: ['client', 'quit'] };

/** A client that just closed. */
export const CLOSED: SessionEnd = { by: 'client', reason: 'closed', label: ['client', 'closed'] };

const OUTCOMES: Record<SessionEnd['by'], Outcome> = {
  client: 'client-gone',
  upstream: 'upstream-gone',
  sluice: 'closed',
};

/** Sessions end so all the time, and nobody wants to hear of each. */
export function isOrdinary(end: SessionEnd): boolean {
  return end === QUIT || end === CLOSED;
}

/** What became of the responses that were under way. */
export function outcomeOf({ by }: SessionEnd): Outcome {
  return OUTCOMES[by];
}
