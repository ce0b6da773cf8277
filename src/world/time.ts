import { Turns } from './turns.js';

/** Clocks, timers, and the turns of the event loop. */
export interface Time {
  /** The start of this process, in ms since 1970. */
  readonly startedAtMs: number;
  /** A clock that never goes back, in ms from an arbitrary moment. */
  nowMs(): number;
  /** The date, in ms since 1970. Somebody may set it back. */
  dateMs(): number;
  /** Calls `work` once, after this many ms. */
  after(ms: number, work: () => void): Timer;
  /** Calls `work` again and again, each time after this many ms. */
  every(ms: number, work: () => void): Timer;
  /** Cancels a timer. Does nothing if there is none, or if it has fired. */
  cancel(timer: Timer | null | undefined): void;
  /** Calls `work` in the next turn of the event loop. */
  soon(work: () => void): void;
  /** Shares turns of the event loop among those that have too much work for one turn. */
  readonly turns: Turns;
}

/** A timer of `after` or `every`. */
export interface Timer {
  /** The timer does not keep the process running. */
  unref(): this;
  /** Cancels the timer: `cancel` calls it. */
  close(): void;
}

const soon = (work: () => void): void => void setImmediate(work);

/** The time of the machine. */
export const machineTime: Time = {
  startedAtMs: performance.timeOrigin,
  nowMs: performance.now.bind(performance),
  dateMs: () => Date.now(),
  after: (ms, work) => setTimeout(work, ms),
  every: (ms, work) => setInterval(work, ms),
  cancel: (timer) => timer?.close(),
  soon,
  turns: new Turns(soon),
};
