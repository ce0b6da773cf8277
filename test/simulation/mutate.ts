import { parseArgs } from 'node:util';
import { huntAll, isFound, MAX_NOT_FOUND, rowOf, tableOf } from './mutationTable.js';
import { MUTATIONS } from './mutations.js';

// npm run mutate -- [--seeds 4096] [--seed 1] [--only NAME,NAME] [--jobs 2]
//
// Puts each fault of mutations.ts into a copy of the sources, and lets the simulation look for it. Prints a table.
// Ends with 1 when more than one fault is not found.

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '4096' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    jobs: { type: 'string', default: '2' },
  },
});

const numberIn = (text: string, name: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name}: expected a positive whole number, got "${text}"`);
};

const mutations = MUTATIONS.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
if (mutations.length === 0) throw new Error(`--only: expected names of faults, got "${values.only ?? ''}"`);
const seed = numberIn(values.seed, 'seed');

const ends: (() => unknown)[] = [];
try {
  const hunt = { mutations, seed, seeds: numberIn(values.seeds, 'seeds'), jobs: numberIn(values.jobs, 'jobs') };
  const hunted = await huntAll({ teardown: (end) => ends.push(end) }, hunt, (one) => console.error(rowOf(one, seed)));
  console.log(tableOf(hunted, seed));
  if (hunted.filter((one) => !isFound(one)).length > MAX_NOT_FOUND) process.exitCode = 1;
} finally {
  for (const end of ends) end();
}
