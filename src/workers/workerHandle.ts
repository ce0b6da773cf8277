import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Listen } from '../config/config.js';
import type { Family } from '../telemetry/familyList.js';
import type { Answer, FromWorker, Question, ToWorker } from './messages.js';
import { world } from '../world/world.js';
import type { OwnProcess } from '../world/processes.js';

/** One worker, as the primary sees it. */
export class WorkerHandle {
  /** The clients that it was given and whose sessions have not ended. */
  sessions = 0;
  isReady = false;
  /** It does not answer, and gets no new clients until it does. */
  isHung = false;
  /** Its last known metrics. */
  metrics: readonly Family[] = [];
  readonly startedAtMs = world.nowMs();
  /** Sessions that ended together with its process. */
  lostSessions = 0;
  private readonly process: OwnProcess;
  /** Connections that it has not received yet. */
  private readonly onTheWay = new Set<Socket>();
  private readonly questions = new Map<number, (answer: Answer | null) => void>();
  private lastQuestion = 0;
  /**
   * The number of beats since a question that it has not answered; 0 if none is open. A primary that hangs itself
   * counts no beats.
   */
  private beats = 0;
  private readonly heartbeat = world.every(BEAT_EVERY_MS, () => this.beat()).unref();
  private lastWords = '';

  /**
   * Starts a worker.
   * @param number from 1 to the number of workers
   */
  constructor(
    readonly number: number, start: Extract<ToWorker, { kind: 'start' }>, private readonly observer: WorkerObserver,
  ) {
    this.process = world.startProcess(PROGRAM);
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.lastWords = `${this.lastWords}${text}`.slice(-MAX_LAST_WORDS);
    });
    this.process.on('message', (message: FromWorker) => this.heard(message));
    this.process.on('error', (error) => {
      this.lastWords += error.message;
      const hasNeverStarted = this.pid === undefined;
      if (hasNeverStarted) this.ended({ code: null, signal: null, said: error.message });
    });
    this.process.on('disconnect', () => (this.isReady = false));
    this.process.on('close', (code, signal) => this.ended({ code, signal, said: this.lastWords.trim() }));
    this.send(start);
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  send(message: ToWorker): void {
    // A message that cannot be sent is not needed: the process is ending.
    if (this.process.connected) this.process.send(message, () => {});
  }

  /** Gives a client to the worker. */
  give(session: number, client: Socket, listen: Listen): void {
    this.sessions += 1;
    this.onTheWay.add(client);
    this.process.send({ kind: 'client', session, listen } satisfies ToWorker, client, {}, (error) => {
      this.onTheWay.delete(client);
      if (error !== null) client.destroy();
    });
  }

  /** Asks a question. Null if no answer comes in time. */
  tell(question: Question, withinMs = ANSWER_TIMEOUT_MS): Promise<Answer | null> {
    if (!this.isReady) return Promise.resolve(null);
    this.lastQuestion += 1;
    const id = this.lastQuestion;
    return new Promise((resolve) => {
      const settle = (answer: Answer | null): void => {
        world.cancel(timer);
        this.questions.delete(id);
        resolve(answer);
      };
      const timer = world.after(withinMs, () => settle(null));
      this.questions.set(id, settle);
      this.send({ kind: 'tell', question, id });
    });
  }

  private heard(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.isReady = true;
        break;
      case 'pong':
        this.answered();
        return;
      case 'ended':
        this.sessions -= message.sessions;
        break;
      case 'told':
        this.questions.get(message.id)?.(message.answer);
        return;
      case 'closed':
        this.isReady = false;
        this.metrics = message.metrics;
        break;
      default:
    }
    this.observer.said(this, message);
  }

  private beat(): void {
    if (!this.isReady) return;
    this.beats += 1;
    if (this.beats === 1) this.send({ kind: 'ping' });
    if (this.isHung || this.beats <= MAX_MISSED_BEATS) return;
    this.isHung = true;
    this.observer.missed(this, true);
  }

  private answered(): void {
    this.beats = 0;
    if (!this.isHung) return;
    this.isHung = false;
    this.observer.missed(this, false);
  }

  private ended(end: WorkerEnd): void {
    world.cancel(this.heartbeat);
    this.isReady = false;
    this.lostSessions = this.sessions;
    this.sessions = 0;
    for (const client of this.onTheWay) client.destroy();
    for (const answer of this.questions.values()) answer(null);
    this.observer.ended(this, end);
  }
}

const PROGRAM = fileURLToPath(new URL('./workerMain.js', import.meta.url));

/** The length of a worker's standard error that is kept, from its end. Node writes there why a process ends. */
const MAX_LAST_WORDS = 2000;

/** The longest wait for a worker's answer, unless told otherwise. */
const ANSWER_TIMEOUT_MS = 2000;

/**
 * The time between two checks whether a worker answers. `MAX_MISSED_BEATS` is the number without an answer until it
 * gets no more clients.
 */
const BEAT_EVERY_MS = 500;
const MAX_MISSED_BEATS = 4;

/** The end of a worker. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of its standard error. */
  readonly said: string;
}

export interface WorkerObserver {
  /** The worker has sent a message that is not for its handle. */
  said(worker: WorkerHandle, message: FromWorker): void;
  /** It has not answered for some time (`isHung`), or answers again. */
  missed(worker: WorkerHandle, isHung: boolean): void;
  /** Its process has ended. */
  ended(worker: WorkerHandle, end: WorkerEnd): void;
}
