import type { Timer } from '../../../src/world/time.js';
import { enterWorld, type World } from '../../../src/world/world.js';
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
  /** The time that a callback takes, in ms. */
  callbackMs = (): number => 0.001 * this.random.between(1, 40);
  private readonly timers = new Set<SimulatedTimer>();
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
    return this.timers.size;
  }

  after(ms: number, work: () => void): SimulatedTimer {
    return this.set(ms, work, false);
  }

  every(ms: number, work: () => void): SimulatedTimer {
    return this.set(ms, work, true);
  }

  /** In the immediates phase, after those that were asked for before. */
  soon(work: () => void): void {
    this.immediates.push(work);
    this.plan();
  }

  /** In the poll phase: a socket can be read, an answer is there. */
  poll(work: () => void): void {
    this.ready.push(work);
    this.plan();
  }

  /** In the closing phase. */
  closing(work: () => void): void {
    this.closings.push(work);
    this.plan();
  }

  /**
   * Runs code of this process. Its world stays entered until the next event, since promises go on after the call.
   */
  run<T>(work: () => T): T {
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
    this.ready = this.immediates = this.closings = this.batch = [];
    for (const tell of this.deaths) tell();
  }

  /** Calls `tell` when the process dies. */
  onDeath(tell: () => void): void {
    this.deaths.push(tell);
  }

  forget(timer: SimulatedTimer): void {
    this.timers.delete(timer);
  }

  private set(ms: number, work: () => void, isRepeated: boolean): SimulatedTimer {
    // As Node does: a delay that is no positive number, or that is too long, is 1 ms.
    const wholeMs = ms >= 1 && ms <= MAX_DELAY_MS ? Math.trunc(ms) : 1;
    this.timerCount += 1;
    const timer = new SimulatedTimer(this, work, wholeMs, isRepeated, this.timerCount);
    timer.dueAtMs = this.loopTimeMs + wholeMs;
    if (!this.isDead) this.timers.add(timer);
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
    let dueMs = this.isReady ? 0 : Infinity;
    let isAwaited = this.isReady;
    if (!isAwaited) {
      for (const timer of this.timers) {
        dueMs = Math.min(dueMs, Math.max(0, timer.dueAtMs - nowMs));
        isAwaited ||= timer.isAwaited;
      }
    }
    if (dueMs === Infinity) return;
    const { planned } = this;
    if (planned?.work != null) {
      if (planned.isAwaited === isAwaited && planned.atMs <= nowMs + dueMs) return;
      this.scheduler.cancel(planned);
    }
    this.planned = this.scheduler.after(dueMs + this.callbackMs(), () => this.step(), isAwaited);
  }

  private step(): void {
    this.planned = null;
    if (this.isHung) return;
    const work = this.next();
    if (work !== null) this.run(work);
    this.plan();
  }

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

  private dueTimers(): (() => void)[] {
    const due = [...this.timers].filter(({ dueAtMs }) => dueAtMs <= this.scheduler.nowMs);
    due.sort((one, other) => one.dueAtMs - other.dueAtMs || one.number - other.number);
    return due.map((timer) => () => this.fire(timer));
  }

  private fire(timer: SimulatedTimer): void {
    if (!this.timers.has(timer)) return;
    if (timer.isRepeated) timer.dueAtMs = this.loopTimeMs + timer.ms;
    else this.timers.delete(timer);
    timer.work();
  }

  /** A timer has been told not to keep the process running. */
  replan(): void {
    this.scheduler.cancel(this.planned);
    this.planned = null;
    this.plan();
  }
}

const PHASES = 4;
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A timer of a simulated process. */
export class SimulatedTimer implements Timer {
  dueAtMs = 0;
  /** Whether the world goes on for it. */
  isAwaited = true;

  constructor(
    private readonly loop: EventLoop, readonly work: () => void, readonly ms: number, readonly isRepeated: boolean,
    readonly number: number,
  ) {}

  unref(): this {
    this.isAwaited = false;
    this.loop.replan();
    return this;
  }

  close(): void {
    this.loop.forget(this);
  }
}
