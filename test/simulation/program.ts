import { openAuditLog, type MovableAuditLog } from '../../src/audit/auditLog.js';
import type { Config } from '../../src/config/config.js';
import { startProxy, type Proxy } from '../../src/relay/proxy.js';
import type { Session } from '../../src/relay/session/session.js';
import { History } from '../../src/telemetry/history.js';
import type { LiveStatistics } from '../../src/telemetry/liveStatistics.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import type { ProxyStatus } from '../../src/telemetry/status.js';
import { startPrimary } from '../../src/workers/primary.js';
import type { Entry } from '../support/inProcess.js';
import { keptLog } from '../support/keptLog.js';
import type { AuditRecord } from './invariants/judged.js';
import { sumOfMetrics, sumOfStatus } from './sums.js';
import type { Surroundings } from './plan.js';
import type { ChildProcess, OpenRelay } from './world/childProcess.js';
import type { SimulatedWorld } from './world/simulatedWorld.js';

/** Sluice in a world: one process, or a primary with workers; its log and its records. */
export class Program {
  /** All records, also those that no file has. */
  readonly records: AuditRecord[] = [];
  /** The text of each record, as it was written to the file: the record itself may change later. */
  readonly recordTexts: string[] = [];
  /** The time at which each was written, in ms since 1970 on Sluice's clock. */
  readonly recordDatesMs: number[] = [];
  readonly log: Entry[];
  /** The names of all files of records. */
  readonly files = [RECORDS_FILE];
  private readonly own = new Metrics();
  private readonly kept = keptLog();
  private file: MovableAuditLog | null = null;
  private isClosing = false;

  constructor(private readonly world: SimulatedWorld, private readonly around: Surroundings) {
    this.log = this.kept.entries;
  }

  /** Starts Sluice. To be called as Sluice's process. */
  start(config: Config): Promise<Proxy> {
    const { around, kept: { log }, own: metrics } = this;
    if (around.disk) this.file = openAuditLog({ to: RECORDS_FILE, format: 'json' }, log);
    const audit = { write: (record: object) => this.write(record) };
    if (around.workers === undefined) return startProxy(config, log, audit, metrics);
    const write = (line: string): void => void this.log.push(JSON.parse(line) as Entry);
    return startPrimary(config, {
      log: { logger: log, droppedLines: 0, write, close: () => Promise.reject(new Error('nobody closes the log')) },
      audit, metrics, history: new History(), version: '0',
    });
  }

  /** Renames the file of records and opens a new one, as a rotation does. To be called as Sluice's process. */
  reopen(): void {
    if (this.isClosing) return;
    const kept = `${RECORDS_FILE}.${this.files.length}`;
    this.world.files.rename(RECORDS_FILE, kept);
    this.files.push(kept);
    this.file?.reopen({ to: RECORDS_FILE, format: 'json' });
  }

  /** Closes the file of records, if there is one. */
  async close(): Promise<void> {
    this.isClosing = true;
    await this.file?.close();
  }

  /** The records that Sluice counts as lost on their way to the file. */
  get droppedRecords(): number {
    return this.file?.droppedRecords ?? 0;
  }

  /** The sessions of all processes that have not died. */
  sessionsOf(proxy: Proxy | null): ReadonlySet<Session> {
    if (proxy === null) return new Set();
    if (this.around.workers === undefined) return (proxy as unknown as OpenProxy).relay.open.sessions;
    const each = this.living.map(({ relay }) => (relay as OpenRelay).open.sessions);
    return new Set(each.flatMap((sessions) => [...sessions]));
  }

  /** The live statistics of the one process. */
  statisticsOf(proxy: Proxy): LiveStatistics | null {
    return this.around.workers === undefined ? (proxy as unknown as OpenProxy).relay.statistics : null;
  }

  /** The counts of all processes, also of those that have ended. */
  get metrics(): Metrics {
    if (this.around.workers === undefined) return this.own;
    return sumOfMetrics([this.own, ...this.world.workers.flatMap(({ metrics }) => metrics ?? [])]);
  }

  /** The status of all processes that were not killed, also of those that have ended in order. */
  statusOf(proxy: Proxy): ProxyStatus {
    if (this.around.workers === undefined) return proxy.status();
    const left = this.world.workers.filter(({ wasKilled }) => !wasKilled);
    return left.flatMap(({ relay }) => relay?.status() ?? []).reduce(sumOfStatus, proxy.status());
  }

  private get living(): ChildProcess[] {
    return this.world.workers.filter(({ loop, relay }) => loop.isAlive && relay !== null);
  }

  private write(record: object): void {
    this.records.push({ ...record });
    this.recordDatesMs.push(this.world.dateMs);
    if (this.file === null) return;
    this.recordTexts.push(JSON.stringify(record));
    this.file.write(record);
  }
}

/** The path of the file of records in a world. */
export const RECORDS_FILE = '/records';

/** The parts of a proxy that only tests look at. */
interface OpenProxy {
  readonly relay: OpenRelay;
}
