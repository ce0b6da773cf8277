import { cpus } from 'node:os';
import type { Lifetime } from '../../support/guard.js';
import { type Cell, type Load, LOADS, workMsOf } from './cells.js';
import { startBusyLoops } from './loads.js';
import type { Outcomes } from './outcomes.js';
import { readOnce } from './reading.js';
import { wantedOf } from './rules.js';
import type { Stage } from './stage.js';

/** Readers with so much work on a row mostly sleep. */
const SLEEPS_FROM_MS = 1;
/** How many of those run side by side, and how many of the others at each load. */
const SLEEPERS = 12;
const OTHERS: Record<Load, number> = { idle: 1, busy: 1, throttled: 2 * cpus().length };

/** A run of a cell that is due. */
interface Due {
  readonly cell: Cell;
  readonly run: number;
}

/** Runs of a reader that takes as long as this are few: it does the same in each. */
const runsOf = (cell: Cell, runs: number): number => (workMsOf(cell) >= 5 ? 1 : runs);

/**
 * Runs every cell so many times, but for what is known already: first each once, then each twice; and before the others
 * those of which something is wanted.
 */
export const runAll = async (
  t: Lifetime, stage: Stage, cells: readonly Cell[], runs: number, outcomes: Outcomes,
): Promise<void> => {
  for (let run = 1; run <= runs; run += 1) {
    const isDue = (cell: Cell): boolean => run <= runsOf(cell, runs) && !outcomes.hasRun(cell, run);
    const due = cells.filter(isDue).map((cell) => ({ cell, run }));
    const isTold = ({ cell }: Due): boolean => wantedOf(cell) !== null;
    await runOnce(t, stage, due.filter(isTold), outcomes);
    await runOnce(t, stage, due.filter((one) => !isTold(one)), outcomes);
  }
};

const runOnce = async (t: Lifetime, stage: Stage, due: readonly Due[], outcomes: Outcomes): Promise<void> => {
  for (const load of LOADS) {
    const ofLoad = due.filter(({ cell }) => cell.load === load);
    if (ofLoad.length === 0) continue;
    const end = load === 'busy' ? await startBusyLoops(t) : () => undefined;
    const isSleeper = ({ cell }: Due): boolean => workMsOf(cell) >= SLEEPS_FROM_MS;
    await inTurn(ofLoad.filter((one) => !isSleeper(one)), OTHERS[load], stage, outcomes);
    await inTurn(ofLoad.filter(isSleeper), SLEEPERS, stage, outcomes);
    end();
  }
};

/** Runs them in their order, so many at a time. */
const inTurn = async (due: readonly Due[], atATime: number, stage: Stage, outcomes: Outcomes): Promise<void> => {
  const rest = [...due];
  const work = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      outcomes.add(await readOnce(stage, next.cell, next.run));
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
};
