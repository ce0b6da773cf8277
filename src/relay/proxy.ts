import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { History, type EventSink } from '../telemetry/history.js';
import type { StatisticsSource } from '../telemetry/statisticsSource.js';
import type { Family } from '../telemetry/familyList.js';
import { Metrics } from '../telemetry/metrics.js';
import type { OrderResult, SessionOrder } from '../telemetry/sessionOrder.js';
import type { SessionDetail, SessionView, ProxyStatus } from '../telemetry/status.js';
import type { AuditLog } from '../audit/auditLog.js';
import type { Config, Listen, Place } from '../config/config.js';
import { Budget } from '../policy/budget.js';
import type { HintCounts } from '../policy/guard.js';
import { Refusals } from './connection/refusal.js';
import { Relay } from './relay.js';
import { Listeners, type ListenChange } from './listen/listeners.js';
import { CertificateMaker } from './tls/ownCertificates.js';
import { world } from '../world/world.js';

/** A proxy that accepts connections. */
export interface Proxy {
  /** The addresses on which it listens. Ports are the real ones, even if the configuration says 0. */
  readonly places: readonly Place[];
  readonly sessionCount: number;
  /** The counts of hints in statements since the start. */
  readonly hints: Readonly<HintCounts>;
  /** Stops accepting. Resolves when the last session has ended. */
  close(): Promise<void>;
  /** Ends each session as soon as it is between commands and outside a transaction. */
  endIdle(): void;
  /** Ends every session at once. */
  destroy(): void;
  /** Whether it accepts connections. */
  readonly isListening: boolean;
  /** Whether it turns new clients away now, because the memory limit of its container is near. */
  readonly isMemoryShort: boolean;
  /**
   * Prepares a new configuration: opens its new addresses. After `apply` it applies to responses at once. Its settings
   * of connections apply to new sessions.
   * @throws {ListenError} if it cannot listen on an address, {TlsFileError} if a certificate cannot be used; then
   * nothing has changed
   */
  prepare(config: Config): Promise<ListenChange>;
  /** The status of this process. */
  status(): ProxyStatus;
  /** The status of all processes of the proxy together. */
  statusOfAll(): ProxyStatus | Promise<ProxyStatus>;
  /** The cost of statements since the start; null if it is not kept. */
  readonly statistics: StatisticsSource | null;
  /** The open sessions with a number above `after`, in order. Each is read when its turn comes. */
  sessionViews(after: number): Iterable<SessionView> | AsyncIterable<SessionView>;
  /** All that may be shown of one session; null if it is not there. */
  session(id: number): SessionDetail | null | Promise<SessionDetail | null>;
  /** Carries out an order for one session. */
  order(session: number, order: SessionOrder): Promise<OrderResult>;
  /** The metrics of all processes of the proxy. @param own the metrics of this process */
  allMetrics(own: readonly Family[]): readonly Family[] | Promise<readonly Family[]>;
}

/** A proxy in one process. */
class OneProcess implements Proxy {
  private readonly listeners: Listeners;
  private readonly relay: Relay;
  private readonly refusals: Refusals;
  private readonly maker: CertificateMaker;
  private lastSessionId = 0;

  constructor(
    config: Config, log: Logger, audit: Pick<AuditLog, 'write'>, metrics: Metrics, history: EventSink,
  ) {
    this.maker = new CertificateMaker(log);
    this.relay = new Relay(config, this.maker.for(config), {
      log, audit, metrics, history, budget: new Budget(config.budget.bytes), left() {},
    });
    this.refusals = new Refusals(log, metrics, history);
    this.listeners = new Listeners({
      accepted: (client, listen) => this.accept(client, listen),
      failed: (error) => log.error({ err: error }, 'cannot accept connections'),
    });
  }

  get places(): readonly Place[] {
    return this.listeners.places;
  }

  get hints(): Readonly<HintCounts> {
    return this.relay.hints;
  }

  get sessionCount(): number {
    return this.relay.sessionCount;
  }

  async listen(): Promise<this> {
    (await this.listeners.prepare(this.relay.config.listen)).apply();
    this.maker.announce();
    return this;
  }

  async close(): Promise<void> {
    this.listeners.close();
    await this.relay.close();
  }

  endIdle(): void {
    this.relay.endIdle();
  }

  destroy(): void {
    this.relay.destroy();
  }

  get isListening(): boolean {
    return this.listeners.isOpen;
  }

  get isMemoryShort(): boolean {
    return this.refusals.isMemoryShort(this.relay.sessionCount);
  }

  async prepare(config: Config): Promise<ListenChange> {
    const ofSessions = this.relay.prepare(config, this.maker.for(config));
    const ofPlaces = await this.listeners.prepare(config.listen).catch((error: unknown) => {
      ofSessions.cancel();
      throw error;
    });
    return {
      apply: () => {
        ofPlaces.apply();
        ofSessions.apply();
        this.maker.announce();
      },
      cancel: () => {
        ofPlaces.cancel();
        ofSessions.cancel();
      },
    };
  }

  get statistics(): StatisticsSource | null {
    const { statistics } = this.relay;
    return statistics === null ? null : {
      overviews: async (question) => [statistics.overview(question, world.dateMs())],
      profiles: async (grouping, keys) => [statistics.profiles(grouping, keys, world.dateMs())],
    };
  }

  status(): ProxyStatus {
    return this.relay.status();
  }

  statusOfAll(): ProxyStatus {
    return this.status();
  }

  sessionViews(after: number): Iterable<SessionView> {
    return this.relay.open.views(after);
  }

  session(id: number): SessionDetail | null {
    return this.relay.open.detail(id);
  }

  order(session: number, order: SessionOrder): Promise<OrderResult> {
    return this.relay.open.order(session, order);
  }

  allMetrics(own: readonly Family[]): readonly Family[] {
    return own;
  }

  private accept(client: Socket, listen: Listen): void {
    if (this.refusals.turnAway(client, this.relay.sessionCount, this.relay.config.connections.max)) return;
    this.lastSessionId += 1;
    this.relay.admit(this.lastSessionId, client, listen);
  }
}

/**
 * Starts to listen and to relay.
 * @param metrics the counters to use
 * @param history gets the servers that are lost and found
 * @throws {ListenError} if it cannot listen on an address, {TlsFileError} if a certificate cannot be used
 */
export async function startProxy(
  config: Config, log: Logger, audit: Pick<AuditLog, 'write'>, metrics = new Metrics(),
  history: EventSink = new History(),
): Promise<Proxy> {
  return new OneProcess(config, log, audit, metrics, history).listen();
}
