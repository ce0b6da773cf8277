import { isRefusedFate, type Execution } from './execution.js';

/** The totals over all executions. */
export class Totals {
  executions = 0;
  /** The part of them that were changes of data without a result. */
  changes = 0;
  rows = 0;
  bytes = 0;
  requestBytes = 0;
  affectedRows = 0;
  cuts = 0;
  wouldCuts = 0;
  admitted = 0;
  /** Statements that were refused, and those that would have been: they are no executions. */
  refusals = 0;
  wouldRefuses = 0;

  add({ rows, bytes, requestBytes, affectedRows, fate, hasResult }: Execution): void {
    if (isRefusedFate(fate)) {
      if (fate === 'refused') this.refusals += 1;
      else this.wouldRefuses += 1;
      return;
    }
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
