import { Budget } from '../policy/budget.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import { leaseSize, Lessee, type LeaseLine } from './leases.js';

/**
 * A worker's part of the budget of all workers: the amount that the primary has lent it. A response that needs more
 * pauses at its next row until the primary has answered. If there is no more to lend, the worker cuts its largest
 * response.
 */
export class LeasedBudget extends Budget {
  private readonly lessee: Lessee;
  private readonly waiting = new Set<GovernedUsage>();

  /** @param maxBytes the budget of all workers together */
  constructor(maxBytes: number, private readonly workers: number, line: LeaseLine) {
    super(maxBytes);
    this.lessee = new Lessee(leaseSize(maxBytes, workers), line);
  }

  override resize(maxBytes: number): void {
    super.resize(maxBytes);
    this.lessee.size = leaseSize(maxBytes, this.workers);
    if (this.isLimited) {
      // Even an idle worker gives back what is more than a lease of the new size: the others may need it.
      this.lessee.adapt(this.usedBytes);
      return;
    }
    this.lessee.giveBackAll();
    this.letGoOn();
  }

  override release(usage: GovernedUsage): void {
    super.release(usage);
    if (this.waiting.delete(usage)) usage.goOn();
    if (this.isLimited) this.lessee.adapt(this.usedBytes);
  }

  /** The primary's answer to the last request. */
  granted(bytes: number): void {
    const { lessee } = this;
    lessee.granted(bytes);
    if (!this.isLimited) {
      lessee.giveBackAll();
      return;
    }
    while (lessee.isRefused && this.usedBytes > lessee.held) this.markLargest();
    if (this.usedBytes <= lessee.held) this.letGoOn();
    lessee.adapt(this.usedBytes);
  }

  protected override grown(usage: GovernedUsage): void {
    if (this.usedBytes > this.lessee.held) {
      usage.pause();
      this.waiting.add(usage);
    }
    this.lessee.adapt(this.usedBytes);
  }

  private letGoOn(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const usage of waiting) usage.goOn();
  }
}
