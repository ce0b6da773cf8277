import { parseArgs } from 'node:util';
import { Campaign, MODE_NAMES, type ModeName } from './campaign.js';

// npm run fuzz -- [--minutes 60] [--seed 1] [--mode flows,sockets] [--only]
//
// Plays seeds for that time, each mode in turn; only a single seed with --only. Ends with 1 when something was found.

/** The longest time for one mode before the next one's turn. */
const MAX_SLICE_MS = 20_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mode: { type: 'string', default: MODE_NAMES.join() },
    only: { type: 'boolean', default: false },
  },
});

const numberIn = (text: string, name: string): number => {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name}: expected a positive number, got "${text}"`);
  return number;
};

const modeNames = values.mode.split(',').map((name): ModeName => {
  const found = MODE_NAMES.find((known) => known === name);
  if (found === undefined) throw new Error(`--mode: expected some of ${MODE_NAMES.join()}, got "${name}"`);
  return found;
});

const say = (text: string): void => void process.stdout.write(`${new Date().toISOString()} ${text}\n`);

const summary = ({ name, conversations, bytes, firstSeed, nextSeed, findings }: Campaign): string => {
  const mebibytes = (bytes / 2 ** 20).toFixed(0);
  const seeds = `seeds ${firstSeed} to ${nextSeed - 1}`;
  return `${name}: ${conversations} conversations, ${mebibytes} MiB, ${seeds}, ${findings.length} found`;
};

/** Each run has seeds of its own when none is given. */
const ownSeed = (): number => (Math.floor(Date.now() / 1000) % 20_000) * 100_000 + 1;
const firstSeed = values.seed === undefined ? ownSeed() : numberIn(values.seed, 'seed');
const totalMs = numberIn(values.minutes, 'minutes') * 60_000;
const sliceMs = Math.min(MAX_SLICE_MS, totalMs / modeNames.length);

const campaigns = await Promise.all(modeNames.map((name) => Campaign.open(name, firstSeed, say)));
const endMs = Date.now() + totalMs;
const hasFound = (): boolean => campaigns.some(({ findings }) => findings.length > 0);

if (values.only) {
  for (const campaign of campaigns) await campaign.playSome(1);
} else {
  while (Date.now() < endMs && !hasFound()) {
    for (const campaign of campaigns) {
      const sliceEndMs = Math.min(endMs, Date.now() + sliceMs);
      await campaign.play(() => Date.now() < sliceEndMs);
      say(summary(campaign));
      if (hasFound()) break;
    }
  }
}

for (const campaign of campaigns) await campaign.close();
say('all in all');
for (const campaign of campaigns) say(summary(campaign));
process.exitCode = hasFound() ? 1 : 0;
