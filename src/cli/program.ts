import { isDeepStrictEqual } from 'node:util';
import { AdminEndpoint } from '../admin/endpoint.js';
import type { History } from '../telemetry/history.js';
import type { StatisticsSource } from '../telemetry/statisticsSource.js';
import type { Family } from '../telemetry/familyList.js';
import type { LoopDelay } from '../telemetry/eventLoop.js';
import type { Metrics } from '../telemetry/metrics.js';
import { readMetrics } from '../telemetry/readMetrics.js';
import type { OtlpExport } from '../telemetry/otlp/otlpExport.js';
import type { Asker, OrderResult, SessionOrder } from '../telemetry/sessionOrder.js';
import type { Administered, ReloadResult, SessionDetail, SessionView, ProxyStatus } from '../telemetry/status.js';
import type { MovableAuditLog } from '../audit/auditLog.js';
import type { Log } from '../audit/log.js';
import { formatPlace } from '../config/address.js';
import { type GroupMemory, MemoryCgroup } from '../config/cgroup.js';
import { ConfigError, printConfig, type LoadedConfig } from '../config/load.js';
import type { AdminSettings, AuditSettings, Config, Place, ShutdownSettings } from '../config/config.js';
import { changedKeys } from '../config/changes.js';
import type { Expiry } from '../config/expiry.js';
import { TlsFileError } from '../config/tlsFiles.js';
import { UNEXPECTED } from '../relay/containment.js';
import { ListenError } from '../relay/listen/listener.js';
import type { Proxy } from '../relay/proxy.js';
import { Readiness } from '../relay/readiness.js';
import { logAdvice } from './adviceLog.js';
import { ExpiryWatch } from './expiryWatch.js';
import { cannotListen } from './listening.js';
import { errorText } from '../text/errorText.js';
import type { Stoppable, StopRequest } from './shutdown.js';
import { version } from './command.js';
import { world } from '../world/world.js';

/** The running program, as the admin endpoint and signals see it. */
export class Program implements Administered, Stoppable {
  endpoint: AdminEndpoint | null = null;
  private readonly expiryWatch: ExpiryWatch;
  readonly startedAtMs = world.dateMs();
  configuredAtMs = world.dateMs();
  private running: Proxy | null = null;
  private isStopping = false;
  private readonly cgroup = new MemoryCgroup();
  /** Null until the first question about the configuration's servers. */
  private readiness: Readiness | null = null;
  /** The reload under way. */
  private reloading: Promise<ReloadResult> | null = null;
  /** The next reload, for all callers that have asked since the current one began. */
  private nextReload: Promise<ReloadResult> | null = null;

  /** @param config the current configuration; a reload replaces it */
  constructor(public config: Config, readonly parts: ProgramParts) {
    this.expiryWatch = new ExpiryWatch(config, parts.log.logger, parts.history);
  }

  get listeners(): readonly Place[] {
    return this.proxy.places;
  }

  get history(): History {
    return this.parts.history;
  }

  get statistics(): StatisticsSource | null {
    return this.proxy.statistics;
  }

  /** The proxy has begun to listen. */
  begin(proxy: Proxy): void {
    this.running = proxy;
    this.expiryWatch.watch(this.config);
  }

  /** The metrics of all processes; none before the proxy has started. */
  async metricsOfAll(loopDelay: LoopDelay): Promise<readonly Family[]> {
    if (this.running === null) return [];
    const own = readMetrics({ metrics: this.parts.metrics, administered: this, loopDelay, version: version() });
    return this.allMetrics(own);
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

  get expiries(): readonly Expiry[] {
    return this.expiryWatch.expiries;
  }

  get containerMemory(): GroupMemory | null {
    return this.cgroup.tightest;
  }

  get isMemoryShort(): boolean {
    return this.proxy.isMemoryShort;
  }

  status(): ProxyStatus {
    return this.proxy.status();
  }

  statusOfAll(): ProxyStatus | Promise<ProxyStatus> {
    return this.proxy.statusOfAll();
  }

  sessions(after: number): Iterable<SessionView> | AsyncIterable<SessionView> {
    return this.proxy.sessionViews(after);
  }

  allMetrics(own: readonly Family[]): readonly Family[] | Promise<readonly Family[]> {
    return this.proxy.allMetrics(own);
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
    // Sessions already log everything about encryption and its files.
    const silent = { level: 'silent' };
    this.readiness ??= new Readiness(this.config, this.parts.log.logger.child({}, silent));
    return this.readiness.takesLogins();
  }

  session(session: number): SessionDetail | null | Promise<SessionDetail | null> {
    return this.proxy.session(session);
  }

  async order(session: number, order: SessionOrder, { client, hasToken }: Asker): Promise<OrderResult> {
    const result = await this.proxy.order(session, order);
    const { outcome, connectionId, message } = result;
    const asked = `admin: POST /sessions/${session}/${order}`;
    this.parts.log.logger.warn({ session, connectionId, outcome, client, token: hasToken }, `${asked}: ${message}`);
    const whose = connectionId === null ? { session } : { session, connectionId };
    this.history.note(order, { ...whose, outcome, asker: client, message });
    return result;
  }

  stop(request: 'POST /drain' | 'POST /quit'): void {
    this.parts.stop(request);
  }

  /** Starts an admin endpoint. @throws the system's error if it cannot listen on its address */
  openEndpoint({ listen, token }: AdminSettings): Promise<AdminEndpoint> {
    return AdminEndpoint.start({
      listen, token, administered: this, metrics: this.parts.metrics, version: version(),
      failed: (error) => this.parts.log.logger.error({ err: error }, `admin: ${UNEXPECTED}`),
    });
  }

  /**
   * Reads the configuration again. All calls during a reload share one further reload, because the file may have
   * changed after the first one began.
   */
  reload(): Promise<ReloadResult> {
    if (this.reloading === null) return (this.reloading = this.reloadNow().finally(() => (this.reloading = null)));
    const next = (): Promise<ReloadResult> => {
      this.nextReload = null;
      return this.reload();
    };
    return (this.nextReload ??= this.reloading.then(next, next));
  }

  private async reloadNow(): Promise<ReloadResult> {
    const { logger } = this.parts.log;
    const result = await this.tryReload();
    this.history.note('reload', {
      outcome: result.isApplied ? 'applied' : 'refused', message: result.lines.join('; '),
    });
    this.parts.metrics.reloads.increment(result.isApplied ? 'applied' : 'refused');
    if (result.isApplied) logger.info({ changed: result.lines }, 'configuration read again');
    else logger.error({ problems: result.lines }, 'configuration refused; the previous one still applies');
    return result;
  }

  /** Opens everything new. The new configuration applies only if all of this succeeds. */
  private async tryReload(): Promise<ReloadResult> {
    const undo: (() => void)[] = [];
    try {
      const loaded = this.parts.loadConfig();
      const { config } = loaded;
      const change = await this.proxy.prepare(config);
      undo.push(() => change.cancel());
      const exportThere = this.parts.otlp.prepare(config.telemetry);
      const endpoint = await this.endpointFor(config.admin);
      if (endpoint !== this.endpoint) undo.push(() => endpoint?.close());
      this.reopenAudit(config.audit);
      change.apply();
      exportThere();
      return { isApplied: true, lines: this.apply(loaded, endpoint) };
    } catch (error) {
      for (const step of undo) step();
      if (!isKnown(error)) this.parts.log.logger.error({ err: error }, UNEXPECTED);
      return { isApplied: false, lines: problemsIn(error) };
    }
  }

  /** The existing endpoint if its address stays the same; otherwise a new one. */
  private async endpointFor(admin: AdminSettings | null): Promise<AdminEndpoint | null> {
    if (admin === null || this.isStopping) return admin === null ? null : this.endpoint;
    if (this.endpoint !== null && isDeepStrictEqual(this.config.admin?.listen, admin.listen)) return this.endpoint;
    try {
      return await this.openEndpoint(admin);
    } catch (error) {
      throw new ConfigError([`admin.listen: ${cannotListen(admin.listen, error, '--admin')}`]);
    }
  }

  private reopenAudit(audit: AuditSettings): void {
    try {
      this.parts.audit.reopen(audit);
    } catch (error) {
      throw new ConfigError([`audit.to: ${errorText(error)}`]);
    }
  }

  /** Applies a configuration. Returns the keys whose values have changed. */
  private apply(loaded: LoadedConfig, endpoint: AdminEndpoint | null): string[] {
    const { config } = loaded;
    const { logger } = this.parts.log;
    const changed = changedKeys(this.config, config);
    this.config = config;
    this.configuredAtMs = world.dateMs();
    this.history.retain(config.upstream.map(({ at }) => formatPlace(at)));
    this.readiness?.close();
    this.readiness = null;
    if (endpoint !== this.endpoint) this.endpoint?.retire();
    this.endpoint = endpoint;
    if (endpoint !== null) endpoint.token = config.admin?.token ?? null;
    logger.level = config.log.level;
    if (changed.includes('workers')) logger.warn('config: workers: the change takes effect at the next start');
    logAdvice(logger, loaded);
    this.expiryWatch.watch(config);
    return changed;
  }
}

/** The parts of a running program, besides its proxy. */
export interface ProgramParts {
  readonly log: Log;
  readonly audit: MovableAuditLog;
  readonly metrics: Metrics;
  readonly history: History;
  readonly otlp: OtlpExport;
  /**
   * Reads the configuration again.
   * @throws {ConfigError}
   */
  loadConfig(): LoadedConfig;
  stop(request: StopRequest): void;
}

/** Whether an error describes a mistake in a configuration. */
function isKnown(error: unknown): boolean {
  return error instanceof ConfigError || error instanceof TlsFileError || error instanceof ListenError;
}

function problemsIn(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof TlsFileError) return [`${error.key}: ${error.message}`];
  if (error instanceof ListenError) return [`listen: ${cannotListen(error.place, error, '--listen')}`];
  return [errorText(error)];
}
