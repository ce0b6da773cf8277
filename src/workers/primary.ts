import type { Socket } from 'node:net';
import type { ProfileData } from '../statistics/profile.js';
import type { StatisticsOverview, StatisticsSource } from '../telemetry/statisticsSource.js';
import { FamilyList, type Family } from '../telemetry/familyList.js';
import type { SessionPage } from '../admin/sessionPage.js';
import { NO_SUCH_SESSION, type OrderResult, type SessionOrder } from '../telemetry/sessionOrder.js';
import type { SessionDetail, SessionView, ProxyStatus } from '../telemetry/status.js';
import type { Config, Listen, Place } from '../config/config.js';
import type { HintCounts } from '../policy/guard.js';
import { Refusals } from '../relay/connection/refusal.js';
import { Listeners, type ListenChange } from '../relay/listen/listeners.js';
import type { Proxy } from '../relay/proxy.js';
import { CertificateMaker } from '../relay/tls/ownCertificates.js';
import { WorkerSet, type WorkerSetObserver } from './workerSet.js';
import { Lessor } from './leases.js';
import type { WorkerHandle } from './workerHandle.js';
import { mergeMetrics, onlyCounters } from '../telemetry/mergeMetrics.js';
import type { Answer, FromWorker, Question } from './messages.js';
import type { PrimaryParts } from './parts.js';

// The primary process: it accepts clients and hands each to a worker.

function sumOf(one: ProxyStatus, other: ProxyStatus): ProxyStatus {
  return {
    openSessions: one.openSessions + other.openSessions,
    stalledSessions: one.stalledSessions + other.stalledSessions,
    clientlessDrains: one.clientlessDrains + other.clientlessDrains,
    budgetUsedBytes: one.budgetUsedBytes + other.budgetUsedBytes,
    budgetMaxBytes: one.budgetMaxBytes,
    droppedSamples: one.droppedSamples + other.droppedSamples,
    hints: {
      followed: one.hints.followed + other.hints.followed,
      forbidden: one.hints.forbidden + other.hints.forbidden,
      malformed: one.hints.malformed + other.hints.malformed,
    },
    live: {
      bytesToClient: one.live.bytesToClient + other.live.bytesToClient,
      bytesToUpstream: one.live.bytesToUpstream + other.live.bytesToUpstream,
      stallMs: one.live.stallMs + other.live.stallMs,
    },
  };
}

/**
 * The primary of a proxy in several processes. It accepts clients and hands each to the worker with the fewest
 * sessions, so that connections.max is exact. It also lends the budget, writes the workers' records and log lines, and
 * adds up their counters.
 */
class Primary implements Proxy, WorkerSetObserver {
  private readonly listeners: Listeners;
  private readonly workerSet: WorkerSet;
  private readonly maker: CertificateMaker;
  private readonly refusals: Refusals;
  private readonly budget: Lessor;
  private readonly hintCounts: HintCounts = { followed: 0, forbidden: 0, malformed: 0 };
  /** The counters of workers that have ended, as far as they were reported. */
  private departed: readonly Family[] = [];
  private lastSessionId = 0;

  constructor(private config: Config, private readonly parts: PrimaryParts) {
    const { log: { logger }, metrics, history, version } = parts;
    this.budget = new Lessor(config.budget.bytes);
    this.maker = new CertificateMaker(logger);
    this.workerSet = new WorkerSet(config, this.maker.for(config), version, { log: logger, history }, this);
    this.refusals = new Refusals(logger, metrics, history);
    this.listeners = new Listeners({
      accepted: (client, listen) => this.accept(client, listen),
      failed: (error) => logger.error({ err: error }, 'cannot accept connections'),
    });
  }

  get places(): readonly Place[] {
    return this.listeners.places;
  }

  /** The hints of workers that have ended. Running workers report theirs when they end. */
  get hints(): Readonly<HintCounts> {
    return this.hintCounts;
  }

  get sessionCount(): number {
    return this.workerSet.sessions;
  }

  async start(): Promise<this> {
    await this.workerSet.start();
    (await this.listeners.prepare(this.config.listen)).apply();
    this.maker.announce();
    return this;
  }

  async close(): Promise<void> {
    this.listeners.close();
    await this.workerSet.close();
  }

  endIdle(): void {
    this.workerSet.send({ kind: 'endIdle' });
  }

  destroy(): void {
    this.workerSet.send({ kind: 'destroy' });
  }

  get isListening(): boolean {
    return this.listeners.isOpen && this.workerSet.isReady;
  }

  get isMemoryShort(): boolean {
    return this.refusals.isMemoryShort(this.workerSet.sessions);
  }

  async prepare(config: Config): Promise<ListenChange> {
    const certificates = this.maker.for(config);
    const { apply, cancel } = await this.listeners.prepare(config.listen);
    return {
      apply: () => {
        apply();
        this.config = config;
        this.budget.total = config.budget.bytes;
        this.workerSet.configure(config, certificates);
        this.maker.announce();
      },
      cancel,
    };
  }

  status(): ProxyStatus {
    return {
      openSessions: 0, stalledSessions: 0, clientlessDrains: 0, budgetUsedBytes: 0,
      budgetMaxBytes: this.config.budget.bytes,
      hints: { followed: 0, forbidden: 0, malformed: 0 }, droppedSamples: 0,
      live: { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 },
    };
  }

  async statusOfAll(): Promise<ProxyStatus> {
    const told = await this.workerSet.tell('status');
    const each = told.flatMap(({ answer }) => (answer === null ? [] : [answer as ProxyStatus]));
    return each.reduce(sumOf, this.status());
  }

  /** The statistics of all workers that answer. Those of a replaced worker are lost. */
  get statistics(): StatisticsSource | null {
    if (this.config.admin === null) return null;
    return {
      overviews: async (statistics) => this.answersTo<StatisticsOverview>({ statistics }),
      profiles: async (grouping, profiles) =>
        this.answersTo<readonly (ProfileData | null)[]>({ profiles, grouping }),
    };
  }

  /** The answers of the workers that give one. @typeParam T the kind of answer to this question */
  private async answersTo<T extends Answer>(question: Question): Promise<T[]> {
    const told = await this.workerSet.tell(question);
    return told.flatMap(({ answer }) => (answer === null ? [] : [answer as T]));
  }

  async *sessionViews(after: number): AsyncGenerator<SessionView> {
    for (let last = after; last !== Infinity; ) {
      const told = await this.workerSet.tell({ sessionsAfter: last });
      const pages = told.flatMap(({ answer }) => (answer === null ? [] : [answer as SessionPage]));
      // A worker may have more sessions than its page shows, with lower numbers than some on other pages.
      last = Math.min(Infinity, ...pages.filter(({ isLast }) => !isLast).map(({ views }) => views.at(-1)!.session));
      const views = pages.flatMap((page) => page.views).filter(({ session }) => session <= last);
      yield* views.sort((one, other) => one.session - other.session);
    }
  }

  async session(id: number): Promise<SessionDetail | null> {
    const told = await this.workerSet.tell({ detailOf: id });
    return told.map(({ answer }) => answer as SessionDetail | null).find((detail) => detail !== null) ?? null;
  }

  /** Only the session's own worker knows it, so all are asked. */
  async order(session: number, order: SessionOrder): Promise<OrderResult> {
    const told = await this.workerSet.tell({ order, session }, ORDER_TIMEOUT_MS);
    const results = told.flatMap(({ answer }) => (answer === null ? [] : [answer as OrderResult]));
    const done = results.find(({ outcome }) => outcome !== 'absent');
    if (done !== undefined) return done;
    return results.length === told.length ? NO_SUCH_SESSION : WORKER_SILENT;
  }

  async allMetrics(own: readonly Family[]): Promise<readonly Family[]> {
    const told = await this.workerSet.tell('metrics');
    for (const { worker, answer } of told) if (answer !== null) worker.metrics = answer as readonly Family[];
    const ofWorkers = told.map(({ worker: { metrics }, answer }) =>
      (answer === null ? onlyCounters(metrics) : metrics));
    const ofSet = new FamilyList();
    const answering = told.filter(({ answer }) => answer !== null).length;
    ofSet.gauge('sluice_workers', 'Workers that have answered this request.', answering);
    ofSet.counter('sluice_worker_restarts_total', 'Workers that ended and were replaced.', this.workerSet.restarts);
    return mergeMetrics([own, this.departed, ...ofWorkers, ofSet.families]);
  }

  said(worker: WorkerHandle, message: FromWorker): void {
    switch (message.kind) {
      case 'written':
        for (const record of message.records) this.parts.audit.write(JSON.parse(record) as object);
        for (const line of message.lines) this.parts.log.write(line);
        break;
      case 'noted':
        this.parts.history.note(message.event, message.facts);
        break;
      case 'ask':
        worker.send({ kind: 'lent', bytes: this.budget.lend(worker.number, message.bytes) });
        break;
      case 'giveBack':
        this.budget.takeBack(worker.number, message.bytes);
        break;
      case 'closed':
        for (const [outcome, count] of Object.entries(message.hints)) {
          this.hintCounts[outcome as keyof HintCounts] += count;
        }
        break;
      default:
    }
  }

  lost(worker: WorkerHandle): void {
    this.budget.forget(worker.number);
    this.departed = mergeMetrics([this.departed, onlyCounters(worker.metrics)]);
  }

  private accept(client: Socket, listen: Listen): void {
    if (this.refusals.turnAway(client, this.workerSet.sessions, this.config.connections.max)) return;
    const worker = this.workerSet.least();
    if (worker === null) {
      this.refusals.noWorker(client);
      return;
    }
    this.lastSessionId += 1;
    worker.give(this.lastSessionId, client, listen);
  }
}

/** The longest wait for the outcome of an order: longer than a kill may take. */
const ORDER_TIMEOUT_MS = 30_000;

const WORKER_SILENT: OrderResult = {
  outcome: 'failed', connectionId: null, message: 'a worker does not answer, and no other has the session',
};

/**
 * Starts `workers` processes that relay, and begins to listen for them.
 * @throws an error with the code NO_WORKERS if they cannot be started
 * @throws {ListenError} if it cannot listen on an address, {TlsFileError} if a certificate cannot be used
 */
export async function startPrimary(config: Config, parts: PrimaryParts): Promise<Proxy> {
  return new Primary(config, parts).start();
}
