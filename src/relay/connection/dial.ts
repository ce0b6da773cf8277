import type { ConnectionSettings, Upstream } from '../../config/config.js';
import type { ClientEnds } from '../../protocol/proxyHeader.js';
import { Attempt, type Failure } from './attempt.js';
import type { Containment } from '../containment.js';
import type { SharedAtArrival } from '../shared.js';
import { UpstreamConnection } from './upstreamConnection.js';

/**
 * Finds a server that greets. The servers are tried in order. If a server takes long, the next one is tried as well.
 * The first server that greets is taken.
 */
export class Dial {
  /** The servers that were not tried yet. */
  private readonly untried: Upstream[];
  private readonly attempts = new Set<Attempt>();
  private readonly reasons: string[] = [];

  /**
   * Begins with the first server.
   * @param client both ends of the client's connection, for the PROXY header; null if it has no IP address
   * @param shared a snapshot from the moment at which the client was accepted
   */
  constructor(
    private readonly client: ClientEnds | null,
    private readonly shared: SharedAtArrival,
    private readonly observer: DialObserver,
  ) {
    this.untried = shared.upstreams.inOrder(shared.config.upstream);
    this.next();
  }

  /** Stops the dial: the observer gets no more calls. */
  close(): void {
    for (const attempt of this.attempts) attempt.close();
    this.attempts.clear();
  }

  private next(): void {
    const upstream = this.untried.shift();
    if (upstream !== undefined) this.attempts.add(this.attemptAt(upstream));
    else if (this.attempts.size === 0) this.observer.unavailable(this.reasons.join('; '));
  }

  private attemptAt(upstream: Upstream): Attempt {
    const { config: { connections }, metrics, upstreams } = this.shared;
    let isPassedOver = false;
    const passOver = (failure: Failure): void => {
      isPassedOver = true;
      upstreams.failed(upstream, failure);
      this.next();
    };
    const patience = this.untried.length > 0 ? patienceMs(connections) : null;
    const peer = new UpstreamConnection(upstream, this.client, connections.keepAliveMs);
    const attempt = new Attempt(peer, connections, patience, {
      contain: (work) => this.observer.contain(work),
      threw: (error) => this.observer.threw(error),
      accepted: (afterMs) => metrics.upstreamConnectSeconds.observe(afterMs / 1000),
      late: passOver,
      greeted: (begun) => {
        this.attempts.delete(attempt);
        this.close();
        upstreams.greeted(upstream);
        this.observer.connected(peer);
        peer.replay(begun);
      },
      failed: (failure) => {
        this.attempts.delete(attempt);
        this.reasons.push(failure.reason);
        if (!isPassedOver) passOver(failure);
        else if (this.attempts.size === 0) this.next();
      },
    });
    return attempt;
  }
}

/** An observer of a dial. Exactly one of the two methods is called, once, unless the dial is closed first. */
export interface DialObserver extends Containment {
  /** This server has greeted. Right after this call `peer.onRead` gets the greeting. */
  connected(peer: UpstreamConnection): void;
  /** No server can be used; `reasons` says why. */
  unavailable(reasons: string): void;
}

/** The longest patience; a short time-out of the handshake shortens it. */
const PATIENCE_MS = 2000;

/** The time, in ms, that a server may take to greet before the next one is tried as well. */
export function patienceMs({ handshakeTimeoutMs }: Pick<ConnectionSettings, 'handshakeTimeoutMs'>): number {
  return Math.min(PATIENCE_MS, Math.ceil(handshakeTimeoutMs / 3));
}
