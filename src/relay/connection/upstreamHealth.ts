import type { Logger } from 'pino';
import type { EventSink } from '../../telemetry/history.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { Occasions } from '../../audit/occasions.js';
import { formatPlace } from '../../config/address.js';
import type { Upstream } from '../../config/config.js';
import { FAILURE_KINDS, type Failure } from './attempt.js';
import { nameOf } from './upstreamConnection.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/**
 * Remembers the servers that have failed, so that sessions try the others first. A failed server is tried again in the
 * background until it greets.
 */
export class UpstreamHealth {
  /** The timer of the next retry, by the place of a server that has failed; undefined while it is being tried. */
  private readonly failing = new Map<string, Timer | undefined>();
  /** The servers that refuse clients, by place. */
  private readonly refusals = new Occasions(NOTED_EVERY_MS);
  private upstreams: readonly Upstream[] = [];
  private readonly closing = new AbortController();

  constructor(private readonly parts: HealthParts, private readonly retryAfterMs = RETRY_AFTER_MS) {}

  /** Sets the servers that are in use. */
  configured(upstreams: readonly Upstream[]): void {
    const { metrics } = this.parts;
    this.upstreams = upstreams;
    const places = new Set(upstreams.map(placeOf));
    for (const place of [...this.failing.keys()]) if (!places.has(place)) this.forget(place);
    this.refusals.retain(places);
    metrics.upstreamFailures.retain(places);
    metrics.upstreamUp.retain(places);
    for (const place of places) {
      this.show(place);
      for (const kind of FAILURE_KINDS) metrics.upstreamFailures.declare(place, kind);
    }
  }

  /** The same servers in the order in which they are to be tried: those that have failed come last. */
  inOrder(upstreams: readonly Upstream[]): Upstream[] {
    const hasFailed = (upstream: Upstream): boolean => this.failing.has(placeOf(upstream));
    return [...upstreams.filter((upstream) => !hasFailed(upstream)), ...upstreams.filter(hasFailed)];
  }

  /** A server has greeted a client. */
  greeted(upstream: Upstream): void {
    const place = placeOf(upstream);
    if (!this.failing.has(place)) return;
    this.forget(place);
    this.show(place);
    this.parts.log.info({ upstream: place }, `${nameOf(upstream)} greets again`);
    this.parts.history.note('server-found', { upstream: place });
  }

  /** A server could not be used for a client. */
  failed(upstream: Upstream, { kind, reason }: Failure): void {
    const { log, metrics, history } = this.parts;
    const place = placeOf(upstream);
    if (kind === 'unreachable') metrics.upstreamConnectFailures += 1;
    if (!this.upstreams.some((other) => placeOf(other) === place)) return; // of an older configuration
    metrics.upstreamFailures.increment(place, kind);
    if (this.failing.has(place)) return;
    this.retryLater(place);
    this.show(place);
    const others = this.upstreams.length > 1 ? '; until it greets again the other servers are tried first' : '';
    log.warn({ upstream: place }, `${reason}${others}`);
    history.note('server-lost', { upstream: place, message: reason });
  }

  /**
   * A server has answered a client with an error in place of its greeting: it lives, but lets nobody in. That is an
   * event once a minute at most, however many clients it concerns.
   * @param place the server's address
   * @param message what the server says, with its name
   */
  refused(place: string, message: string): void {
    if (!this.upstreams.some((upstream) => placeOf(upstream) === place)) return; // of an older configuration
    if (this.refusals.next(place) === null) return;
    this.parts.history.note('turned-away', { reason: 'server', upstream: place, message });
  }

  /** Stops all retries. */
  close(): void {
    this.closing.abort();
    for (const place of [...this.failing.keys()]) this.forget(place);
  }

  private retryLater(place: string): void {
    this.failing.set(place, world.after(this.retryAfterMs, () => void this.retry(place)).unref());
  }

  private async retry(place: string): Promise<void> {
    const upstream = this.upstreams.find((other) => placeOf(other) === place)!;
    this.failing.set(place, undefined);
    const isWell = await this.parts.probe(upstream, this.closing.signal);
    // It may have greeted a client meanwhile, or have been forgotten, and have failed again.
    if (!this.failing.has(place) || this.failing.get(place) !== undefined) return;
    if (isWell) this.greeted(upstream);
    else this.retryLater(place);
  }

  private forget(place: string): void {
    world.cancel(this.failing.get(place));
    this.failing.delete(place);
  }

  private show(place: string): void {
    this.parts.metrics.upstreamUp.set(this.failing.has(place) ? 0 : 1, place);
  }
}

/** The time after a failure until a server is tried again. */
const RETRY_AFTER_MS = 3000;
/** The least time between two events about the refusals of one server. */
const NOTED_EVERY_MS = 60_000;

/** The parts that the health of servers needs. */
export interface HealthParts {
  readonly log: Logger;
  readonly history: EventSink;
  /** The metrics in which it counts. */
  readonly metrics: Metrics;
  /**
   * Tries a server in the background. Never rejects.
   * @param signal ends it at once
   * @returns whether the server takes clients in good time
   */
  probe(upstream: Upstream, signal: AbortSignal): Promise<boolean>;
}

function placeOf({ at }: Upstream): string {
  return formatPlace(at);
}
