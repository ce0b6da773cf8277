import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { LiveStatistics } from '../admin/liveStatistics.js';
import { Metrics } from '../admin/metrics.js';
import type { SessionView, Standing } from '../admin/standing.js';
import type { AuditLog } from '../audit/auditLog.js';
import type { Config, Listen, Place } from '../config.js';
import { Budget } from '../policy/budget.js';
import { Guard, type HintCounts } from '../policy/guard.js';
import { Sampler } from '../policy/sampler.js';
import { Encryption } from './encryption.js';
import { Arrival, type Arrived } from './arrival.js';
import { callerAt } from './caller.js';
import { killerFor, timeoutsFor } from './killing.js';
import { Listeners, type ListenChange } from './listeners.js';
import { PaceWatch } from './pace.js';
import { refuse, tooManyConnections } from './refusal.js';
import { Session } from './session.js';
import type { Shared } from './shared.js';
import { OccasionalLog } from './side/occasionalLog.js';
import { SocketQueueReader } from './socketQueues.js';
import { StallWatch } from './stallWatch.js';

/** A proxy that accepts connections. */
export interface Proxy {
  /** Where it listens; ports are the real ones, also where the configuration says 0. */
  readonly places: readonly Place[];
  readonly sessionCount: number;
  /** What came of the hints that statements carried, since the start. */
  readonly hints: Readonly<HintCounts>;
  /** Stops accepting. Resolves when the last session has ended. */
  close(): Promise<void>;
  /** Ends each session as soon as it is between commands and outside a transaction. */
  endIdle(): void;
  /** Ends every session at once. */
  destroy(): void;
  /** Whether it accepts connections. */
  readonly isListening: boolean;
  /**
   * Gets ready for a new configuration: opens what is to be listened on. Once the change is applied, it holds at once for
   * responses, and for new sessions in what it says of connections.
   * @throws {ListenError} where a place cannot be listened on, {TlsFileError} where a certificate cannot be used; nothing has
   *   changed then
   */
  prepare(config: Config): Promise<ListenChange>;
  standing(): Standing;
  /** What statements have cost since the start; null where it is not kept. */
  readonly statistics: LiveStatistics | null;
  /** The live sessions, each looked at when its turn comes. */
  sessionViews(): Iterable<SessionView>;
}

/** What the encryption of new sessions depends on. */
const encryptionOf = ({ listen, upstream }: Config): unknown => [listen, upstream];

/** What killing depends on. */
const killingOf = ({ kill, connections, upstream }: Config): unknown => [kill, connections.connectTimeoutMs, upstream];

function isSame(before: Config, after: Config, part: (config: Config) => unknown): boolean {
  return isDeepStrictEqual(part(before), part(after));
}

/** How often it is said that samples are left out. */
const DROPPING_SAID_EVERY_MS = 10_000;

function samplerFor({ audit: { sample } }: Config, log: Logger): Sampler {
  const occasional = new OccasionalLog(log, DROPPING_SAID_EVERY_MS);
  const sampler = new Sampler(sample, Math.random, () => {
    const { perSecond } = sampler.settings;
    occasional.warn('dropping', { perSecond }, 'audit: samples are left out: more are due than audit.sample.perSecond');
  });
  return sampler;
}

/** Clients that are told that they are too many; beyond them connections are closed without a word. */
const MAX_REFUSED = 1000;

/** The least time between two lines of the log that say the same kind of thing. */
const SAY_EVERY_MS = 60_000;

class Gateway implements Proxy {
  private readonly sessions = new Set<Session>();
  /** Clients that have no server yet. */
  private readonly arrivals = new Set<Arrival>();
  private readonly listeners: Listeners;
  private readonly shared: { -readonly [Key in keyof Shared]: Shared[Key] };
  private readonly queues = new SocketQueueReader();
  private lastSessionId = 0;
  private refusedCount = 0;
  private isEnding = false;
  /** Is called whenever the last session has ended. */
  private emptied: () => void = () => {};

  constructor(config: Config, private readonly log: Logger, audit: AuditLog, metrics: Metrics) {
    metrics.configured(config);
    const encryption = new Encryption(config, log);
    this.shared = {
      config, audit, metrics, encryption,
      guard: new Guard(config, Date.now),
      sampler: samplerFor(config, log),
      statistics: config.admin === null ? null : new LiveStatistics(() => this.shared.config.audit),
      budget: new Budget(config.budget.bytes),
      pace: new PaceWatch(this.queues, config.streaming.pace.waitMs),
      stalls: new StallWatch(),
      occasions: new OccasionalLog(log, SAY_EVERY_MS),
      killer: killerFor(config, log),
      timeouts: timeoutsFor(config),
    };
    this.listeners = new Listeners({
      accepted: (client, listen) => this.accept(client, listen),
      failed: (error) => this.log.error({ err: error }, 'cannot accept connections'),
    });
  }

  get places(): readonly Place[] {
    return this.listeners.places;
  }

  get hints(): Readonly<HintCounts> {
    return this.shared.guard.hints;
  }

  get sessionCount(): number {
    return this.sessions.size + this.arrivals.size;
  }

  async listen(): Promise<this> {
    (await this.listeners.prepare(this.shared.config.listen)).apply();
    return this;
  }

  async close(): Promise<void> {
    this.listeners.close();
    await this.untilEmpty();
    this.shared.killer?.close();
    this.shared.encryption.close();
    const { droppedInAll } = this.shared.sampler;
    if (droppedInAll > 0) this.log.warn({ droppedSamples: droppedInAll }, 'audit: samples were left out');
  }

  endIdle(): void {
    this.isEnding = true;
    for (const session of this.sessions) session.endWhenIdle();
  }

  destroy(): void {
    for (const arrival of this.arrivals) arrival.abort();
    for (const session of this.sessions) session.abort('Sluice is told to stop', undefined, ['sluice', 'stopped']);
  }

  get isListening(): boolean {
    return this.listeners.isOpen;
  }

  async prepare(config: Config): Promise<ListenChange> {
    const before = this.shared.encryption;
    const isEncryptionSame = isSame(this.shared.config, config, encryptionOf);
    const encryption = isEncryptionSame ? before : new Encryption(config, this.log);
    const discard = isEncryptionSame ? () => {} : () => encryption.close();
    const { apply, cancel } = await this.listeners.prepare(config.listen).catch((error: unknown) => {
      discard();
      throw error;
    });
    return {
      apply: () => {
        apply();
        // Sessions that are logging in finish with what they began with.
        if (!isEncryptionSame) before.close();
        this.shared.encryption = encryption;
        this.reconfigure(config);
      },
      cancel: () => {
        cancel();
        discard();
      },
    };
  }

  private reconfigure(config: Config): void {
    const { shared } = this;
    const before = shared.config;
    shared.config = config;
    shared.guard = new Guard(config, Date.now, shared.guard.hints);
    shared.sampler.settings = config.audit.sample;
    shared.budget.maxBytes = config.budget.bytes;
    shared.pace = new PaceWatch(this.queues, config.streaming.pace.waitMs);
    shared.metrics.configured(config);
    // What the old one has under way it finishes; then its side connections are idle, and close by themselves.
    if (isSame(before, config, killingOf)) return;
    shared.killer = killerFor(config, this.log);
    shared.timeouts = timeoutsFor(config);
  }

  get statistics(): LiveStatistics | null {
    return this.shared.statistics;
  }

  standing(): Standing {
    const { budget, guard, sampler, stalls } = this.shared;
    const live = { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 };
    for (const { totals } of this.sessions) {
      live.bytesToClient += totals.bytesToClient;
      live.bytesToUpstream += totals.bytesToUpstream;
      live.stallMs += totals.stallMs;
    }
    return {
      openSessions: this.sessions.size,
      stalledSessions: stalls.count,
      budgetUsedBytes: budget.usedBytes,
      budgetMaxBytes: budget.maxBytes,
      hints: guard.hints,
      droppedSamples: sampler.droppedInAll,
      live,
    };
  }

  *sessionViews(): Generator<SessionView> {
    for (const session of this.sessions) yield session.view();
  }

  private accept(client: Socket, listen: Listen): void {
    const { config: { connections }, metrics } = this.shared;
    if (connections.keepAliveMs > 0) client.setKeepAlive(true, connections.keepAliveMs);
    if (this.sessionCount >= connections.max) {
      this.turnAway(client, connections.max);
      return;
    }
    this.lastSessionId += 1;
    metrics.sessions += 1;
    const arrival = new Arrival(this.lastSessionId, client, listen, { ...this.shared }, this.log, {
      arrived: (arrived) => {
        this.begin(arrived);
        this.arrivals.delete(arrival);
      },
      failed: (label) => {
        metrics.sessionEnded(label, { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 });
        this.arrivals.delete(arrival);
        this.sayWhetherEmpty();
      },
    });
    this.arrivals.add(arrival);
    arrival.begin();
  }

  private begin(arrived: Arrived): void {
    const session = new Session(arrived, this.shared, this.log, () => {
      this.sessions.delete(session);
      this.sayWhetherEmpty();
    });
    this.sessions.add(session);
    if (this.isEnding) session.endWhenIdle();
  }

  private sayWhetherEmpty(): void {
    if (this.sessionCount === 0) this.emptied();
  }

  /** Sessions take their connections over, so the server that accepted them does not know when they end. */
  private untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      this.emptied = resolve;
      this.sayWhetherEmpty();
    });
  }

  private turnAway(client: Socket, max: number): void {
    client.on('error', () => {}); // it is closed anyway
    this.shared.metrics.turnedAway += 1;
    this.log.warn({ client: callerAt(client).text, max }, 'connections.max is reached: a client is turned away');
    if (this.refusedCount >= MAX_REFUSED) {
      client.destroy();
      return;
    }
    this.refusedCount += 1;
    client.on('close', () => (this.refusedCount -= 1));
    refuse(client, tooManyConnections(max));
  }
}

/**
 * Starts to listen and to relay.
 * @param metrics where it counts
 * @throws {ListenError} where a place cannot be listened on
 */
export async function startProxy(config: Config, log: Logger, audit: AuditLog, metrics = new Metrics()): Promise<Proxy> {
  return new Gateway(config, log, audit, metrics).listen();
}
