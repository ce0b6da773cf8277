import type { Test } from 'tap';
import { enterWorld, world, type World } from '../../src/world/world.js';

const MACHINE = world;

/** The parts that tests have replaced; a later one covers an earlier one. */
const changes: Partial<World>[] = [];

/** Replaces some of what the program gets from the world around it, until the test is over. */
export const changeWorld = (t: Test, change: Partial<World>): void => {
  changes.push(change);
  enterChanged();
  t.teardown(() => {
    changes.splice(changes.indexOf(change), 1);
    enterChanged();
  });
};

const enterChanged = (): void =>
  void enterWorld(changes.length === 0 ? MACHINE : Object.assign({}, MACHINE, ...changes) as World);
