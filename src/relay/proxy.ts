import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { LiveStatistics } from '../admin/liveStatistics.js';
import { Metrics } from '../admin/metrics.js';
import type { SessionView, Standing } from '../admin/standing.js';
import type { AuditLog } from '../audit/auditLog.js';
import type { Address, Config } from '../config.js';
import { TlsFileError } from '../config/tlsFiles.js';
import { Budget } from '../policy/budget.js';
import { Guard, type HintCounts } from '../policy/guard.js';
import { Sampler } from '../policy/sampler.js';
import { Encryption } from './encryption.js';
import { KILL_LIMITS, Killer, type KillLimits } from './killer.js';
import { PaceWatch } from './pace.js';
import { refuse, tooManyConnections } from './refusal.js';
import { Session } from './session.js';
import type { Shared } from './shared.js';
import { OccasionalLog } from './side/occasionalLog.js';
import { ServerTimeouts } from './side/serverTimeouts.js';
import { SocketQueueReader } from './socketQueues.js';
import { StallWatch } from './stallWatch.js';

/** A proxy that accepts connections. */
export interface Proxy {
  /** Where it listens; the port is the real one, also where the configuration says 0. */
  readonly address: Address;
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
   * Takes over a new configuration: at once for what it says of responses, for new sessions what it says of connections.
   * What it says of where to listen is not looked at.
   */
  reconfigure(config: Config): void;
  standing(): Standing;
  /** What statements have cost since the start; null where it is not kept. */
  readonly statistics: LiveStatistics | null;
  /** The live sessions, each looked at when its turn comes. */
  sessionViews(): Iterable<SessionView>;
}

function killLimits(config: Config): KillLimits {
  return { ...KILL_LIMITS, connectTimeoutMs: config.connections.connectTimeoutMs };
}

function killerFor(config: Config, { forSideConnections }: Encryption, log: Logger): Killer | null {
  return config.kill === null ? null : new Killer(config.kill, killLimits(config), log, forSideConnections);
}

function timeoutsFor(config: Config, { forSideConnections: encrypt }: Encryption): ServerTimeouts | null {
  return config.kill === null ? null : new ServerTimeouts({ account: config.kill, encrypt, ...killLimits(config) });
}

/** What the encryption of new sessions depends on. */
const encryptionOf = ({ listen, upstream }: Config): unknown => [listen.tls, upstream];

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

class Listener implements Proxy {
  private readonly sessions = new Set<Session>();
  private readonly server: Server;
  private readonly shared: { -readonly [Key in keyof Shared]: Shared[Key] };
  private readonly queues = new SocketQueueReader();
  private lastSessionId = 0;
  private refusedCount = 0;
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
      killer: killerFor(config, encryption, log),
      timeouts: timeoutsFor(config, encryption),
    };
    this.server = createServer(
      {
        allowHalfOpen: true,
        pauseOnConnect: true, // nothing is read before a session takes the connection over
        noDelay: true,
        keepAlive: config.connections.keepAliveMs > 0,
        keepAliveInitialDelay: config.connections.keepAliveMs,
      },
      (client) => this.accept(client),
    );
  }

  get address(): Address {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  get hints(): Readonly<HintCounts> {
    return this.shared.guard.hints;
  }

  get sessionCount(): number {
    return this.sessions.size;
  }

  async listen(): Promise<this> {
    const { host, port } = this.shared.config.listen;
    this.server.listen({ host, port });
    await once(this.server, 'listening');
    this.server.on('error', (error) => this.log.error({ err: error }, 'cannot accept connections'));
    return this;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    await Promise.all([once(this.server, 'close'), this.untilEmpty()]);
    this.shared.killer?.close();
    this.shared.encryption.close();
    const { droppedInAll } = this.shared.sampler;
    if (droppedInAll > 0) this.log.warn({ droppedSamples: droppedInAll }, 'audit: samples were left out');
  }

  endIdle(): void {
    for (const session of this.sessions) session.endWhenIdle();
  }

  destroy(): void {
    for (const session of this.sessions) session.abort('Sluice is told to stop', undefined, ['sluice', 'stopped']);
  }

  get isListening(): boolean {
    return this.server.listening;
  }

  reconfigure(config: Config): void {
    const { shared } = this;
    const before = shared.config;
    shared.config = config;
    shared.guard = new Guard(config, Date.now, shared.guard.hints);
    shared.sampler.settings = config.audit.sample;
    shared.budget.maxBytes = config.budget.bytes;
    shared.pace = new PaceWatch(this.queues, config.streaming.pace.waitMs);
    shared.metrics.configured(config);
    if (!isSame(before, config, encryptionOf)) this.replaceEncryption(config);
    // What the old one has under way it finishes; then its side connections are idle, and close by themselves.
    if (isSame(before, config, killingOf)) return;
    shared.killer = killerFor(config, shared.encryption, this.log);
    shared.timeouts = timeoutsFor(config, shared.encryption);
  }

  /** Sessions that are logging in finish with what they began with. */
  private replaceEncryption(config: Config): void {
    const { encryption } = this.shared;
    try {
      this.shared.encryption = new Encryption(config, this.log);
      encryption.close();
    } catch (error) {
      // The files were good a moment ago, when the configuration was read.
      if (!(error instanceof TlsFileError)) throw error;
      this.log.error(`${error.key}: ${error.message}; connections are encrypted as before`);
    }
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

  private accept(client: Socket): void {
    const { max } = this.shared.config.connections;
    if (this.sessions.size >= max) {
      this.turnAway(client, max);
      return;
    }
    this.lastSessionId += 1;
    this.shared.metrics.sessions += 1;
    const session = new Session(this.lastSessionId, client, this.shared, this.log, () => this.remove(session));
    this.sessions.add(session);
  }

  private remove(session: Session): void {
    this.sessions.delete(session);
    if (this.sessions.size === 0) this.emptied();
  }

  /** Sessions take their connections over, so the server that accepted them does not know when they end. */
  private untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      this.emptied = resolve;
      if (this.sessions.size === 0) resolve();
    });
  }

  private turnAway(client: Socket, max: number): void {
    client.on('error', () => {}); // it is closed anyway
    this.shared.metrics.turnedAway += 1;
    this.log.warn({ client: client.remoteAddress, max }, 'connections.max is reached: a client is turned away');
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
 * @throws the system's error where the address cannot be listened on
 */
export async function startProxy(config: Config, log: Logger, audit: AuditLog, metrics = new Metrics()): Promise<Proxy> {
  return new Listener(config, log, audit, metrics).listen();
}
