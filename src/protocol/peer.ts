/** One of the two that a session connects, or the connection to it. */
export type Peer = 'client' | 'server';

/** The one at the other end. */
export function otherPeer(peer: Peer): Peer {
  return peer === 'client' ? 'server' : 'client';
}
