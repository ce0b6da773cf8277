import { connect } from 'node:net';
import type { AdminEndpoint } from '../admin/endpoint.js';
import type { LiveStatistics } from '../admin/liveStatistics.js';
import type { Metrics } from '../admin/metrics.js';
import type { Administered, ReloadResult, SessionView, Standing } from '../admin/standing.js';
import type { MovableAuditLog } from '../audit/auditLog.js';
import type { Log } from '../audit/log.js';
import { adviceOn, ConfigError, printConfig, type Config, type ShutdownSettings } from '../config.js';
import { changedKeys } from '../config/changes.js';
import type { Proxy } from '../relay/proxy.js';
import { descriptorAdvice } from './descriptors.js';
import type { Stoppable } from './shutdown.js';
import type { StopRequest } from './stopRequests.js';

/** What a running program is made of, besides its proxy. */
export interface ProgramParts {
  readonly log: Log;
  readonly audit: MovableAuditLog;
  readonly metrics: Metrics;
  /**
   * Reads the configuration again.
   * @throws {ConfigError}
   */
  loadConfig(): Config;
  stop(request: StopRequest): void;
}

/** Keys that are looked at only when the program starts. */
const AT_START = /^(listen\.(host|port)|admin|admin\.listen|connections\.keepAlive)$/;

/** How long a server is given to take the connection of a readiness check. */
const REACH_TIMEOUT_MS = 2000;

/** The program while it runs: what the admin endpoint and signals ask of it. */
export class Program implements Administered, Stoppable {
  endpoint: AdminEndpoint | null = null;
  private running: Proxy | null = null;
  private isStopping = false;
  private reaching: Promise<boolean> | null = null;

  /** @param config what is used; replaced where it is read again */
  constructor(public config: Config, readonly parts: ProgramParts) {}

  get statistics(): LiveStatistics | null {
    return this.proxy.statistics;
  }

  /** The proxy has begun to listen. */
  begin(proxy: Proxy): void {
    this.running = proxy;
  }

  get proxy(): Proxy {
    if (this.running === null) throw new Error('the proxy has not begun');
    return this.running;
  }

  get shutdown(): ShutdownSettings {
    return this.config.shutdown;
  }

  markStopping(): void {
    this.isStopping = true;
  }

  get isReady(): boolean {
    return !this.isStopping && this.proxy.isListening;
  }

  standing(): Standing {
    return this.proxy.standing();
  }

  sessions(): Iterable<SessionView> {
    return this.proxy.sessionViews();
  }

  configText(): string {
    return printConfig(this.config);
  }

  get droppedAuditRecords(): number {
    return this.parts.audit.droppedRecords;
  }

  get droppedLogLines(): number {
    return this.parts.log.droppedLines;
  }

  reachesUpstream(): Promise<boolean> {
    this.reaching ??= reaches(this.config).finally(() => (this.reaching = null));
    return this.reaching;
  }

  stop(request: 'POST /drain' | 'POST /quit'): void {
    this.parts.stop(request);
  }

  reload(): ReloadResult {
    const { logger } = this.parts.log;
    const result = this.tryReload();
    this.parts.metrics.reloads.increment(result.isApplied ? 'applied' : 'refused');
    if (result.isApplied) logger.info({ changed: result.lines }, 'configuration read again');
    else logger.error({ problems: result.lines }, 'configuration refused; the one before still holds');
    return result;
  }

  private tryReload(): ReloadResult {
    let config: Config;
    try {
      config = this.parts.loadConfig();
    } catch (error) {
      if (error instanceof ConfigError) return { isApplied: false, lines: error.problems };
      throw error;
    }
    try {
      this.parts.audit.reopen(config.audit);
    } catch (error) {
      return { isApplied: false, lines: [`audit.to: ${error instanceof Error ? error.message : String(error)}`] };
    }
    return { isApplied: true, lines: this.apply(config) };
  }

  /** Returns the keys whose values have changed. */
  private apply(config: Config): string[] {
    const { logger } = this.parts.log;
    const changed = changedKeys(this.config, config);
    this.config = config;
    this.proxy.reconfigure(config);
    if (this.endpoint !== null) this.endpoint.token = config.admin?.token ?? null;
    logger.level = config.log.level;
    for (const key of changed.filter((name) => AT_START.test(name))) {
      logger.warn(`config: ${key}: changed, and takes effect at the next start`);
    }
    for (const advice of [...adviceOn(config), ...descriptorAdvice(config)]) logger.warn(`config: ${advice}`);
    return changed;
  }
}

function reaches({ upstream, connections }: Config): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: upstream.host, port: upstream.port });
    const settle = (isReached: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isReached);
    };
    const timer = setTimeout(settle, Math.min(connections.connectTimeoutMs, REACH_TIMEOUT_MS), false);
    socket.on('connect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}
