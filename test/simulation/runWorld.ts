import type { Config } from '../../src/config/config.js';
import type { Proxy } from '../../src/relay/proxy.js';
import type { Session } from '../../src/relay/session/session.js';
import type { Metrics } from '../../src/telemetry/metrics.js';
import type { Entry } from '../support/inProcess.js';
import { Administrator } from './administrators/administrator.js';
import { ClientModel } from './clients/clientModel.js';
import { clientHost, configOf, serverAt, serverName, SLUICE } from './config.js';
import { armFaults } from './faults/faults.js';
import { checkClock } from './invariants/clock.js';
import { checkWorld } from './invariants/checkWorld.js';
import type { AuditRecord, InForce, Judged } from './invariants/judged.js';
import { checkMemory, heldBackBytes, type MemoryBounds } from './invariants/memory.js';
import { Ledger } from './ledger.js';
import { News } from './news.js';
import type { WorldPlan } from './plan.js';
import { Program } from './program.js';
import { ServerModel } from './servers/serverModel.js';
import type { Stage } from './stage.js';
import { Violations, type Violation } from './violations.js';
import type { LinkTraits } from './world/link.js';
import { SimulatedWorld } from './world/simulatedWorld.js';

/** The outcome of a world. */
export interface WorldOutcome {
  readonly plan: WorldPlan;
  readonly violations: readonly Violation[];
  readonly news: News;
  readonly log: readonly Entry[];
  readonly records: readonly AuditRecord[];
  readonly eventCount: number;
  readonly endedAtMs: number;
}

/** Runs a world from its beginning to its end, and checks it. The same plan always has the same outcome. */
export const runWorld = async (plan: WorldPlan): Promise<WorldOutcome> => {
  const run = new WorldRun(plan);
  await run.play();
  return run.outcome;
};

/** A world that runs. */
export class WorldRun implements Stage {
  readonly world: SimulatedWorld;
  readonly news: News;
  readonly ledger = new Ledger();
  readonly violations = new Violations();
  readonly program: Program;
  readonly settings: InForce[] = [];
  /** Each setting of the machine's clock, from the one at the beginning on. */
  readonly dates: { readonly fromMs: number, readonly dateAtStartMs: number }[];
  /** The parts of the memory limit that were in use, in worlds with one. */
  readonly memoryUse: { readonly fromMs: number, readonly part: number }[] = [{ fromMs: 0, part: 0.5 }];
  readonly servers: readonly ServerModel[];
  readonly clients: readonly ClientModel[];
  readonly administrator: Administrator;
  /** The times at which names had a fault, and those at which workers hung. */
  readonly nameTroubles: Span[] = [];
  readonly hangs: Span[] = [];
  proxy: Proxy | null = null;
  /** The known facts about each usage, once the world is over. */
  judged: readonly Judged[] = [];
  private memoryBounds: MemoryBounds = { readBytes: 0, heldBackBytes: 0 };

  constructor(readonly plan: WorldPlan) {
    this.world = new SimulatedWorld(plan.seed);
    this.dates = [{ fromMs: 0, dateAtStartMs: this.world.dateAtStartMs }];
    this.program = new Program(this.world, plan.around ?? {});
    this.world.network.traits = (_, to) => this.traitsOf(to.host);
    this.news = new News(() => this.nowMs());
    this.servers = plan.servers.map((server, index) => new ServerModel(index, server, this));
    this.clients = plan.clients.map((client) => new ClientModel(client, this));
    this.administrator = new Administrator(this);
  }

  readonly nowMs = (): number => this.world.scheduler.nowMs;

  after(ms: number, work: () => void): () => void {
    const { scheduler } = this.world;
    const event = scheduler.after(ms, work);
    return () => scheduler.cancel(event);
  }

  random(actor: string): SimulatedWorld['random'] {
    return this.world.random.fork(actor);
  }

  connect(from: string): ReturnType<SimulatedWorld['network']['connect']> {
    return this.world.network.connect(clientHost(from), SLUICE, from);
  }

  listen(server: number, accept: Parameters<SimulatedWorld['network']['listen']>[2]): () => void {
    const { host, port } = serverAt(server);
    return this.world.network.listen(host, port, accept, `server ${server}`);
  }

  /** Does something as Sluice's process. */
  inSluice<T>(work: () => T): T {
    return this.world.sluice.run(work);
  }

  /** The sessions of the proxy, with their parts. */
  get sessions(): ReadonlySet<Session> {
    return this.program.sessionsOf(this.proxy);
  }

  get records(): readonly AuditRecord[] {
    return this.program.records;
  }

  get log(): readonly Entry[] {
    return this.program.log;
  }

  get metrics(): Metrics {
    return this.program.metrics;
  }

  get outcome(): WorldOutcome {
    const { plan, violations, news, log, records, endedAtMs, world: { scheduler: { eventCount } } } = this;
    return { plan, violations: violations.found, news, log, records, eventCount, endedAtMs };
  }

  /** The time so far; at the end that of the whole world. */
  get endedAtMs(): number {
    return this.nowMs();
  }

  async play(): Promise<void> {
    this.world.enter();
    try {
      await this.begin();
      await this.go('clients', () => this.clients.every(({ isOver }) => isOver));
      await this.end();
      this.judged = checkWorld(this);
    } catch (error) {
      this.violations.add('no errors', (error as Error).stack ?? String(error));
    } finally {
      this.world.leave();
    }
    await checkClock(this, runWorld);
  }

  private async begin(): Promise<void> {
    const { plan, world: { scheduler } } = this;
    const config = configOf(plan.settings, plan.servers.length, plan.around);
    this.inForce(config);
    this.surround();
    const started = this.inSluice(() => this.program.start(config));
    void started.then((proxy) => (this.proxy = proxy));
    await scheduler.run({ until: () => this.proxy !== null, maxEvents: 1000 });
    for (const server of this.servers) server.start();
    for (const client of this.clients) client.start();
    this.administrator.begin();
    armFaults(this);
    // What a session holds changes only when Sluice runs.
    let checkedRuns = 0;
    scheduler.onStep(() => {
      const { programRuns } = this.world;
      if (programRuns === checkedRuns) return;
      checkedRuns = programRuns;
      for (const session of this.sessions) checkMemory(session, this.memoryBounds, this.violations);
    });
  }

  /** Sets up the surroundings of Sluice. */
  private surround(): void {
    const { plan: { around = {}, servers }, world: { names } } = this;
    if (around.memory) this.world.memory = { limitBytes: MEMORY_BYTES, usedBytes: MEMORY_BYTES / 2 };
    if (around.names) for (const index of servers.keys()) names.set(serverName(index), serverAt(index).host);
  }

  /** From now on these settings are in force. */
  inForce(config: Config): void {
    this.settings.push({ fromMs: this.nowMs(), config });
    this.memoryBounds = {
      readBytes: this.plan.network.bufferBytes,
      heldBackBytes: Math.max(...this.settings.map((one) => heldBackBytes(one.config))),
    };
  }

  /** All clients have finished: Sluice has nothing left to do, and is told to stop. */
  private async end(): Promise<void> {
    await this.go('rest', () => this.sessions.size === 0, REST_MS);
    let isClosed = false;
    const close = async (): Promise<void> => {
      await this.proxy!.close();
      await this.program.close();
      isClosed = true;
    };
    void this.inSluice(close);
    await this.go('close', () => isClosed);
    await this.go('quiet', () => false, IDLE_MS);
    for (const server of this.servers) server.stop();
  }

  /**
   * Runs the world until a condition is true, or until nothing can happen any more.
   * @param leastMs the time for which it runs even if only timers are left that keep no program running
   */
  private async go(what: string, until: () => boolean, leastMs = 0): Promise<void> {
    const { scheduler } = this.world;
    const waits = leastMs === 0 ? null : scheduler.after(leastMs, () => undefined);
    const end = await scheduler.run({
      until, untilMs: scheduler.nowMs + MAX_MS, maxEvents: MAX_EVENTS,
    });
    scheduler.cancel(waits);
    if (end === 'time' || end === 'events') {
      const text = `${what}: not over after ${scheduler.nowMs} ms and ${scheduler.eventCount} events`;
      this.violations.add('every wait ends', text);
    }
  }

  private traitsOf(to: string): LinkTraits {
    const { network } = this.plan;
    const latencyMs = to === SLUICE.host ? network.clientLatencyMs : network.serverLatencyMs;
    const sizes = { sendBytes: network.bufferBytes, receiveBytes: network.bufferBytes };
    const segmentBytes = network.splits ? 1460 : 65_483;
    return {
      wire: { latencyMs, jitterMs: network.splits ? latencyMs / 2 : 0, bytesPerMs: 1_000_000, segmentBytes },
      fromSizes: sizes, toSizes: sizes,
    };
  }
}

/** A span of time in a world. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The memory limit of Sluice, in worlds with one. */
export const MEMORY_BYTES = 2 ** 28;

/** The longest phase of a world: a client may pause for 20 s at each of many fetches. */
const MAX_MS = 4 * 3_600_000;
const MAX_EVENTS = 200_000;
/** The longest time between two looks of Sluice for clients that it does not read. */
const REST_MS = 60_000;
/** Connections that are kept for later are closed by then. */
const IDLE_MS = 100_000;
