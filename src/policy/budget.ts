import type { GovernedUsage } from './governedUsage.js';

/**
 * A bound on the bytes of all buffered results under way, over all sessions: the bytes that were forwarded or held back
 * of responses that have not ended. The clients hold these bytes, so together they fill the application's memory.
 */
export class Budget {
  /** Bytes under way. */
  usedBytes = 0;
  private readonly underWay = new Map<GovernedUsage, number>();

  /** @param bytes Infinity for no budget */
  constructor(private bytes: number) {}

  get maxBytes(): number {
    return this.bytes;
  }

  /** Changes the budget. */
  resize(maxBytes: number): void {
    this.bytes = maxBytes;
  }

  get isLimited(): boolean {
    return this.maxBytes !== Infinity;
  }

  /**
   * Counts the growth of a response. If the budget is exceeded, the largest response is marked and stops at its next
   * row.
   */
  update(usage: GovernedUsage): void {
    if (usage.isOverBudget || usage.terms.responseClass === 'streaming') return;
    this.usedBytes += usage.bytes - (this.underWay.get(usage) ?? 0);
    this.underWay.set(usage, usage.bytes);
    this.grown(usage);
  }

  /** Removes a response that has ended, was cut, or turned out to be a stream. */
  release(usage: GovernedUsage): void {
    this.usedBytes -= this.underWay.get(usage) ?? 0;
    this.underWay.delete(usage);
  }

  /** Called after the bytes under way have grown. */
  protected grown(_usage: GovernedUsage): void {
    if (this.usedBytes > this.maxBytes) this.markLargest();
  }

  /**
   * Marks the largest response under way: it stops at its next row and will be cut. It no longer counts as under way.
   */
  protected markLargest(): void {
    let largest: GovernedUsage | null = null;
    for (const [usage, bytes] of this.underWay) {
      if (largest === null || bytes > (this.underWay.get(largest) ?? 0)) largest = usage;
    }
    if (largest === null) return;
    largest.isOverBudget = true;
    largest.stopAtNextRow();
    this.release(largest);
  }
}
