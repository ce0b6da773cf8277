import type { GovernedUsage } from './governedUsage.js';

/**
 * How many bytes of buffered results may be under way at the same moment, over all sessions: what has been forwarded,
 * or held back, of responses that have not ended. Their clients hold these bytes, and the application's memory is what
 * they fill together.
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

  /** Another budget holds from here on. */
  resize(maxBytes: number): void {
    this.bytes = maxBytes;
  }

  get isLimited(): boolean {
    return this.maxBytes !== Infinity;
  }

  /** More of a response is under way. Where that is too much, the largest is marked, and stops at its next row. */
  update(usage: GovernedUsage): void {
    if (usage.isOverBudget || usage.terms.responseClass === 'streaming') return;
    this.usedBytes += usage.bytes - (this.underWay.get(usage) ?? 0);
    this.underWay.set(usage, usage.bytes);
    this.grown(usage);
  }

  /** A response has ended, was cut, or turned out to be a stream: it is no longer under way. */
  release(usage: GovernedUsage): void {
    this.usedBytes -= this.underWay.get(usage) ?? 0;
    this.underWay.delete(usage);
  }

  /** More is under way than before. */
  protected grown(_usage: GovernedUsage): void {
    if (this.usedBytes > this.maxBytes) this.markLargest();
  }

  /** The largest that is under way stops at its next row, to be cut, and is no longer under way. */
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
