import { readAnswer } from './answer.js';
import type { Envelope } from './envelope.js';
import type { ExportLog } from './exportLog.js';
import { countOf, ItemQueue, type Item, type QueueBounds } from './itemQueue.js';
import { post, type Destination } from './post.js';
import type { Signal } from './targets.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/**
 * Sends the items of one signal to their receiver, one request at a time. After a failure the items wait in a bounded
 * queue, and the pauses between attempts grow. A timer runs only while items wait.
 */
export class SignalExporter {
  private readonly queue: ItemQueue;
  private readonly abortion = new AbortController();
  /** The batch under way; null if there is none. */
  private sending: readonly Item[] | null = null;
  /** Ends the pause before the next request; null if there is none. */
  private timer: Timer | null = null;
  /** The number of failed requests in a row. */
  private failures = 0;
  /** Is called once no item waits; null if there is no `flush` under way. */
  private whenEmpty: (() => void) | null = null;

  /** @param target may be replaced later: the next request goes to the new one */
  constructor(readonly signal: Signal, public target: ExportTarget, private readonly log: ExportLog) {
    this.queue = new ItemQueue(BOUNDS[signal]);
  }

  /** Adds an item to the queue. If the queue is full, this pushes out the oldest items. */
  add(item: Item): void {
    this.log.lost(this.queue.add(item), 'overflow');
    if (this.timer === null && this.sending === null) this.sendIn(this.gatheringMs);
  }

  /** Sends the waiting items at once. Resolves when none is left, or when the exporter is closed. */
  async flush(): Promise<void> {
    if (this.queue.isEmpty && this.sending === null) return;
    const flushed = new Promise<void>((resolve) => (this.whenEmpty = resolve));
    if (this.sending === null) this.sendNow();
    await flushed;
  }

  /** Aborts the request under way, and drops all items. */
  close(): void {
    world.cancel(this.timer);
    this.timer = null;
    this.abortion.abort();
    this.log.lost(this.queue.empty() + countOf(this.sending ?? []), 'stopped');
    this.whenEmpty?.();
  }

  private sendIn(ms: number): void {
    this.timer = world.after(ms, () => this.sendNow()).unref();
  }

  private sendNow(): void {
    world.cancel(this.timer);
    this.timer = null;
    this.sending = this.queue.take();
    void this.send(this.sending);
  }

  private async send(batch: readonly Item[]): Promise<void> {
    const { signal, target: { destination, envelope }, log } = this;
    const body = envelope.around(signal, batch.map(({ text }) => text));
    const outcome = await post(destination, body, this.abortion.signal);
    if (this.abortion.signal.aborted) return;
    this.sending = null;
    switch (outcome.kind) {
      case 'later':
        log.lost(this.queue.putBack(batch), 'overflow');
        log.failed(destination.url, outcome.reason);
        this.failures += 1;
        return this.sendIn(Math.min(Math.max(this.pauseMs(), outcome.afterMs ?? 0), LONGEST_WAIT_MS));
      case 'refused':
        log.lost(countOf(batch), 'refused', { url: destination.url, reason: outcome.reason });
        break;
      default:
        this.taken(outcome.answer, countOf(batch));
    }
    this.failures = 0;
    this.goOn();
  }

  private taken(answer: string | null, sent: number): void {
    const { log } = this;
    const { isOtlp, rejected, message } = readAnswer(this.signal, answer, sent);
    log.taken();
    if (!isOtlp) log.strange(this.target.destination.url);
    log.lost(rejected, 'rejected');
    if (rejected > 0 || message !== '') log.partial(rejected, message);
  }

  /** Sends the items that came in the meantime. */
  private goOn(): void {
    if (this.queue.isEmpty) this.whenEmpty?.();
    else if (this.whenEmpty !== null) this.sendNow();
    else this.sendIn(this.gatheringMs);
  }

  /** The wait for further items, in ms. */
  private get gatheringMs(): number {
    return this.queue.fillsBatch ? 0 : GATHERING_MS;
  }

  /** Half of the pause is random, so that programs that failed together do not try again together. */
  private pauseMs(): number {
    const most = Math.min(FIRST_PAUSE_MS * 2 ** (this.failures - 1), LONGEST_PAUSE_MS);
    return (most / 2) * (1 + world.random());
  }
}

/** The destination of requests, and the JSON around their items. */
export interface ExportTarget {
  readonly destination: Destination;
  readonly envelope: Envelope;
}

/** The time for which items are gathered into one request. */
const GATHERING_MS = 1000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** The longest pause, even if the receiver asks for a longer one. */
const LONGEST_WAIT_MS = 600_000;

// Lengths are in characters. A record may hold a statement of 1 MiB. By default the Collector accepts 20 MiB at once.
const OF_RECORDS: QueueBounds = {
  maxItems: 8192, maxLength: 8 * 1024 * 1024, batchItems: 512, batchLength: 1024 * 1024,
};
/** A new reading replaces an older one. */
const OF_READINGS: QueueBounds = { maxItems: 1, maxLength: Infinity, batchItems: 1, batchLength: Infinity };
const BOUNDS: Readonly<Record<Signal, QueueBounds>> = { metrics: OF_READINGS, logs: OF_RECORDS, traces: OF_RECORDS };
