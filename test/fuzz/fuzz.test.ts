import t from 'tap';
import { Campaign, type ModeName } from './campaign.js';

// A short run of the fuzzer with fixed seeds. `npm run fuzz` goes on for as long as it is told to. Each finding tells
// its seed and how to repeat it.

const FIRST_SEED = 1;

interface Run {
  readonly mode: ModeName;
  readonly seeds: number;
}

const RUNS: Record<string, Run> = {
  'whatever a statement says, it has a digest, a kind and a line of its own, in time': { mode: 'texts', seeds: 15_000 },
  'whatever two ends say, it is followed the same at any split, or relayed as it is': { mode: 'readers', seeds: 1000 },
  'whatever is in compressed frames, or said to be, it is opened, cut and relayed within bounds': {
    mode: 'flows', seeds: 800,
  },
  'whatever two ends do, their session ends, says why, and the ones beside it notice nothing': {
    mode: 'sockets', seeds: 800,
  },
  'whatever comes, the program lives, keeps no socket and writes no line but its own': { mode: 'program', seeds: 800 },
};

for (const [title, { mode, seeds }] of Object.entries(RUNS)) {
  await t.test(title, async (t) => {
    const campaign = await Campaign.open(mode, FIRST_SEED, (finding) => t.comment(finding));
    await campaign.playSome(seeds / 10); // its memory is the reference for the rest
    await campaign.playSome(seeds - seeds / 10);
    await campaign.close();
    t.same(campaign.findings, []);
    t.equal(campaign.conversations, seeds);
  });
}
