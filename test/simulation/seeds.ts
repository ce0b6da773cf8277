import { readdirSync, readFileSync } from 'node:fs';
import type { WorldPlan } from './plan.js';

const FOLDER = new URL('seeds/', import.meta.url);

/** The worlds that have found faults in Sluice, each with its story. None may fail again. */
export const namedSeeds = (): NamedSeed[] => readdirSync(FOLDER).sort()
  .map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as NamedSeed);

/** A world that has found a fault. */
export interface NamedSeed {
  /** The promise that was broken. */
  readonly name: string;
  readonly story: string;
  /** The world's plan, as it was shrunk. */
  readonly plan: WorldPlan;
}
