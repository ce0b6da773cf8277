import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { EventSink } from '../telemetry/history.js';
import { LiveStatistics } from '../telemetry/liveStatistics.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { ProxyStatus } from '../telemetry/status.js';
import type { AuditLog } from '../audit/auditLog.js';
import type { Config, Listen, Upstream } from '../config/config.js';
import type { Budget } from '../policy/budget.js';
import { Guard, type HintCounts } from '../policy/guard.js';
import { Encryption } from './tls/encryption.js';
import { Arrival, type Arrived } from './connection/arrival.js';
import { patienceMs } from './connection/dial.js';
import { killerFor, timeoutsFor } from '../control/killer.js';
import { OpenSessions } from './openSessions.js';
import { PaceWatch } from './pace/paceWatch.js';
import { Session } from './session/session.js';
import { atArrival, type Shared } from './shared.js';
import { BypassWarnings } from './pace/socketQuestion.js';
import type { OwnCertificates } from './tls/ownCertificates.js';
import { OccasionalLog } from '../audit/occasionalLog.js';
import { probe } from '../control/probe.js';
import { SocketQueueReader } from './pace/socketQueues.js';
import { StallWatch } from './pace/stallWatch.js';
import { samplerFor } from './samplerFor.js';
import { UnreadClients } from './unreadClients.js';
import { UpstreamHealth } from './connection/upstreamHealth.js';
import { world } from '../world/world.js';

/** All sessions of a process, and their shared parts. */
export class Relay {
  readonly open = new OpenSessions();
  /** Sessions whose clients have gone while a statement runs to its end, the oldest first. */
  private readonly clientless = new Set<Session>();
  private readonly shared: { -readonly [Key in keyof Shared]: Shared[Key] };
  private readonly unread: UnreadClients;
  private isEnding = false;
  /** Called whenever the last session has ended. */
  private emptied: () => void = () => {};

  constructor(config: Config, certificates: OwnCertificates, private readonly parts: RelayParts) {
    const { log, audit, metrics, budget, history } = parts;
    metrics.configured(config);
    const encryption = new Encryption(config, certificates, log);
    const queues = new SocketQueueReader();
    this.shared = {
      config, audit, metrics, encryption, budget, queues,
      guard: new Guard(config, () => world.dateMs()),
      sampler: samplerFor(config, log),
      statistics: null,
      pace: new PaceWatch(queues, config.streaming.pace),
      stalls: new StallWatch(),
      bypasses: new BypassWarnings(log),
      upstreams: new UpstreamHealth({
        log, metrics, history, probe: (upstream, signal) => this.isWell(upstream, signal),
      }),
      occasions: new OccasionalLog(log, SAY_EVERY_MS),
      killer: killerFor(config, log),
      timeouts: timeoutsFor(config),
    };
    this.shared.upstreams.configured(config.upstream);
    this.keepStatistics();
    this.unread = new UnreadClients(this.open.sessions, () => this.config.drain.timeMs);
  }

  get config(): Config {
    return this.shared.config;
  }

  get hints(): Readonly<HintCounts> {
    return this.shared.guard.hints;
  }

  /** The number of clients that were admitted and have not gone. */
  get sessionCount(): number {
    return this.open.size - this.clientless.size;
  }

  /**
   * Admits a client.
   * @param id Sluice's number for its session
   * @param client its connection; nothing has been read from it
   * @param listen the listener to which it has connected
   */
  admit(id: number, client: Socket, listen: Listen): void {
    const { config: { connections }, metrics } = this.shared;
    if (connections.keepAliveMs > 0) client.setKeepAlive(true, connections.keepAliveMs);
    metrics.sessions += 1;
    const arrival = new Arrival(id, client, listen, atArrival(this.shared), this.parts.log, {
      arrived: (arrived) => {
        this.begin(arrived);
        this.open.arrivals.delete(arrival);
      },
      failed: (label) => {
        metrics.sessionEnded(label, { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 });
        this.open.arrivals.delete(arrival);
        this.left();
      },
    });
    this.open.arrivals.add(arrival);
    arrival.begin();
  }

  /** Resolves when there are no sessions, and closes their shared parts. No session may begin afterwards. */
  async close(): Promise<void> {
    await this.untilEmpty();
    this.unread.close();
    this.shared.killer?.close();
    this.shared.upstreams.close();
    this.shared.encryption.close();
    const { droppedInAll } = this.shared.sampler;
    if (droppedInAll > 0) this.parts.log.warn({ droppedSamples: droppedInAll }, 'audit: samples were left out');
  }

  endIdle(): void {
    this.isEnding = true;
    for (const session of this.open.sessions) session.contain(() => session.endWhenIdle());
  }

  destroy(): void {
    for (const arrival of this.open.arrivals) {
      arrival.contain(() => arrival.abort(['sluice', 'stopped'], 'Sluice is told to stop'));
    }
    for (const session of this.open.sessions) {
      session.contain(() => session.destroy('Sluice is told to stop', ['sluice', 'stopped']));
    }
  }

  /**
   * Prepares a new configuration. After `apply` it applies to responses, and its settings of connections to new
   * sessions.
   * @param certificates of listeners for which none is configured
   * @throws {TlsFileError} if a certificate cannot be used; then nothing has changed
   */
  prepare(config: Config, certificates: OwnCertificates): Change {
    const { shared } = this;
    const before = shared.encryption;
    const isEncryptionSame = isSame(shared.config, config, encryptionOf);
    const encryption = isEncryptionSame ? before : new Encryption(config, certificates, this.parts.log);
    return {
      apply: () => {
        // Sessions that are logging in finish with the settings with which they began.
        if (!isEncryptionSame) before.close();
        shared.encryption = encryption;
        this.reconfigure(config);
      },
      cancel: () => {
        if (!isEncryptionSame) encryption.close();
      },
    };
  }

  private reconfigure(config: Config): void {
    const { shared } = this;
    const before = shared.config;
    shared.config = config;
    shared.guard = new Guard(config, () => world.dateMs(), shared.guard.hints);
    shared.sampler.settings = config.audit.sample;
    shared.budget.resize(config.budget.bytes);
    shared.pace = new PaceWatch(shared.queues, config.streaming.pace);
    shared.metrics.configured(config);
    shared.upstreams.configured(config.upstream);
    this.keepStatistics();
    // The old killer finishes its kills. Then its control connections are idle, and close by themselves.
    if (isSame(before, config, killingOf)) return;
    shared.killer = killerFor(config, this.parts.log);
    shared.timeouts = timeoutsFor(config);
  }

  /** Keeps live statistics as long as there is an admin endpoint to show them. */
  private keepStatistics(): void {
    const { shared } = this;
    const isShown = shared.config.admin !== null;
    shared.statistics = isShown ? shared.statistics ?? new LiveStatistics(() => shared.config.audit) : null;
  }

  get statistics(): LiveStatistics | null {
    return this.shared.statistics;
  }

  status(): ProxyStatus {
    const { budget, guard, sampler, stalls } = this.shared;
    const live = { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 };
    for (const { totals } of this.open.sessions) {
      live.bytesToClient += totals.bytesToClient;
      live.bytesToUpstream += totals.bytesToUpstream;
      live.stallMs += totals.stallMs;
    }
    return {
      openSessions: this.sessionCount,
      clientlessDrains: this.clientless.size,
      stalledSessions: stalls.count,
      budgetUsedBytes: budget.usedBytes,
      budgetMaxBytes: budget.maxBytes,
      hints: guard.hints,
      droppedSamples: sampler.droppedInAll,
      live,
    };
  }

  private begin(arrived: Arrived): void {
    const session = new Session(arrived, this.shared, this.parts.log, {
      parted: () => this.part(session),
      ended: () => {
        this.open.sessions.delete(session);
        if (this.clientless.delete(session)) this.sayWhetherEmpty();
        else this.left();
      },
    });
    this.open.sessions.add(session);
    if (this.isEnding) session.contain(() => session.endWhenIdle());
  }

  /** The client of a session has left and no longer counts. connections.max also bounds the number of such sessions. */
  private part(session: Session): void {
    this.clientless.add(session);
    this.parts.left();
    const [oldest] = this.clientless;
    if (this.clientless.size > this.config.connections.max) oldest!.contain(() => oldest!.giveUpDrain());
  }

  /** Whether a server accepts logins soon enough to give clients to it. */
  private async isWell(upstream: Upstream, signal: AbortSignal): Promise<boolean> {
    const { config: { kill, connections }, encryption } = this.shared;
    const { at, proxyProtocol } = upstream;
    const remote = { at, proxyProtocol, encrypt: encryption.upstreamTls(upstream).forControlConnections };
    const startedAtMs = world.nowMs();
    try {
      await probe(remote, kill, connections.handshakeTimeoutMs, signal);
    } catch {
      return false;
    }
    return world.nowMs() - startedAtMs <= patienceMs(connections);
  }

  private left(): void {
    this.parts.left();
    this.sayWhetherEmpty();
  }

  private sayWhetherEmpty(): void {
    if (this.open.size === 0) this.emptied();
  }

  /** Sessions take their connections over, so the server that accepted them does not know when they end. */
  private untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      this.emptied = resolve;
      this.sayWhetherEmpty();
    });
  }
}

/** The settings on which the encryption of new sessions depends. */
const encryptionOf = ({ listen, upstream }: Config): unknown => [listen, upstream];

/** The settings on which killing depends. */
const killingOf = ({ kill, connections, upstream }: Config): unknown => [kill, connections.connectTimeoutMs, upstream];

function isSame(before: Config, after: Config, part: (config: Config) => unknown): boolean {
  return isDeepStrictEqual(part(before), part(after));
}

/** The shortest time between two lines of the log about the same thing. */
const SAY_EVERY_MS = 60_000;

/** The parts that a relay needs. */
export interface RelayParts {
  readonly log: Logger;
  readonly audit: Pick<AuditLog, 'write'>;
  /** The metrics in which it counts. */
  readonly metrics: Metrics;
  readonly budget: Budget;
  /** Is told of servers that are lost and found. */
  readonly history: EventSink;
  /** Is called for each admitted client that has gone. */
  left(): void;
}

/** A change that is ready to be made. One of the two is to be called. */
export interface Change {
  apply(): void;
  cancel(): void;
}
