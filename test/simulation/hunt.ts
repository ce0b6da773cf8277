import { worldOf } from './generate/worlds.js';
import { runWorld } from './runWorld.js';
import type { HuntResult } from './mutatedCopy.js';

// hunt.ts SEED COUNT: tries at most COUNT worlds, from SEED on, until one breaks an invariant. Prints which one, as one
// line of JSON.

const [, , from, count] = process.argv.map(Number) as [number, number, number, number];

const hunt = async (): Promise<HuntResult> => {
  for (let seed = from; seed < from + count; seed += 1) {
    const { violations: [first] } = await runWorld(worldOf(seed));
    if (first !== undefined) return { seed, invariant: first.invariant, text: first.text };
  }
  return { seed: null, seeds: count };
};

console.log(JSON.stringify(await hunt()));
process.exit();
