import type { Session } from '../../../src/relay/session/session.js';
import type { Config } from '../../../src/config/config.js';
import type { Violations } from '../violations.js';

/**
 * The memory of one session, at every moment: at most two reads for each direction, and no read is larger than the
 * kernel's buffer that it empties. What is held back (`onExceed` hold) comes on top: at most a limit. Inside TLS, Node
 * brings the records of a whole turn before anybody can stop it: there only the bound that the help names holds.
 */
export const checkMemory = (session: Session, bounds: MemoryBounds, violations: Violations): void => {
  const { responses, requests, connections: { client, clientTcp, upstream, upstreamTcp }, conversation } = session;
  const isFramed = conversation.dialect.compression !== null;
  const isEncrypted = client !== clientTcp || upstream !== upstreamTcp;
  const readBytes = isEncrypted ? STOPPED_CLIENT_BYTES : 2 * bounds.readBytes;
  const most = readBytes + bounds.heldBackBytes + OWN_PACKETS_BYTES + (isFramed ? 2 * FRAME_BYTES : 0);
  const toClient = client.writableLength + responses.flow.undecidedBytes;
  const toServer = upstream.writableLength + requests.flow.undecidedBytes;
  for (const [whom, bytes] of [['client', toClient], ['server', toServer]] as const) {
    if (bytes <= most) continue;
    violations.add('memory', `session ${session.id} holds ${bytes} bytes for its ${whom}, more than ${most}`);
  }
};

export interface MemoryBounds {
  /** The most that one read can bring. */
  readonly readBytes: number;
  /** The most that may be held back; 0 if nothing is. */
  readonly heldBackBytes: number;
}

/** The most bytes of a response that the settings hold back. */
export const heldBackBytes = (config: Config): number => Math.max(0, ...[config, ...config.rules]
  .map(({ onExceed, limits }) => (onExceed.action === 'hold' ? limits.bytes : 0)));

/** Errors of Sluice's own, and its set-up. */
const OWN_PACKETS_BYTES = 4096;
/** What a session holds whose client has stopped reading in the middle of a result: see `help/performance.md`. */
const STOPPED_CLIENT_BYTES = 0.9 * 2 ** 20;
/** Frames of the models hold less, compressed or not. */
const FRAME_BYTES = 24_000;
