import { world } from './world.js';

/** Waits for this many ms. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void world.after(ms, resolve));
}

/** Waits for the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => world.soon(resolve));
}
