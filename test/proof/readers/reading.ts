import { loadavg } from 'node:os';
import { type Cell, driverOf, nameOf, selectOf, stopAfterOf, workMsOf } from './cells.js';
import { type QuarterCore, quarterCore } from './loads.js';
import type { Stage } from './stage.js';

/** A verdict on a reader's pace: the row, the rate (null: it took everything at once), and the ms until it came. */
interface Verdict {
  readonly rows: number;
  readonly rate: number | null;
  readonly isSlow: boolean;
  readonly ms: number;
}

/** The outcome of a reader in one run of a cell. */
export interface Outcome {
  readonly cell: string;
  /** Counted from 1. */
  readonly run: number;
  /** `failed`: the reader neither was cut nor lived. */
  readonly end: 'cut' | 'lived' | 'failed';
  /** The rows that the program got, and the seconds that they took. */
  readonly rows: number;
  readonly seconds: number;
  readonly looks: readonly Verdict[];
  /** The load average of the last minute. */
  readonly load: number;
  readonly error?: string;
}

/** Far longer than any reader needs. A reader that hangs fails after it. */
const PATIENCE_SECONDS = 300;
const CUT_CODE = 3170;

let markCount = 0;

/** Reads a cell's result once. */
export const readOnce = async (stage: Stage, cell: Cell, run: number): Promise<Outcome> => {
  const group = cell.load === 'throttled' ? quarterCore() : null;
  const mark = `/* reader ${markCount += 1} */`;
  try {
    const seen = await outcomeOf(stage, cell, group, mark);
    return { cell: nameOf(cell), run, ...seen, looks: looksAt(stage, mark), load: loadavg()[0]! };
  } finally {
    group?.remove();
  }
};

type Seen = Pick<Outcome, 'end' | 'rows' | 'seconds' | 'error'>;

const outcomeOf = async (stage: Stage, cell: Cell, group: QuarterCore | null, mark: string): Promise<Seen> => {
  const stopAfter = stopAfterOf(cell) ?? 0;
  try {
    const { host, port, startedBy } = await stage.placeFor(cell);
    const seen = await driverOf(cell).read(port, `${mark} ${selectOf(cell)}`, {
      host, workMs: workMsOf(cell), stopAfter,
      startedBy: ['timeout', String(PATIENCE_SECONDS), ...group?.startedBy ?? [], ...startedBy],
    });
    const { rows, seconds, error } = seen;
    const isWhole = error === null && rows >= (stopAfter === 0 ? 2 * Number(cell.limit) : stopAfter);
    if (error?.code === CUT_CODE) return { end: 'cut', rows, seconds };
    return isWhole ? { end: 'lived', rows, seconds }
      : { end: 'failed', rows, seconds, error: error === null ? 'not all rows' : `${error.code} ${error.message}` };
  } catch (error) {
    return { end: 'failed', rows: 0, seconds: 0, error: String(error) };
  }
};

const looksAt = (stage: Stage, mark: string): Outcome['looks'] => stage.looks.at(mark)
  .map(({ rows, rowsPerSecond, isSlow, ms }) => ({ rows, rate: rowsPerSecond, isSlow, ms: Math.round(10 * ms) / 10 }));
