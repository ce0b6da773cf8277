import { Census } from './census.js';
import { factsOf, factsOfWorld } from './facts.js';
import { worldOf } from './generate/worlds.js';
import type { WorldPlan } from './plan.js';
import { WorldRun, type WorldOutcome } from './runWorld.js';
import { shrink } from './shrink.js';
import { storyOf } from './story.js';

/** A seed whose world breaks an invariant. */
export interface Failure {
  readonly seed: number;
  readonly invariant: string;
  /** The smallest plan that was found, and its story. */
  readonly plan: WorldPlan;
  readonly story: string;
}

/** Runs the worlds of many seeds, one after the other. */
export class Campaign {
  readonly census = new Census();
  readonly failures: Failure[] = [];
  worlds = 0;
  events = 0;
  /** Worlds that broke an invariant for which a failure is known already. */
  repeats = 0;

  /** @param doesShrink whether failing worlds are made smaller; that takes some seconds for each */
  constructor(private readonly doesShrink: boolean) {}

  /** Runs the world of one seed. */
  async run(seed: number): Promise<void> {
    const run = new WorldRun(worldOf(seed));
    await run.play();
    this.worlds += 1;
    this.events += run.outcome.eventCount;
    this.count(run);
    await this.judge(run.outcome);
  }

  private count(run: WorldRun): void {
    const judged = run.judged.filter(({ usage }) => usage.hasArrived);
    this.census.add(judged.map((one) => factsOf(one, run)), factsOfWorld(run));
  }

  private async judge({ plan, violations }: WorldOutcome): Promise<void> {
    const [first] = violations;
    if (first === undefined) return;
    if (this.failures.filter(({ invariant }) => invariant === first.invariant).length >= MOST_OF_A_KIND) {
      this.repeats += 1;
      return;
    }
    const smallest = this.doesShrink ? await shrink(plan, first.invariant) : plan;
    const again = new WorldRun(smallest);
    await again.play();
    this.failures.push({ seed: plan.seed, invariant: first.invariant, plan: smallest, story: storyOf(again.outcome) });
  }
}

/** Further worlds that break the same invariant are only counted. */
const MOST_OF_A_KIND = 2;
