import type { Execution } from './execution.js';

/** The totals over all executions. */
export class Totals {
  executions = 0;
  rows = 0;
  bytes = 0;
  cuts = 0;
  wouldCuts = 0;
  admitted = 0;

  add({ rows, bytes, fate }: Execution): void {
    this.executions += 1;
    this.rows += rows;
    this.bytes += bytes;
    if (fate === 'cut') this.cuts += 1;
    else if (fate === 'would-cut') this.wouldCuts += 1;
    else if (fate === 'admitted') this.admitted += 1;
  }
}
