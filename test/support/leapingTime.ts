import type { Test } from 'tap';
import { changeWorld } from './changeWorld.js';

/** Lets time pass only while the program waits: to the end of the wait, at once. It waits for one thing at a time. */
export const leapingTime = (t: Test): void => {
  let nowMs = 0;
  changeWorld(t, {
    nowMs: () => nowMs,
    after: (ms, work) => {
      const leap = setImmediate(() => {
        nowMs += ms;
        work();
      });
      return { unref() { return this; }, close: () => clearImmediate(leap) };
    },
  });
};
