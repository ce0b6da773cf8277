import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { EventSink } from '../telemetry/history.js';
import type { OwnCertificates } from '../relay/tls/ownCertificates.js';
import { WorkerHandle, type WorkerEnd, type WorkerObserver } from './workerHandle.js';
import type { Answer, FromWorker, Question, ToWorker } from './messages.js';
import { NO_WORKERS } from './parts.js';
import type { Timer } from '../world/time.js';
import { world } from '../world/world.js';

/** A fixed number of workers. A worker that ends is replaced. */
export class WorkerSet implements WorkerObserver {
  /** The number of workers that were replaced. */
  restarts = 0;
  private readonly handles = new Set<WorkerHandle>();
  private readonly pauses = new Map<number, number>();
  private readonly timers = new Set<Timer>();
  private readonly size: number;
  private starting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;
  private closed: (() => void) | null = null;

  /** @param certificates of listeners for which none is configured: the same in all workers */
  constructor(
    private config: Config, private certificates: OwnCertificates, private readonly version: string,
    private readonly told: { readonly log: Logger; readonly history: EventSink },
    private readonly observer: WorkerSetObserver,
  ) {
    this.size = config.workers;
  }

  /**
   * Starts all workers; resolves when each takes clients.
   * @throws an error with the code NO_WORKERS if one of them ends instead
   */
  start(): Promise<void> {
    const started = new Promise<void>((resolve, reject) => (this.starting = { resolve, reject }));
    for (let number = 1; number <= this.size; number += 1) this.begin(number);
    return started;
  }

  /** Whether at least one worker takes clients. */
  get isReady(): boolean {
    return this.least() !== null;
  }

  /** The number of sessions of all workers. */
  get sessions(): number {
    return this.sum(({ sessions }) => sessions);
  }

  /** The worker with the fewest sessions that answers; null if none takes clients. */
  least(): WorkerHandle | null {
    let least: WorkerHandle | null = null;
    for (const worker of this.handles) {
      if (worker.isReady && !worker.isHung && (least === null || worker.sessions < least.sessions)) least = worker;
    }
    return least;
  }

  send(message: ToWorker): void {
    for (const worker of this.handles) worker.send(message);
  }

  /** Replaces the configuration, also for later workers. */
  configure(config: Config, certificates: OwnCertificates): void {
    this.config = config;
    this.certificates = certificates;
    for (const worker of this.handles) {
      worker.send({ kind: 'configure', config: this.configFor(worker.number), certificates });
    }
  }

  /** Asks all workers. The answer is null for a worker that gives none in time. */
  tell(
    question: Question, withinMs?: number,
  ): Promise<{ readonly worker: WorkerHandle; readonly answer: Answer | null }[]> {
    return Promise.all([...this.handles].map(async (worker) =>
      ({ worker, answer: await worker.tell(question, withinMs) })));
  }

  /** Tells all workers that no more clients come. Resolves when all have ended. */
  close(): Promise<void> {
    for (const timer of this.timers) world.cancel(timer);
    const closed = new Promise<void>((resolve) => (this.closed = resolve));
    this.send({ kind: 'close' });
    if (this.handles.size === 0) this.closed?.();
    return closed;
  }

  said(worker: WorkerHandle, message: FromWorker): void {
    if (message.kind === 'ready' && this.sum(({ isReady }) => Number(isReady)) === this.size) this.allReady();
    this.observer.said(worker, message);
  }

  missed({ number, pid, sessions }: WorkerHandle, isHung: boolean): void {
    const worker = { worker: number, pid, sessions };
    const { log, history } = this.told;
    if (isHung) history.note('worker-hung', { worker: number, sessions });
    if (isHung) log.error(worker, 'a worker does not answer: it gets no new clients until it does');
    else log.warn(worker, 'a worker answers again, and gets new clients');
  }

  ended(worker: WorkerHandle, end: WorkerEnd): void {
    this.handles.delete(worker);
    this.observer.lost(worker);
    if (this.starting !== null) {
      this.starting.reject(new WorkersError(`worker ${worker.number} ended before it was ready, ${causeOf(end)}`));
      this.starting = null;
    } else if (this.closed === null) {
      this.replace(worker, end);
    } else {
      if (end.code !== 0) this.say(worker, end, {}, 'it is not replaced, since Sluice stops');
      if (this.handles.size === 0) this.closed();
    }
  }

  private begin(number: number): void {
    const { size: workers, version, certificates } = this;
    const start = { kind: 'start', number, workers, version, config: this.configFor(number), certificates } as const;
    this.handles.add(new WorkerHandle(number, start, this));
  }

  private replace(worker: WorkerHandle, end: WorkerEnd): void {
    const { number, startedAtMs, lostSessions } = worker;
    const isSoon = world.nowMs() - startedAtMs < SOON_MS;
    const pauseMs = isSoon ? Math.min(LONGEST_PAUSE_MS, 2 * (this.pauses.get(number) ?? FIRST_PAUSE_MS / 2)) : 0;
    this.pauses.set(number, isSoon ? pauseMs : FIRST_PAUSE_MS / 2);
    this.restarts += 1;
    this.told.history.note('worker-replaced', { worker: number, sessions: lostSessions, message: causeOf(end) });
    this.say(worker, end, { pauseMs }, 'another one takes its place');
    const timer = world.after(pauseMs, () => {
      this.timers.delete(timer);
      this.begin(number);
    });
    this.timers.add(timer);
  }

  /** Logs that a worker has ended before its time. */
  private say({ number, pid, lostSessions }: WorkerHandle, end: WorkerEnd, facts: object, next: string): void {
    const { code, signal, said } = end;
    this.told.log.error(
      { worker: number, pid, code, signal, ...(said === '' ? {} : { said }), sessions: lostSessions, ...facts },
      `a worker has ended, and its sessions with it; ${next}`,
    );
  }

  private allReady(): void {
    this.starting?.resolve();
    this.starting = null;
  }

  private configFor(number: number): Config {
    return shareOf(this.config, number, this.size);
  }

  private sum(of: (worker: WorkerHandle) => number): number {
    let sum = 0;
    for (const worker of this.handles) sum += of(worker);
    return sum;
  }
}

export interface WorkerSetObserver {
  said(worker: WorkerHandle, message: FromWorker): void;
  /** A worker has ended, and its part of the budget is free. */
  lost(worker: WorkerHandle): void;
}

/** If workers end sooner than this, each is replaced after a longer pause than the one before. */
const SOON_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** Workers cannot be started. */
class WorkersError extends Error {
  readonly code = NO_WORKERS;
}

function causeOf({ code, signal, said }: WorkerEnd): string {
  const how = signal === null ? `with exit code ${code ?? 'unknown'}` : `by ${signal}`;
  return said === '' ? how : `${how}: ${said}`;
}

/**
 * The configuration for one worker. Rates over all sessions are divided, so that all workers together keep them.
 * @param number of the worker, from 1
 */
export function shareOf(config: Config, number: number, workers: number): Config {
  const { perSecond } = config.audit.sample;
  const share = Math.floor(perSecond / workers) + (number <= perSecond % workers ? 1 : 0);
  return { ...config, audit: { ...config.audit, sample: { ...config.audit.sample, perSecond: share } } };
}
