import type { Session } from '../../../src/relay/session/session.js';
import type { Config } from '../../../src/config/config.js';
import type { Violations } from '../violations.js';

/**
 * The memory of one session, at every moment: at most two reads for each direction, and no read is larger than the
 * kernel's buffer that it empties. What is held back (`onExceed` hold) comes on top: at most a limit. What waits inside
 * TLS for its client is not counted here: Node brings the records of a whole turn before anybody can stop it.
 */
export const checkMemory = (session: Session, bounds: MemoryBounds, violations: Violations): void => {
  const { responses, requests, connections: { client, clientTcp, upstream, upstreamTcp }, conversation } = session;
  const isFramed = conversation.dialect.compression !== null;
  const most = 2 * bounds.readBytes + bounds.heldBackBytes + OWN_PACKETS_BYTES + (isFramed ? 2 * FRAME_BYTES : 0) +
    (client === clientTcp && upstream === upstreamTcp ? 0 : RECORD_BYTES);
  const toClient = clientTcp.writableLength + responses.flow.undecidedBytes;
  const toServer = upstreamTcp.writableLength + requests.flow.undecidedBytes;
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
/** Node delivers the records of TLS that it already has, also after its socket was paused. */
const RECORD_BYTES = 16 * 1024;
/** Frames of the models hold less, compressed or not. */
const FRAME_BYTES = 24_000;
