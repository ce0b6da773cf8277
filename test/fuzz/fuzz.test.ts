import t from 'tap';
import { IS_WHOLE } from '../proof/scale.js';
import { Campaign, type ModeName } from './campaign.js';

// A short run of the fuzzer with fixed seeds, shorter still in the gate. `npm run fuzz` runs for a given time. Each
// finding names its seed and the command that repeats it.

const FIRST_SEED = 1;
/** The part of the seeds that is played. */
const PART = IS_WHOLE ? 1 : 0.4;

interface Run {
  readonly mode: ModeName;
  readonly seeds: number;
}

const RUNS: Record<string, Run> = {
  'gives any statement a digest, a kind and a line of its own, in time': { mode: 'texts', seeds: 15_000 },
  'ends a request to OpenTelemetry within bounds, whatever is answered': { mode: 'answers', seeds: 400 },
  'follows any conversation the same at every split, or relays it unchanged': { mode: 'readers', seeds: 1000 },
  'opens, cuts and relays any compressed frames within bounds': { mode: 'flows', seeds: 800 },
  'refuses what rules refuse of any commands, in its place, and passes on all others': { mode: 'refusals', seeds: 250 },
  'ends the session of any two ends, logs why, and disturbs no other session': {
    mode: 'sockets', seeds: 800,
  },
  'lives through any conversation, keeps no socket and writes only lines of its own': { mode: 'program', seeds: 800 },
};

/** Seeds that have found a fault, by what Sluice does since. */
const SEEDS_WITH_FAULTS: Record<string, { readonly mode: ModeName; readonly seed: number }> = {
  'reads the attributes of an execution that comes ahead of the answer to its own preparation': {
    mode: 'refusals', seed: 516_500_044,
  },
};

for (const [title, { mode, seed }] of Object.entries(SEEDS_WITH_FAULTS)) {
  await t.test(title, async (t) => {
    const campaign = await Campaign.open(mode, seed, (finding) => t.comment(finding));
    await campaign.playSome(1);
    await campaign.close();
    t.same(campaign.findings, []);
  });
}

for (const [title, { mode, seeds: allSeeds }] of Object.entries(RUNS)) {
  const seeds = PART * allSeeds;
  await t.test(title, async (t) => {
    const campaign = await Campaign.open(mode, FIRST_SEED, (finding) => t.comment(finding));
    await campaign.playSome(seeds / 10); // its memory is the reference for the rest
    await campaign.playSome(seeds - seeds / 10);
    await campaign.close();
    t.same(campaign.findings, []);
    t.equal(campaign.conversations, seeds);
  });
}
