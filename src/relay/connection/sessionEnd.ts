import type { Logger } from 'pino';
import type { EndLabel } from '../../telemetry/metrics.js';
import type { Origin, Outcome } from '../../audit/record.js';
import type { ServerError } from '../../protocol/packets.js';
import type { Peer } from '../../protocol/peer.js';

/** The end of a session: who ended it, and the reason. */
export interface SessionEnd {
  readonly by: EndLabel[0];
  readonly reason: string;
  /** The label under which metrics count the end. */
  readonly label: EndLabel;
}

/** @param reason the reason in the log, in free words; the label has one of a fixed set */
export function endOf(label: EndLabel, reason: string): SessionEnd {
  return { by: label[0], reason, label };
}

/** The end of a session whose client has sent COM_QUIT. */
export const QUIT: SessionEnd = endOf(['client', 'quit'], 'quit');

/** The end of a session whose client closed without COM_QUIT. */
export const CLOSED: SessionEnd = endOf(['client', 'closed'], 'closed');

/** The server asked the client for a file that the client had not offered. */
export const UNASKED_FILE: EndLabel = ['sluice', 'unasked-file'];

/** The end of a session whose client closed during a TLS handshake, by the peer of that handshake. */
const LEFT: Record<Peer, SessionEnd> = {
  client: endOf(['client', 'error'], 'left during its TLS handshake'),
  server: endOf(['client', 'error'], 'left while the connection to the server was being encrypted'),
};

/**
 * The end of a session whose client has left.
 * @param hasQuit the client has sent COM_QUIT
 * @param handshakeWith the peer of the TLS handshake that was under way; null if there was none
 */
export function leavingEnd(hasQuit: boolean, handshakeWith: Peer | null): SessionEnd {
  if (hasQuit) return QUIT;
  return handshakeWith === null ? CLOSED : LEFT[handshakeWith];
}

const OUTCOMES: Record<SessionEnd['by'], Outcome> = {
  client: 'client-gone',
  upstream: 'upstream-gone',
  sluice: 'closed',
};

/** A session that has ended, and its duration. */
export interface EndedSession {
  readonly session: number;
  /** The client's address. */
  readonly client: string;
  readonly durationMs: number;
}

/** Logs the end of a session; at level debug if the client quit or closed, since that happens all the time. */
export function logEnd(
  log: Logger, { label, by, reason }: SessionEnd, { session, client, durationMs }: EndedSession,
): void {
  const told = { session, client, durationMs: Math.round(durationMs * 1000) / 1000, by, reason };
  log[levelOf(label)](told, 'session ended');
}

function levelOf([by, kind]: EndLabel): 'debug' | 'info' | 'warn' {
  if (kind === 'unasked-file') return 'warn';
  return by === 'client' && (kind === 'quit' || kind === 'closed') ? 'debug' : 'info';
}

/**
 * Logs that a server has refused a user, and why.
 * @param what the beginning of the line: what the server refused
 * @param origin its user was refused
 */
export function logRefusal(log: Logger, what: string, { code, message }: ServerError, origin: Origin): void {
  const { session, client, user } = origin;
  log.info({ session, client, user, code }, `${what}: ${message} (error ${code})`);
}

/** The outcome of the responses that were under way. */
export function outcomeOf({ by }: SessionEnd): Outcome {
  return OUTCOMES[by];
}
