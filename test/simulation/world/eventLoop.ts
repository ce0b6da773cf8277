import type { Timer } from '../../../src/world/time.js';
import { enterWorld, type World } from '../../../src/world/world.js';
import { Heap, type Ordered } from './heap.js';
import type { Random } from './random.js';
import type { PlannedEvent, Scheduler } from './scheduler.js';

/**
 * The event loop of one simulated process, with the phases of Node's: timers, poll, immediates, closing. One callback
 * is one event of the world. What is ready in the poll phase comes in an order of the seed's; within the other phases
 * Node has an order.
 */
export class EventLoop {
  /** The world of this process. The loop enters it for each callback. */
  world: World | null = null;
  /** How often code of this process has run. */
  runs = 0;
  /** Returns the time that a callback takes, in ms. */
  callbackMs = (): number => 0.001 * this.random.between(1, 40);
  /** The timers that are set, and some that were cancelled. */
  private readonly timers = new Heap<SimulatedTimer>();
  private openCount = 0;
  /** The open timers for which the world goes on. */
  private awaitedCount = 0;
  private ready: (() => void)[] = [];
  private immediates: (() => void)[] = [];
  private closings: (() => void)[] = [];
  /** The rest of the phase under way. */
  private batch: (() => void)[] = [];
  private phase = 0;
  private planned: PlannedEvent | null = null;
  private timerCount = 0;
  private isHung = false;
  private isDead = false;
  private readonly deaths: (() => void)[] = [];

  constructor(readonly name: string, private readonly scheduler: Scheduler, private readonly random: Random) {}

  get isAlive(): boolean {
    return !this.isDead;
  }

  /** The number of timers that are set and have not fired. */
  get openTimers(): number {
    return this.openCount;
  }

  after(ms: number, work: () => void): SimulatedTimer {
    return this.set(ms, work, false);
  }

  every(ms: number, work: () => void): SimulatedTimer {
    return this.set(ms, work, true);
  }

  /** Calls `work` in the immediates phase, after earlier requests. */
  soon(work: () => void): void {
    this.immediates.push(work);
    this.plan();
  }

  /** Calls `work` in the poll phase: a socket can be read, or an answer has come. */
  poll(work: () => void): void {
    this.ready.push(work);
    this.plan();
  }

  /** Calls `work` in the closing phase. */
  closing(work: () => void): void {
    this.closings.push(work);
    this.plan();
  }

  /**
   * Runs code of this process. Its world stays entered until the next event, since promises go on after the call.
   */
  run<T>(work: () => T): T {
    this.runs += 1;
    if (this.world !== null) enterWorld(this.world);
    return work();
  }

  /** Nothing runs until `goOn`. */
  hang(): void {
    this.isHung = true;
  }

  goOn(): void {
    this.isHung = false;
    this.plan();
  }

  /** Nothing ever runs again. */
  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.scheduler.cancel(this.planned);
    this.timers.clear();
    this.openCount = this.awaitedCount = 0;
    this.ready = this.immediates = this.closings = this.batch = [];
    for (const tell of this.deaths) tell();
  }

  /** Calls `tell` when the process dies. */
  onDeath(tell: () => void): void {
    this.deaths.push(tell);
  }

  /** Cancels a timer. */
  forget(timer: SimulatedTimer): void {
    if (!timer.isOpen || this.isDead) return;
    timer.isOpen = false;
    this.openCount -= 1;
    if (timer.isAwaited) this.awaitedCount -= 1;
  }

  /** The world does not go on for a timer any more. */
  unref(timer: SimulatedTimer): void {
    if (timer.isOpen && timer.isAwaited) this.awaitedCount -= 1;
    timer.isAwaited = false;
    this.scheduler.cancel(this.planned);
    this.planned = null;
    this.plan();
  }

  private set(ms: number, work: () => void, isRepeated: boolean): SimulatedTimer {
    // As Node does: a delay that is no positive number, or that is too long, is 1 ms.
    const wholeMs = ms >= 1 && ms <= MAX_DELAY_MS ? Math.trunc(ms) : 1;
    this.timerCount += 1;
    const timer = new SimulatedTimer(this, work, wholeMs, isRepeated, this.timerCount);
    timer.dueAtMs = this.loopTimeMs + wholeMs;
    if (!this.isDead) {
      timer.isOpen = true;
      this.openCount += 1;
      this.awaitedCount += 1;
      this.timers.push(timer);
    }
    this.plan();
    return timer;
  }

  /** libuv's time has whole ms. */
  private get loopTimeMs(): number {
    return Math.floor(this.scheduler.nowMs);
  }

  private get isReady(): boolean {
    return this.batch.length + this.ready.length + this.immediates.length + this.closings.length > 0;
  }

  /** Plans the next callback, if there is one. */
  private plan(): void {
    if (this.isDead || this.isHung) return;
    const { nowMs } = this.scheduler;
    const { isReady } = this;
    const isAwaited = isReady || this.awaitedCount > 0;
    const dueMs = isReady ? 0 : Math.max(0, (this.firstTimer()?.dueAtMs ?? Infinity) - nowMs);
    if (dueMs === Infinity) return;
    const { planned } = this;
    if (planned?.work != null) {
      if (planned.isAwaited === isAwaited && planned.atMs <= nowMs + dueMs) return;
      this.scheduler.cancel(planned);
    }
    this.planned = this.scheduler.after(dueMs + this.callbackMs(), this.stepOnce, isAwaited);
  }

  private readonly stepOnce = (): void => {
    this.planned = null;
    if (this.isHung) return;
    const work = this.next();
    if (work !== null) this.run(work);
    this.plan();
  };

  private next(): (() => void) | null {
    for (let phases = 0; this.batch.length === 0 && phases < PHASES; phases += 1) {
      this.phase = (this.phase + 1) % PHASES;
      this.batch = this.take(this.phase);
    }
    return this.batch.shift() ?? null;
  }

  private take(phase: number): (() => void)[] {
    if (phase === 0) return this.dueTimers();
    const { ready, immediates, closings } = this;
    if (phase === 1) {
      this.ready = [];
      return this.random.shuffle(ready);
    }
    if (phase === 2) {
      this.immediates = [];
      return immediates;
    }
    this.closings = [];
    return closings;
  }

  /** The timer that is due first; null if none is set. */
  private firstTimer(): SimulatedTimer | null {
    const { timers } = this;
    while (timers.first?.isOpen === false) timers.takeFirst();
    return timers.first;
  }

  private dueTimers(): (() => void)[] {
    const due: (() => void)[] = [];
    for (let timer = this.firstTimer(); timer !== null; timer = this.firstTimer()) {
      if (timer.dueAtMs > this.scheduler.nowMs) break;
      this.timers.takeFirst();
      const first = timer;
      due.push(() => this.fire(first));
    }
    return due;
  }

  private fire(timer: SimulatedTimer): void {
    if (!timer.isOpen) return;
    if (timer.isRepeated) {
      timer.dueAtMs = this.loopTimeMs + timer.ms;
      this.timers.push(timer);
    } else {
      this.forget(timer);
    }
    timer.work();
  }
}

const PHASES = 4;
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A timer of a simulated process. */
export class SimulatedTimer implements Timer, Ordered<SimulatedTimer> {
  dueAtMs = 0;
  /** It is set, and was neither cancelled nor has it fired for the last time. */
  isOpen = false;
  /** Whether the world goes on for it. */
  isAwaited = true;

  constructor(
    private readonly loop: EventLoop, readonly work: () => void, readonly ms: number, readonly isRepeated: boolean,
    readonly number: number,
  ) {}

  unref(): this {
    this.loop.unref(this);
    return this;
  }

  isBefore(other: SimulatedTimer): boolean {
    return this.dueAtMs < other.dueAtMs || (this.dueAtMs === other.dueAtMs && this.number < other.number);
  }

  close(): void {
    this.loop.forget(this);
  }
}
