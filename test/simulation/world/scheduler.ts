import type { Random } from './random.js';

/**
 * Virtual time. Events happen one after the other, each at its time; among those of one moment the seed chooses the
 * order. After each event all promises and ticks that it has set off are done before the next one.
 */
export class Scheduler {
  /** The virtual time, in ms since the world began. */
  nowMs = 0;
  /** The number of events so far. */
  eventCount = 0;
  private readonly queue = new EventQueue();
  /** Is called before each event. */
  beforeEvent: () => void = () => undefined;
  private readonly watchers: (() => void)[] = [];
  /** Events that a world waits for. */
  private awaited = 0;

  constructor(private readonly random: Random) {}

  /** Whether nothing is due that a world waits for. */
  get isQuiet(): boolean {
    return this.awaited === 0;
  }

  /**
   * Plans an event.
   * @param ms from now on
   * @param isAwaited whether a world goes on for this event alone
   */
  after(ms: number, work: () => void, isAwaited = true): PlannedEvent {
    const event = new PlannedEvent(this.nowMs + Math.max(0, ms), this.random.int(2 ** 32), work, isAwaited);
    this.queue.push(event);
    if (isAwaited) this.awaited += 1;
    return event;
  }

  cancel(event: PlannedEvent | null): void {
    if (event === null || event.work === null) return;
    event.work = null;
    if (event.isAwaited) this.awaited -= 1;
  }

  /** Calls `look` after each event. What it throws ends the run. */
  onStep(look: () => void): void {
    this.watchers.push(look);
  }

  /**
   * Lets events happen until nothing is due that the world waits for, or until a bound is reached.
   * @throws what an event or a watcher throws
   */
  run({ untilMs = Infinity, maxEvents = Infinity, until = () => false }: RunBounds = {}): Promise<RunEnd> {
    const lastEvent = this.eventCount + maxEvents;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const step = (): void => {
        if (isOver) return;
        try {
          if (this.eventCount > 0) for (const look of this.watchers) look();
          const end = until() ? 'until' : this.eventCount >= lastEvent ? 'events' : this.next(untilMs);
          if (end === null) return;
          isOver = true;
          resolve(end);
        } catch (error) {
          isOver = true;
          reject(error as Error);
        }
      };
      // Between two immediates of one turn, Node runs all ticks and promises. A turn costs much, so many share one.
      const turn = (): void => {
        for (let count = 1; count < STEPS_IN_A_TURN; count += 1) setImmediate(step);
        setImmediate(() => {
          step();
          if (!isOver) turn();
        });
      };
      turn();
    });
  }

  /** Lets this many ms pass, however little happens in them. */
  async pass(ms: number): Promise<void> {
    let isOver = false;
    this.after(ms, () => (isOver = true));
    await this.run({ until: () => isOver });
  }

  /** Lets the next event happen. Returns null, or why there is none. */
  private next(untilMs: number): RunEnd | null {
    const event = this.isQuiet ? null : this.queue.first();
    if (event === null) return 'quiet';
    if (event.atMs > untilMs) {
      this.nowMs = untilMs;
      return 'time';
    }
    this.queue.takeFirst();
    const { work } = event;
    event.work = null;
    if (event.isAwaited) this.awaited -= 1;
    this.nowMs = event.atMs;
    this.eventCount += 1;
    this.beforeEvent();
    work!();
    return null;
  }
}

const STEPS_IN_A_TURN = 64;

/** The bounds of a run. */
export interface RunBounds {
  /** The virtual time at which it ends. */
  readonly untilMs?: number;
  readonly maxEvents?: number;
  /** Ends the run once it is true after an event. */
  readonly until?: () => boolean;
}

/** Why a run has ended. */
export type RunEnd = 'quiet' | 'time' | 'events' | 'until';

/** An event that has not happened yet. */
export class PlannedEvent {
  constructor(
    readonly atMs: number,
    /** Decides the order among events of one moment. */
    readonly rank: number,
    /** Null once it has happened, or was cancelled. */
    public work: (() => void) | null,
    readonly isAwaited: boolean,
  ) {}

  isBefore(other: PlannedEvent): boolean {
    return this.atMs < other.atMs || (this.atMs === other.atMs && this.rank < other.rank);
  }
}

/** Planned events, the next one first: a binary heap. */
class EventQueue {
  private readonly heap: PlannedEvent[] = [];

  push(event: PlannedEvent): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!event.isBefore(heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  /** The next event that was not cancelled; null if there is none. */
  first(): PlannedEvent | null {
    while (this.heap.length > 0 && this.heap[0]!.work === null) this.takeFirst();
    return this.heap[0] ?? null;
  }

  takeFirst(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.isBefore(heap[child]!)) child += 1;
      if (!heap[child]!.isBefore(last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
