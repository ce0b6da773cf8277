import type { Logger } from 'pino';
import type { EndLabel } from '../admin/metrics.js';
import type { Outcome } from '../audit/record.js';

/** Who ended a session, and why. */
export interface SessionEnd {
  readonly by: EndLabel[0];
  readonly reason: string;
  /** The same, as it is counted. */
  readonly label: EndLabel;
}

/** @param reason as the log has it; the label's is one of a fixed set */
export function endOf(label: EndLabel, reason: string): SessionEnd {
  return { by: label[0], reason, label };
}

/** A client that said that it leaves. */
export const QUIT: SessionEnd = endOf(['client', 'quit'], 'quit');

/** A client that just closed. */
export const CLOSED: SessionEnd = endOf(['client', 'closed'], 'closed');

const OUTCOMES: Record<SessionEnd['by'], Outcome> = {
  client: 'client-gone',
  upstream: 'upstream-gone',
  sluice: 'closed',
};

/** Which session has ended, and how long it was. */
export interface EndedSession {
  readonly session: number;
  /** The client's address. */
  readonly client: string;
  readonly durationMs: number;
}

/** Says in the log that a session has ended. Quietly where it has quit or closed: sessions do so all the time. */
export function logEnd(log: Logger, { label: _, ...told }: SessionEnd, ended: EndedSession): void {
  const isOrdinary = told.by === 'client' && (told.reason === QUIT.reason || told.reason === CLOSED.reason);
  log[isOrdinary ? 'debug' : 'info']({ ...ended, ...told }, 'session ended');
}

/** What became of the responses that were under way. */
export function outcomeOf({ by }: SessionEnd): Outcome {
  return OUTCOMES[by];
}
