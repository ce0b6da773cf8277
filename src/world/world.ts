import { machineChance, type Chance } from './chance.js';
import { machineFiles, type Files } from './files.js';
import { machineKernel, type Kernel } from './kernel.js';
import { machineNetwork, type Network } from './network.js';
import { machineProcesses, type Processes } from './processes.js';
import { machineThreads, type Threads } from './threads.js';
import { machineTime, type Time } from './time.js';

/**
 * The world around the program: time, connections, chance, the kernel's tables, files, threads and processes. Nothing
 * outside this folder asks Node for them. So the same code runs on a machine, and in a simulation.
 */
export interface World extends Time, Network, Chance, Kernel, Files, Threads, Processes {}

/** The world in which the program runs: the machine, unless a test has entered another one. */
export let world: World = {
  ...machineTime, ...machineNetwork, ...machineChance, ...machineKernel, ...machineFiles, ...machineThreads,
  ...machineProcesses,
};

/** Lets the program run in another world from now on. Returns the one before. For tests. */
export function enterWorld(other: World): World {
  const before = world;
  world = other;
  return before;
}
