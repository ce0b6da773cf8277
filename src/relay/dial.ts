import { formatPlace } from '../config/address.js';
import type { Upstream } from '../config.js';
import type { ClientEnds } from '../protocol/proxyHeader.js';
import type { Containment } from './containment.js';
import { Deadline } from './deadline.js';
import type { Shared } from './shared.js';
import { UpstreamLeg } from './upstreamLeg.js';

/** What is told of a dial. One of the two is called, once. */
export interface DialObserver extends Containment {
  /** This server has accepted the connection. */
  connected(leg: UpstreamLeg): void;
  /** No server can be reached; says why not. */
  unreachable(reasons: string): void;
}

/** Connects to the first server of the configuration's list that can be reached. */
export class Dial {
  private readonly servers: readonly Upstream[];
  private readonly deadline = new Deadline((failure) => this.observer.contain(() => this.failed(failure)));
  private readonly failures: string[] = [];
  private leg: UpstreamLeg | null = null;
  private startedAtMs = 0;

  /**
   * Begins with the first server.
   * @param shared of the moment at which the client was accepted
   * @param client both ends of the client's connection, for servers that are told; null where it has no IP address
   */
  constructor(private readonly client: ClientEnds | null, private readonly shared: Shared, private readonly observer: DialObserver) {
    this.servers = shared.config.upstream;
    this.next();
  }

  /** Calls it off: nothing is told any more. */
  close(): void {
    this.deadline.clear();
    this.leg?.socket.destroy();
    this.leg = null;
  }

  private next(): void {
    const upstream = this.servers[this.failures.length];
    if (upstream === undefined) {
      this.observer.unreachable(this.failures.join('; '));
      return;
    }
    const { keepAliveMs, connectTimeoutMs } = this.shared.config.connections;
    const leg = new UpstreamLeg(upstream, this.client, keepAliveMs);
    this.leg = leg;
    this.startedAtMs = performance.now();
    this.deadline.set(`${nameOf(upstream)} did not accept the connection`, connectTimeoutMs);
    const failed = ({ code, message }: NodeJS.ErrnoException): void => {
      const failure = `cannot reach ${nameOf(upstream)}: ${code ?? message}`;
      if (this.leg === leg) this.observer.contain(() => this.failed(failure));
    };
    leg.socket.on('error', failed);
    leg.socket.once('connect', () => {
      leg.socket.off('error', failed);
      this.observer.contain(() => this.connected(leg));
    });
  }

  private connected(leg: UpstreamLeg): void {
    this.deadline.clear();
    this.shared.metrics.upstreamConnectSeconds.observe((performance.now() - this.startedAtMs) / 1000);
    this.leg = null;
    this.observer.connected(leg);
  }

  private failed(failure: string): void {
    const { metrics, occasions } = this.shared;
    this.close();
    metrics.upstreamConnectFailures += 1;
    this.failures.push(failure);
    if (this.failures.length < this.servers.length) occasions.warn('dial', {}, `${failure}; the next server is tried`);
    this.next();
  }
}

/** How messages call a server. */
export function nameOf({ at }: Upstream): string {
  return `the upstream server ${formatPlace(at)}`;
}
