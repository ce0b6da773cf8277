import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
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
const runHere = async (from: number, count: number): Promise<PieceResult> => {
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

/** A process that runs pieces, one after the other. Only after some thousand worlds has Node compiled what they need. */
export class PieceProcess {
  private readonly child: ChildProcess;

  constructor() {
    const execArgv = [...COLLECTOR, `--import=${TRANSPILE}`];
    this.child = fork(MAIN, ['--pieces'], { execArgv, serialization: 'advanced' });
  }

  /** Runs the worlds of these seeds. */
  run(from: number, count: number): Promise<PieceResult> {
    const { child } = this;
    return new Promise((resolve, reject) => {
      const died = (): void => reject(new Error(`the process of the worlds from seed ${from} on has ended`));
      child.once('exit', died);
      child.once('message', (result) => {
        child.off('exit', died);
        resolve(result as PieceResult);
      });
      child.send({ from, count });
    });
  }

  /** Ends the process, which runs nothing. */
  end(): void {
    this.child.disconnect();
  }
}

/** Runs the pieces that the parent of this process asks for. */
export const servePieces = (): void => {
  process.on('message', ({ from, count }: { readonly from: number, readonly count: number }) => {
    void runHere(from, count).then((result) => process.send!(result));
  });
};
