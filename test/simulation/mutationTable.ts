import type { Lifetime } from '../support/guard.js';
import { type HuntResult, MutatedCopy } from './mutatedCopy.js';
import type { Mutation } from './mutations.js';

/** How mutations are hunted. */
export interface Hunt {
  readonly mutations: readonly Mutation[];
  /** The first seed, and the most seeds for each mutation. */
  readonly seed: number;
  readonly seeds: number;
  /** The number of hunts at the same time. */
  readonly jobs: number;
}

/** A mutation, and the result of the hunt for it. */
export interface Hunted {
  readonly mutation: Mutation;
  readonly result: HuntResult;
}

/**
 * Hunts all mutations, several at a time, each in a copy of the sources.
 * @param done is called when one is over
 * @returns the results in the order of the mutations
 */
export const huntAll = async (
  t: Lifetime, { mutations, seed, seeds, jobs }: Hunt, done: (hunted: Hunted) => void = () => undefined,
): Promise<readonly Hunted[]> => {
  const results = new Map<Mutation, Hunted>();
  const waiting = [...mutations];
  const work = async (): Promise<void> => {
    const copy = new MutatedCopy(t);
    for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
      const hunted = { mutation, result: await copy.hunt(mutation, seed, seeds) };
      results.set(mutation, hunted);
      done(hunted);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, mutations.length) }, work));
  return mutations.map((mutation) => results.get(mutation)!);
};

/** Whether the simulation has found the fault. */
export const isFound = ({ result }: Hunted): boolean => result.seed !== null;

/** The most faults that may go unnoticed: the simulation is not the only test. */
export const MAX_NOT_FOUND = 1;

/** The table of all mutations, in Markdown. */
export const tableOf = (hunted: readonly Hunted[], firstSeed: number): string => [
  '| fault | file | what goes wrong | found by | worlds | seed |', '|---|---|---|---|---|---|',
  ...hunted.map((one) => rowOf(one, firstSeed)),
].join('\n');

/** A mutation's row of the table. */
export const rowOf = ({ mutation: { name, about, file }, result }: Hunted, firstSeed: number): string => {
  const found = result.seed === null
    ? ['not found', result.seeds, '-'] : [result.invariant, result.seed - firstSeed + 1, result.seed];
  return `| ${[name, `\`src/${file}\``, about, ...found].join(' | ')} |`;
};
