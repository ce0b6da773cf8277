import type { Socket } from 'node:net';
import { Exposition } from '../telemetry/exposition.js';
import type { SessionPage } from '../admin/sessionPage.js';
import type { SessionView, Standing } from '../telemetry/status.js';
import type { Config, Listen, Place } from '../config/config.js';
import type { HintCounts } from '../policy/guard.js';
import { Doorman, upstreamUnavailable } from '../relay/connection/refusal.js';
import { Listeners, type ListenChange } from '../relay/listen/listeners.js';
import type { Proxy } from '../relay/proxy.js';
import { CertificateMaker } from '../relay/tls/ownCertificates.js';
import { Crew, type CrewObserver } from './workerSet.js';
import { Lessor } from './leases.js';
import type { Member } from './workerHandle.js';
import { mergeMetrics, onlyCounters } from '../telemetry/mergeMetrics.js';
import type { FromWorker } from './messages.js';
import type { PoolParts } from './parts.js';

function sumOf(one: Standing, other: Standing): Standing {
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
 * The primary's side of a proxy in several processes: accepts clients and hands each to the worker that has the fewest,
 * so that connections.max holds exactly; lends the budget; writes what workers have to write down; adds up what they
 * count.
 */
class Pool implements Proxy, CrewObserver {
  private readonly listeners: Listeners;
  private readonly crew: Crew;
  private readonly maker: CertificateMaker;
  private readonly doorman: Doorman;
  private readonly budget: Lessor;
  private readonly hintCounts: HintCounts = { followed: 0, forbidden: 0, malformed: 0 };
  /** What workers that are no more had counted, as far as they told. */
  private departed = '';
  private lastSessionId = 0;

  constructor(private config: Config, private readonly parts: PoolParts) {
    const { log: { logger }, metrics, version } = parts;
    this.budget = new Lessor(config.budget.bytes);
    this.maker = new CertificateMaker(logger);
    this.crew = new Crew(config, this.maker.for(config), version, logger, this);
    this.doorman = new Doorman(logger, metrics);
    this.listeners = new Listeners({
      accepted: (client, listen) => this.accept(client, listen),
      failed: (error) => logger.error({ err: error }, 'cannot accept connections'),
    });
  }

  get places(): readonly Place[] {
    return this.listeners.places;
  }

  /** Of workers that have ended: the others tell when they do. */
  get hints(): Readonly<HintCounts> {
    return this.hintCounts;
  }

  get sessionCount(): number {
    return this.crew.sessions;
  }

  async start(): Promise<this> {
    await this.crew.start();
    (await this.listeners.prepare(this.config.listen)).apply();
    this.maker.announce();
    return this;
  }

  async close(): Promise<void> {
    this.listeners.close();
    await this.crew.close();
  }

  endIdle(): void {
    this.crew.send({ kind: 'endIdle' });
  }

  destroy(): void {
    this.crew.send({ kind: 'destroy' });
  }

  get isListening(): boolean {
    return this.listeners.isOpen && this.crew.isReady;
  }

  async prepare(config: Config): Promise<ListenChange> {
    const certificates = this.maker.for(config);
    const { apply, cancel } = await this.listeners.prepare(config.listen);
    return {
      apply: () => {
        apply();
        this.config = config;
        this.budget.total = config.budget.bytes;
        this.crew.configure(config, certificates);
        this.maker.announce();
      },
      cancel,
    };
  }

  standing(): Standing {
    return {
      openSessions: 0, stalledSessions: 0, clientlessDrains: 0, budgetUsedBytes: 0,
      budgetMaxBytes: this.config.budget.bytes,
      hints: { followed: 0, forbidden: 0, malformed: 0 }, droppedSamples: 0,
      live: { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 },
    };
  }

  async standingOfAll(): Promise<Standing> {
    const told = await this.crew.tell('standing');
    const each = told.flatMap(({ text }) => (text === null ? [] : [JSON.parse(text) as Standing]));
    return each.reduce(sumOf, this.standing());
  }

  /** One process keeps them; of several, none does. */
  get statistics(): null {
    return null;
  }

  async *sessionViews(after: number): AsyncGenerator<SessionView> {
    for (let last = after; last !== Infinity; ) {
      const told = await this.crew.tell({ sessionsAfter: last });
      const pages = told.flatMap(({ text }) => (text === null ? [] : [JSON.parse(text) as SessionPage]));
      // Behind its page, a worker may have further sessions than those that others have named already.
      last = Math.min(Infinity, ...pages.filter(({ isLast }) => !isLast).map(({ views }) => views.at(-1)!.session));
      const views = pages.flatMap((page) => page.views).filter(({ session }) => session <= last);
      yield* views.sort((one, other) => one.session - other.session);
    }
  }

  async allMetrics(own: string): Promise<string> {
    const told = await this.crew.tell('metrics');
    for (const { member, text } of told) if (text !== null) member.metrics = text;
    const ofWorkers = told.map(({ member, text }) => text ?? onlyCounters(member.metrics));
    const ofCrew = new Exposition();
    const answering = told.filter(({ text }) => text !== null).length;
    ofCrew.gauge('sluice_workers', 'Workers that have answered this time.', answering);
    ofCrew.counter('sluice_worker_restarts_total', 'Workers that ended and were replaced.', this.crew.restarts);
    return mergeMetrics([own, this.departed, ...ofWorkers, ofCrew.toString()]);
  }

  said(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case 'written':
        for (const record of message.records) this.parts.audit.write(JSON.parse(record) as object);
        for (const line of message.lines) this.parts.log.write(line);
        break;
      case 'ask':
        member.send({ kind: 'lent', bytes: this.budget.lend(member.number, message.bytes) });
        break;
      case 'giveBack':
        this.budget.takeBack(member.number, message.bytes);
        break;
      case 'closed':
        for (const [outcome, count] of Object.entries(message.hints)) {
          this.hintCounts[outcome as keyof HintCounts] += count;
        }
        break;
      default:
    }
  }

  lost(member: Member): void {
    this.budget.forget(member.number);
    this.departed = mergeMetrics([this.departed, onlyCounters(member.metrics)]);
  }

  private accept(client: Socket, listen: Listen): void {
    const { max } = this.config.connections;
    if (this.crew.sessions >= max) {
      this.doorman.turnAway(client, max);
      return;
    }
    const worker = this.crew.least();
    if (worker === null) {
      this.doorman.refuse(client, upstreamUnavailable('no worker is there that could take the connection'));
      return;
    }
    this.lastSessionId += 1;
    worker.give(this.lastSessionId, client, listen);
  }
}

/**
 * Starts `workers` processes that relay, and begins to listen for them.
 * @throws an error with the code NO_WORKERS where they cannot be started
 * @throws {ListenError} where a place cannot be listened on, {TlsFileError} where a certificate cannot be used
 */
export async function startPool(config: Config, parts: PoolParts): Promise<Proxy> {
  return new Pool(config, parts).start();
}
