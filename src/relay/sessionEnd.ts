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

/** A server that asked for a file of a client that had offered none. */
export const UNASKED_FILE: EndLabel = ['sluice', 'unasked-file'];

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
export function logEnd(log: Logger, { label, ...told }: SessionEnd, ended: EndedSession): void {
  log[levelOf(label)]({ ...ended, ...told }, 'session ended');
}

function levelOf([by, kind]: EndLabel): 'debug' | 'info' | 'warn' {
  if (kind === 'unasked-file') return 'warn';
  return by === 'client' && (kind === 'quit' || kind === 'closed') ? 'debug' : 'info';
}

/** What became of the responses that were under way. */
export function outcomeOf({ by }: SessionEnd): Outcome {
  return OUTCOMES[by];
}
