import type { Test } from 'tap';
import type { Timer } from '../../src/world/time.js';
import { changeWorld } from './changeWorld.js';

/** Timers whose time passes only when a test lets it pass. */
export interface FakeTimers {
  /** The number of timers that are set and have not fired. */
  readonly count: number;
  /** Lets this many ms pass: due timers fire in the order of their time. */
  pass(ms: number): void;
}

interface FakeTimer extends Timer {
  dueAtMs: number;
  readonly everyMs: number | null;
  readonly fire: () => void;
}

/** Replaces the program's timers until the test is over. Clocks, turns and earlier timers stay real. */
export const fakeTimers = (t: Test): FakeTimers => {
  const timers = new Set<FakeTimer>();
  let nowMs = 0;
  const set = (isRepeated: boolean) => (ms: number, work: () => void): Timer => {
    const timer: FakeTimer = {
      dueAtMs: nowMs + ms, everyMs: isRepeated ? ms : null, fire: work,
      unref() { return this; },
      close: () => void timers.delete(timer),
    };
    timers.add(timer);
    return timer;
  };
  changeWorld(t, { after: set(false), every: set(true) });
  const firstDue = (untilMs: number): FakeTimer | undefined =>
    [...timers].filter(({ dueAtMs }) => dueAtMs <= untilMs).sort((one, other) => one.dueAtMs - other.dueAtMs)[0];
  return {
    get count() {
      return timers.size;
    },
    pass: (ms) => {
      const untilMs = nowMs + ms;
      for (let timer = firstDue(untilMs); timer !== undefined; timer = firstDue(untilMs)) {
        nowMs = timer.dueAtMs;
        if (timer.everyMs === null) timers.delete(timer);
        else timer.dueAtMs += Math.max(1, timer.everyMs);
        timer.fire();
      }
      nowMs = untilMs;
    },
  };
};
