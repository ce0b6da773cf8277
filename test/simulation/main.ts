import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Census } from './census.js';
import { worldOf } from './generate/worlds.js';
import { PieceProcess, servePieces, type PieceResult } from './piece.js';
import type { WorldPlan } from './plan.js';
import { Progress, revisionHere } from './progress.js';
import { WorldRun } from './runWorld.js';
import { storyOf } from './story.js';

// npm run simulate -- [--minutes N | --count N] [--seed S]     runs worlds, from seed S on or where the last run ended
// npm run simulate -- --seed S --only                          runs one world, and tells its story
// npm run simulate -- --plan FILE                              runs the world of a plan, and tells its story
// npm run simulate -- --census                                 says what all worlds so far went through, and what not

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' }, count: { type: 'string' }, seed: { type: 'string' }, plan: { type: 'string' },
    jobs: { type: 'string' },
    only: { type: 'boolean', default: false }, census: { type: 'boolean', default: false },
    pieces: { type: 'boolean', default: false },
  },
});

const wholeNumber = (name: 'minutes' | 'count' | 'seed' | 'jobs'): number | null => {
  const text = values[name];
  if (text === undefined) return null;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} ${text}: expected a whole number`);
  return number;
};

/** Runs one world, and tells its story. */
const tell = async (plan: WorldPlan): Promise<void> => {
  const run = new WorldRun(plan);
  await run.play();
  console.log(storyOf(run.outcome));
  process.exitCode = run.outcome.violations.length === 0 ? 0 : 1;
};

/** Prints the seeds that were run so far, on which revision, and the situations that they reached. */
const showCensus = (): void => {
  const { pieces, counts, worlds } = Progress.read();
  const census = new Census();
  census.merge(worlds, counts);
  console.log(census.report());
  for (const { revision, from, worlds: count, failed } of pieces) {
    console.log(`${revision}: ${count} worlds from seed ${from} on, failed: ${failed.join(', ') || 'none'}`);
  }
};

/** The number of worlds after which the progress is written: an interrupted run loses these. */
const WORLDS_OF_A_PIECE = 2000;
const JOBS = 2;

/** Runs worlds until the time is over or the number is reached, and shows how far it is. */
const campaign = async (): Promise<void> => {
  const progress = Progress.read();
  const revision = revisionHere();
  const first = wholeNumber('seed') ?? progress.next;
  const end = first + (wholeNumber('count') ?? Infinity);
  const minutes = wholeNumber('minutes') ?? (values.count === undefined ? 1 : Infinity);
  const startedAtMs = performance.now();
  let [next, worlds, failed] = [first, 0, 0];
  const done = (from: number, result: PieceResult): void => {
    progress.add(revision, from, result);
    worlds += result.worlds;
    failed += result.failures.length + result.repeats;
    for (const { seed, story, plan } of result.failures) {
      console.log(`\nSeed ${seed} fails.\n${story}\nIts plan:\n${plan}`);
    }
    const perSecond = worlds / ((performance.now() - startedAtMs) / 1000);
    process.stderr.write(`${worlds} worlds, ${perSecond.toFixed(0)} a second, ${failed} failed; next seed ${next}\n`);
  };
  const work = async (): Promise<void> => {
    const runner = new PieceProcess();
    while (next < end && performance.now() - startedAtMs < minutes * 60_000) {
      const from = next;
      const count = Math.min(WORLDS_OF_A_PIECE, end - from);
      next += count;
      done(from, await runner.run(from, count));
    }
    runner.end();
  };
  await Promise.all(Array.from({ length: wholeNumber('jobs') ?? JOBS }, work));
  console.log(`${worlds} worlds from seed ${first} on: ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
};

if (values.pieces) servePieces();
else if (values.census) showCensus();
else if (values.plan !== undefined) await tell(JSON.parse(readFileSync(values.plan, 'utf8')) as WorldPlan);
else if (values.only) await tell(worldOf(wholeNumber('seed') ?? 1));
else await campaign();
