import { cpus } from 'node:os';
import type { Lifetime } from '../../support/guard.js';
import { type Cell, type Load, LOADS, workMsOf } from './cells.js';
import { startBusyLoops } from './loads.js';
import type { Outcomes } from './outcomes.js';
import { readOnce } from './reading.js';
import { wantedOf } from './rules.js';
import type { Stage } from './stage.js';

/** Readers with this much work for a row mostly sleep. */
const SLEEPS_FROM_MS = 1;
/** How many of those run side by side, and how many others at each load. */
const SLEEPERS = 12;
const OTHERS: Record<Load, number> = { idle: 1, busy: 1, throttled: 2 * cpus().length };

/** A run of a cell that is due. */
interface Due {
  readonly cell: Cell;
  readonly run: number;
}

/** A reader that takes this long runs few times: each run has the same outcome. */
const runsOf = (cell: Cell, runs: number): number => (workMsOf(cell) >= 5 ? 1 : runs);

/**
 * Runs every cell this many times, without the known runs. First each cell once, then each twice, cells with an
 * expected outcome before the others.
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

/** Runs them in order, this many at a time. */
const inTurn = async (due: readonly Due[], atATime: number, stage: Stage, outcomes: Outcomes): Promise<void> => {
  const rest = [...due];
  const work = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      outcomes.add(await readOnce(stage, next.cell, next.run));
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
};
