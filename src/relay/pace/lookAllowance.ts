import { world } from '../../world/world.js';

/**
 * Bounds the cost of looks at the kernel's socket tables. It is an account in ms of CPU time: 2 % of a core flow in,
 * and each look takes out its price. While the account is overdrawn, no look is allowed. So the interval between two
 * looks grows with their price, because the kernel walks its whole table for each.
 */
export class LookAllowance {
  private creditMs = MAX_CREDIT_MS;
  private lastPriceMs = 0;
  private countedAtMs = world.nowMs();

  /** The time until the next look is allowed, in ms; 0 if it is allowed now. */
  get waitMs(): number {
    this.accrue();
    return Math.max(0, -this.creditMs / PART_OF_CORE);
  }

  /** The time between two looks, in ms, while some session always waits for the next one. */
  get intervalMs(): number {
    return this.lastPriceMs / PART_OF_CORE;
  }

  /** A look has taken this much CPU time, in ms. */
  spend(priceMs: number): void {
    this.accrue();
    this.creditMs -= priceMs;
    this.lastPriceMs = priceMs;
  }

  private accrue(): void {
    const nowMs = world.nowMs();
    this.creditMs = Math.min(MAX_CREDIT_MS, this.creditMs + (nowMs - this.countedAtMs) * PART_OF_CORE);
    this.countedAtMs = nowMs;
  }
}

/** The part of one core that looks may take, over any longer time. */
const PART_OF_CORE = 0.02;
/** The most CPU time that several looks together may take at once, in ms. */
const MAX_CREDIT_MS = 40;
