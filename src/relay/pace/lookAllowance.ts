import { world } from '../../world/world.js';

/**
 * Bounds the cost of looks at the kernel's socket tables. It is an account in ms of CPU time: 2 % of a core flow in,
 * and each look withdraws the average cost of the last ones. While the account is overdrawn, no look is allowed. So the
 * interval between two looks grows with their cost, because the kernel walks its whole table for each. The average
 * spreads the cost of one expensive look over the next ones: else slow readers would wait long for the next look.
 */
export class LookAllowance {
  private creditMs = MAX_CREDIT_MS;
  /** The average cost of the last looks, which a look withdraws; null before the first one. */
  private paidMs: number | null = null;
  private countedAtMs = world.nowMs();

  /** The time until the next look is allowed, in ms; 0 if it is allowed now. */
  get waitMs(): number {
    this.accrue();
    return Math.max(0, -this.creditMs / PART_OF_CORE);
  }

  /** The time between two looks, in ms, while some session always waits for the next one. */
  get intervalMs(): number {
    return (this.paidMs ?? 0) / PART_OF_CORE;
  }

  /** A look has taken this much CPU time, in ms. */
  spend(costMs: number): void {
    this.accrue();
    this.paidMs = this.paidMs === null ? costMs : this.paidMs + (costMs - this.paidMs) * PART_OF_NEWEST;
    this.creditMs -= this.paidMs;
  }

  private accrue(): void {
    const nowMs = world.nowMs();
    this.creditMs = Math.min(MAX_CREDIT_MS, this.creditMs + (nowMs - this.countedAtMs) * PART_OF_CORE);
    this.countedAtMs = nowMs;
  }
}

/** The part of one core that looks may take, over any longer time. */
const PART_OF_CORE = 0.02;
/** The part of the newest look in the average cost. */
const PART_OF_NEWEST = 0.25;
/** The most CPU time that several looks together may take at once, in ms. */
const MAX_CREDIT_MS = 40;
