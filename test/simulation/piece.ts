import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Campaign } from './campaign.js';

/** The output of a process that has run some worlds. */
export interface PieceResult {
  readonly worlds: number;
  readonly events: number;
  /** Each with the plan that it was shrunk to, as JSON. */
  readonly failures: readonly {
    readonly seed: number, readonly invariant: string, readonly story: string, readonly plan: string,
  }[];
  /** Worlds that broke an invariant for which there is a failure already. */
  readonly repeats: number;
  /** The situations that were reached, and how often. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Runs the worlds of these seeds here. */
export const runHere = async (from: number, count: number): Promise<PieceResult> => {
  const campaign = new Campaign(true);
  for (let seed = from; seed < from + count; seed += 1) await campaign.run(seed);
  const { worlds, events, failures, repeats, census } = campaign;
  return {
    worlds, events, repeats,
    failures: failures.map(({ plan, ...failure }) => ({ ...failure, plan: JSON.stringify(plan) })),
    counts: Object.fromEntries(census.counts),
  };
};

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const TRANSPILE = new URL('../setup/transpile.mjs', import.meta.url).href;

/**
 * A world leaves little behind: with more room for what is new, the collector copies less of it. All cores have worlds
 * to run, so it needs no threads of its own.
 */
const COLLECTOR = ['--max-semi-space-size=64', '--single-threaded-gc'];

/** Runs the worlds of these seeds in a process of their own, so that all cores have work. */
export const runPiece = async (from: number, count: number): Promise<PieceResult> => {
  const args = [
    ...COLLECTOR, `--import=${TRANSPILE}`, MAIN, '--piece', '--seed', String(from), '--count', String(count),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as PieceResult;
};
