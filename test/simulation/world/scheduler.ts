import { Heap } from './heap.js';
import { drainTicks } from './nodeInternals.js';
import type { Random } from './random.js';

/**
 * Virtual time. Events happen one after the other, each at its time; among those of one moment the seed chooses the
 * order. After each event all promises and ticks that it has set off are done before the next one. More than half of
 * the events only move bytes from one kernel to the other: these set off none, and nobody has to look after them.
 */
export class Scheduler {
  /** The virtual time, in ms since the world began. */
  nowMs = 0;
  /** The number of events so far. */
  eventCount = 0;
  private readonly queue = new Heap<PlannedEvent>();
  /** Is called before each event that runs code. */
  beforeEvent: () => void = () => undefined;
  private readonly watchers: (() => void)[] = [];
  /** Events that a world waits for. */
  private awaited = 0;
  /** Code has run since the watchers have looked. */
  private hasActed = false;

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
    return this.plan(ms, work, isAwaited, true);
  }

  /** Plans an event inside the network, which runs no code of a program, of a model or of a test. */
  carry(ms: number, work: () => void): void {
    this.plan(ms, work, true, false);
  }

  cancel(event: PlannedEvent | null): void {
    if (event === null || event.work === null) return;
    event.work = null;
    if (event.isAwaited) this.awaited -= 1;
  }

  /** Calls `look` after each event that runs code. What it throws ends the run. */
  onStep(look: () => void): void {
    this.watchers.push(look);
  }

  /**
   * Runs events until nothing is due that the world waits for, or until a bound is reached.
   * @throws the error of an event or of a watcher
   */
  run(bounds: RunBounds = {}): Promise<RunEnd> {
    const lastEvent = this.eventCount + (bounds.maxEvents ?? Infinity);
    this.hasActed = true;
    return new Promise((resolve, reject) => {
      // A turn of Node's own loop costs more than an event, so many events share one.
      const turn = (): void => {
        try {
          for (let count = 0; count < STEPS_IN_A_TURN; count += 1) {
            const end = this.step(bounds, lastEvent);
            if (end !== null) return resolve(end);
            if (this.hasActed) drainTicks();
          }
          setImmediate(turn);
        } catch (error) {
          reject(error as Error);
        }
      };
      setImmediate(turn);
    });
  }

  /** Runs for this many ms of virtual time, even if nothing happens. */
  async pass(ms: number): Promise<void> {
    let isOver = false;
    this.after(ms, () => (isOver = true));
    await this.run({ until: () => isOver });
  }

  /** Lets everybody look, and then the next event happen. Returns null, or why there is none. */
  private step({ untilMs = Infinity, until }: RunBounds, lastEvent: number): RunEnd | null {
    if (this.hasActed) {
      if (this.eventCount > 0) for (const look of this.watchers) look();
      if (until?.() === true) return 'until';
    }
    return this.eventCount >= lastEvent ? 'events' : this.next(untilMs);
  }

  /** The next event that was not cancelled; null if there is none. */
  private first(): PlannedEvent | null {
    const { queue } = this;
    while (queue.first?.work === null) queue.takeFirst();
    return queue.first;
  }

  /** Runs the next event. Returns null, or the reason why there is none. */
  private next(untilMs: number): RunEnd | null {
    const event = this.isQuiet ? null : this.first();
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
    this.hasActed = event.runsCode;
    if (event.runsCode) this.beforeEvent();
    work!();
    return null;
  }

  private plan(ms: number, work: () => void, isAwaited: boolean, runsCode: boolean): PlannedEvent {
    const atMs = this.nowMs + Math.max(0, ms);
    const event = new PlannedEvent(atMs, this.random.int(2 ** 32), work, isAwaited, runsCode);
    this.queue.push(event);
    if (isAwaited) this.awaited += 1;
    return event;
  }
}

const STEPS_IN_A_TURN = 256;

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
    readonly runsCode: boolean,
  ) {}

  isBefore(other: PlannedEvent): boolean {
    return this.atMs < other.atMs || (this.atMs === other.atMs && this.rank < other.rank);
  }
}
