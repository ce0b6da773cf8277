import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { EventLoopWatch } from '../telemetry/eventLoop.js';
import type { Family } from '../telemetry/familyList.js';
import { Metrics } from '../telemetry/metrics.js';
import { readMetrics } from '../telemetry/readMetrics.js';
import { firstPage } from '../admin/sessionPage.js';
import { loggerTo } from '../audit/log.js';
import type { Listen } from '../config/config.js';
import { adoptSent } from '../relay/connection/clientSocket.js';
import { UNEXPECTED } from '../relay/containment.js';
import { Relay } from '../relay/relay.js';
import { LeasedBudget } from './leasedBudget.js';
import type { Answer, FromWorker, Question, ToWorker } from './messages.js';
import { Outbox } from './outbox.js';
import { world } from '../world/world.js';

/** A worker: it relays the clients that the primary has accepted. The primary writes its records and log lines. */
export class Worker {
  private readonly outbox: Outbox;
  private readonly metrics = new Metrics();
  private readonly logger: Logger;
  private readonly budget: LeasedBudget;
  private readonly relay: Relay;
  private readonly version: string;
  /** Measures from the first question on. Without an admin endpoint there is no question. */
  private loop: EventLoopWatch | null = null;
  private endedSessions = 0;

  constructor({ number, workers, version, config, certificates }: Start, private readonly around: WorkerSurroundings) {
    this.version = version;
    this.outbox = new Outbox(
      (records, lines, taken) => around.send({ kind: 'written', records, lines }, taken),
      () => this.logger.error('audit: dropping records: they are not taken as fast as they come'),
    );
    this.logger = loggerTo(config.log.level, (line) => this.outbox.log(line), { worker: number });
    this.budget = new LeasedBudget(config.budget.bytes, workers, {
      ask: (bytes) => around.send({ kind: 'ask', bytes }),
      giveBack: (bytes) => around.send({ kind: 'giveBack', bytes }),
    });
    this.relay = new Relay(config, certificates, {
      log: this.logger,
      audit: this.outbox,
      metrics: this.metrics,
      budget: this.budget,
      history: {
        note: (event, facts) => around.send({ kind: 'noted', event, facts: { ...facts, worker: number } }),
      },
      left: () => this.left(),
    });
    around.send({ kind: 'ready' });
  }

  /** @param client the connection that came with the message; nothing has been read from it */
  take(message: Exclude<ToWorker, Start>, client: Socket | undefined): void {
    switch (message.kind) {
      case 'configure':
        this.configure(message);
        break;
      case 'client':
        this.admit(message.session, client, message.listen);
        break;
      case 'lent':
        this.budget.granted(message.bytes);
        break;
      case 'tell':
        void this.answer(message.question).then((answer) => this.around.send({ kind: 'told', id: message.id, answer }));
        break;
      case 'ping':
        this.around.send({ kind: 'pong' });
        break;
      case 'endIdle':
        this.relay.endIdle();
        break;
      case 'destroy':
        this.relay.destroy();
        break;
      case 'close':
        void this.close();
    }
  }

  /** Ends the process after an unexpected error, once the primary has the message. */
  fail(error: unknown): void {
    this.logger.fatal({ err: error }, UNEXPECTED);
    this.outbox.flush();
    // Sent after everything that was flushed. No further session has ended on its own, so 0 is true.
    this.around.send({ kind: 'ended', sessions: 0 }, () => this.around.exit(1));
  }

  /** The primary has ended, so this worker ends too. */
  orphaned(): void {
    this.relay.destroy();
    this.around.exit(1);
  }

  private configure({ config, certificates }: Extract<ToWorker, { kind: 'configure' }>): void {
    try {
      this.relay.prepare(config, certificates).apply();
      this.logger.level = config.log.level;
    } catch (error) {
      // The primary has accepted this configuration, so a file has changed since then.
      this.logger.error({ err: error }, 'a worker keeps the previous configuration: reload once more');
    }
  }

  private admit(session: number, client: Socket | undefined, listen: Listen): void {
    if (client === undefined) { // it was gone before it could be handed over
      this.left();
      return;
    }
    const adopted = adoptSent(client);
    try {
      this.relay.admit(session, adopted, listen);
    } catch (error) {
      this.logger.error({ session, err: error }, UNEXPECTED);
      adopted.destroy();
      this.left();
    }
  }

  /** Reports the ended sessions once for each turn of the event loop. */
  private left(): void {
    this.endedSessions += 1;
    if (this.endedSessions === 1) world.soon(() => this.sayEnded());
  }

  private sayEnded(): void {
    const sessions = this.endedSessions;
    this.endedSessions = 0;
    this.around.send({ kind: 'ended', sessions });
  }

  private async close(): Promise<void> {
    await this.relay.close();
    this.outbox.flush();
    this.around.send(
      { kind: 'closed', hints: this.relay.hints, metrics: this.readMetrics() }, () => this.around.exit(0),
    );
  }

  /** Null if an error prevented it. */
  private async answer(question: Question): Promise<Answer | null> {
    try {
      return await this.tell(question);
    } catch (error) {
      this.logger.error({ question, err: error }, UNEXPECTED);
      return null;
    }
  }

  private async tell(question: Question): Promise<Answer | null> {
    const { relay } = this;
    if (question === 'metrics') return this.readMetrics();
    if (question === 'status') return relay.status();
    if ('statistics' in question) return relay.statistics?.overview(question.statistics, world.dateMs()) ?? null;
    if ('profiles' in question) {
      return relay.statistics?.profiles(question.grouping, question.profiles, world.dateMs()) ?? null;
    }
    if ('detailOf' in question) return relay.open.detail(question.detailOf);
    if ('order' in question) return await relay.open.order(question.session, question.order);
    return await firstPage(relay.open.views(question.sessionsAfter));
  }

  private readMetrics(): readonly Family[] {
    this.loop ??= new EventLoopWatch();
    const { outbox, relay, metrics, version } = this;
    const administered = {
      isReady: true,
      expiries: [],
      containerMemory: null,
      status: () => relay.status(),
      droppedAuditRecords: outbox.droppedRecords,
      droppedLogLines: outbox.droppedLines,
    };
    return readMetrics({ metrics, administered, loopDelay: this.loop.delay, version });
  }
}

/** The channel to the primary, and the worker's process. */
export interface WorkerSurroundings {
  /** @param sent is called once the message has left this process, or cannot leave it any more */
  send(message: FromWorker, sent?: () => void): void;
  exit(code: number): void;
}

type Start = Extract<ToWorker, { kind: 'start' }>;
