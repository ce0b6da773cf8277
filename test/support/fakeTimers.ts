import type { Test } from 'tap';

/** Timers whose time passes only when a test lets it pass. */
export interface FakeTimers {
  /** The number of timers that are set and have not fired. */
  readonly count: number;
  /** Lets this many ms pass: due timers fire in the order of their time. */
  pass(ms: number): void;
}

interface Timer {
  dueAtMs: number;
  readonly everyMs: number | null;
  readonly fire: () => void;
  unref(): Timer;
}

/**
 * Replaces `setTimeout` and `setInterval` until the test is over. `performance.now`, `setImmediate` and earlier timers
 * stay real.
 */
export const fakeTimers = (t: Test): FakeTimers => {
  const timers = new Set<Timer>();
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  let nowMs = 0;
  const set = (isRepeated: boolean) => (then: () => void, ms = 0): Timer => {
    const timer: Timer = {
      dueAtMs: nowMs + ms, everyMs: isRepeated ? ms : null, fire: then, unref: () => timer,
    };
    timers.add(timer);
    return timer;
  };
  const clear = (timer?: Timer): void => {
    if (timer !== undefined && !timers.delete(timer)) clearTimeout(timer as unknown as NodeJS.Timeout);
  };
  Object.assign(globalThis, {
    setTimeout: set(false), clearTimeout: clear, setInterval: set(true), clearInterval: clear,
  });
  t.teardown(() => Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval }));
  const firstDue = (untilMs: number): Timer | undefined =>
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
