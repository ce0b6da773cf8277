/** One of the two ends of a session, or the connection to it. */
export type Peer = 'client' | 'server';

/** The other end of the session. */
export function otherPeer(peer: Peer): Peer {
  return peer === 'client' ? 'server' : 'client';
}
