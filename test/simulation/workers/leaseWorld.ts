import { loadWithNotices } from '../../../src/config/load.js';
import { Guard } from '../../../src/policy/guard.js';
import type { GovernedUsage } from '../../../src/policy/governedUsage.js';
import { JdbcStreaming } from '../../../src/policy/signals.js';
import { LeasedBudget } from '../../../src/workers/leasedBudget.js';
import { leaseSize, Lessor } from '../../../src/workers/leases.js';
import { queryCommand, SUBJECT } from '../../support/governed.js';
import { Random } from '../world/random.js';

// The budget of several workers, which a primary lends them. A worker here is only its budget and its responses. The
// channels to the primary keep their order, and take any time. A worker that dies takes the messages with it that are
// on their way to and from it. The total changes at a reload.

/**
 * Plays the workers of a seed, and checks that no response waits for ever, that at rest each worker holds little more
 * than it uses, and that the primary knows what it has lent.
 */
export const playLeases = (seed: number): readonly LeaseViolation[] => {
  const random = new Random(seed).fork('workers');
  const world = new LeaseWorld(random.pick(TOTALS), random.between(2, 4));
  const steps = random.between(20, 150);
  for (let step = 0; step < steps; step += 1) world.step(random);
  world.end();
  return world.violations;
};

/** An invariant that does not hold. */
export interface LeaseViolation {
  readonly invariant: string;
  readonly text: string;
}

/** Budgets of all workers together, in bytes. */
const TOTALS = [1000, 10_000, 200_000];

/** A worker: its budget, its responses under way, and its channel to the primary. */
interface Worker {
  readonly index: number;
  readonly budget: LeasedBudget;
  readonly usages: Set<GovernedUsage>;
  /** Messages on their way, in order. */
  readonly up: (() => void)[];
  readonly down: (() => void)[];
}

class LeaseWorld {
  readonly violations: LeaseViolation[] = [];
  private readonly lessor: Lessor;
  private readonly workers: Worker[] = [];
  private readonly guard = new Guard(UNLIMITED, () => 0);
  private readonly profile = this.guard.profile(SUBJECT);

  constructor(private total: number, count: number) {
    this.lessor = new Lessor(total);
    for (let index = 0; index < count; index += 1) this.workers.push(this.workerAt(index, count));
  }

  step(random: Random): void {
    const worker = random.pick(this.workers);
    const lane = random.chance(0.5) ? worker.up : worker.down;
    const [usage] = random.shuffle([...worker.usages]);
    const draw = random.fraction();
    if (draw < 0.45) lane.shift()?.();
    else if (draw < 0.6 || usage === undefined) worker.usages.add(this.begin());
    else if (draw < 0.9) this.grow(worker, usage, random.between(1, Math.ceil(this.total / 4)));
    else if (draw < 0.97) this.finish(worker, usage);
    else if (draw < 0.99) this.die(worker);
    else this.resize(random.pick(TOTALS));
  }

  /** All messages arrive, and all responses end: nothing may wait, and nothing be lent that nobody needs. */
  end(): void {
    this.deliverAll();
    for (const { index, usages } of this.workers) {
      const paused = [...usages].filter(({ isPaused }) => isPaused).length;
      if (paused > 0) this.broken('every wait ends', `${paused} responses of worker ${index} wait for the budget`);
    }
    for (const worker of this.workers) for (const usage of [...worker.usages]) this.finish(worker, usage);
    this.deliverAll();
    const size = leaseSize(this.total, this.workers.length);
    for (const { index, budget: { usedBytes } } of this.workers) {
      const lent = this.lessor.lentTo(index);
      if (usedBytes !== 0) this.broken('nothing remains', `worker ${index} uses ${usedBytes} bytes of the budget`);
      if (lent < 0 || lent >= 2 * size) {
        this.broken('leases come back', `worker ${index} uses nothing, and ${lent} bytes are lent to it`);
      }
    }
  }

  private workerAt(index: number, count: number): Worker {
    const up: (() => void)[] = [];
    const down: (() => void)[] = [];
    const budget = new LeasedBudget(this.total, count, {
      ask: (bytes) => up.push(() => {
        const granted = this.lessor.lend(index, bytes);
        down.push(() => budget.granted(granted));
      }),
      giveBack: (bytes) => up.push(() => this.lessor.takeBack(index, bytes)),
    });
    return { index, budget, usages: new Set(), up, down };
  }

  private begin(): GovernedUsage {
    return this.guard.govern(queryCommand('SELECT * FROM t'), this.profile, 0, new JdbcStreaming());
  }

  /** A response grows by a row, unless it has to wait; if it is over the budget, it is cut there. */
  private grow(worker: Worker, usage: GovernedUsage, bytes: number): void {
    if (usage.isPaused) return;
    if (usage.isOverBudget) {
      this.finish(worker, usage);
      return;
    }
    usage.rows += 1;
    usage.bytes += bytes;
    worker.budget.update(usage);
  }

  private finish({ budget, usages }: Worker, usage: GovernedUsage): void {
    usages.delete(usage);
    budget.release(usage);
  }

  /** The worker's process ends, and another one takes its place. */
  private die({ index }: Worker): void {
    this.lessor.forget(index);
    this.workers[index] = this.workerAt(index, this.workers.length);
  }

  private resize(total: number): void {
    this.total = total;
    this.lessor.total = total;
    for (const { budget, down } of this.workers) down.push(() => budget.resize(total));
  }

  private deliverAll(): void {
    while (this.workers.some(({ up, down }) => up.length + down.length > 0)) {
      for (const { up, down } of this.workers) {
        up.shift()?.();
        down.shift()?.();
      }
    }
  }

  private broken(invariant: string, text: string): void {
    this.violations.push({ invariant, text });
  }
}

/** A configuration in which only the budget limits a response. */
const UNLIMITED = loadWithNotices({}, {}, () => ({ upstream: '10.0.1.1', limits: { rows: null, bytes: null } })).config;
