/**
 * Bounds what looks at the kernel's socket tables cost: an account in ms of CPU time to which 2 % of a core flow, and
 * from which each look takes its price. While the account is overdrawn nobody looks, so the interval between two looks
 * grows with their price: the kernel walks its whole table for each.
 */
export class LookAllowance {
  private creditMs = MAX_CREDIT_MS;
  private lastPriceMs = 0;
  private countedAtMs: number;

  /** @param now a clock in ms */
  constructor(private readonly now: () => number) {
    this.countedAtMs = now();
  }

  /** How long nobody may look from now on, in ms; 0 where somebody may look at once. */
  get waitMs(): number {
    this.accrue();
    return Math.max(0, -this.creditMs / PART_OF_CORE);
  }

  /** The time between two looks, in ms, while somebody always waits for the next one. */
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
    const nowMs = this.now();
    this.creditMs = Math.min(MAX_CREDIT_MS, this.creditMs + (nowMs - this.countedAtMs) * PART_OF_CORE);
    this.countedAtMs = nowMs;
  }
}

/** The part of one core that looks may take, over any longer time. */
const PART_OF_CORE = 0.02;
/** Looks that come together may take so much at once, in ms of CPU time. */
const MAX_CREDIT_MS = 40;
