import { DigestTable } from '../statistics/digestTable.js';
import type { Execution, Order } from '../statistics/execution.js';
import { Profile } from '../statistics/profile.js';

/** The contents of a report: the results of all statements together, and by digest. */
export class Ledger {
  readonly overall = new Profile();
  readonly table: DigestTable;

  /**
   * @param order the measure by which digests are ranked
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
