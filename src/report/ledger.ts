import { GroupTable } from '../statistics/groupTable.js';
import type { Execution, Order } from '../statistics/execution.js';
import type { Grouping } from '../statistics/grouping.js';
import { Profile } from '../statistics/profile.js';

/** The contents of a report: the results of all statements together, and by digest or another property. */
export class Ledger {
  readonly overall = new Profile();
  readonly table: GroupTable;

  /**
   * @param order the measure by which groups are ranked
   * @param capacity the most groups that are kept
   * @param grouping the property by which executions are grouped
   */
  constructor(order: Order, capacity: number, grouping: Grouping) {
    this.table = new GroupTable(order, capacity, grouping);
  }

  add(execution: Execution): void {
    this.overall.add(execution);
    this.table.add(execution);
  }
}
