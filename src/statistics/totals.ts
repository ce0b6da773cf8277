import type { Execution } from './execution.js';

/** The totals over all executions. */
export class Totals {
  executions = 0;
  /** Those of them that were changes of data without a result. */
  changes = 0;
  rows = 0;
  bytes = 0;
  requestBytes = 0;
  affectedRows = 0;
  cuts = 0;
  wouldCuts = 0;
  admitted = 0;

  add({ rows, bytes, requestBytes, affectedRows, fate, hasResult }: Execution): void {
    this.executions += 1;
    if (!hasResult) this.changes += 1;
    this.rows += rows;
    this.bytes += bytes;
    this.requestBytes += requestBytes;
    this.affectedRows += affectedRows;
    if (fate === 'cut') this.cuts += 1;
    else if (fate === 'would-cut') this.wouldCuts += 1;
    else if (fate === 'admitted') this.admitted += 1;
  }
}
