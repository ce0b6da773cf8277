import { DigestTable } from '../statistics/digestTable.js';
import type { Execution, Order } from '../statistics/execution.js';
import { Profile } from '../statistics/profile.js';

/** What a report tells: the results of all statements together, and by digest. */
export class Ledger {
  readonly overall = new Profile();
  readonly table: DigestTable;

  /**
   * @param order what the digests are ranked by
   * @param capacity how many digests are kept
   */
  constructor(order: Order, capacity: number) {
    this.table = new DigestTable(order, capacity);
  }

  add(execution: Execution): void {
    this.overall.add(execution);
    this.table.add(execution);
  }
}
