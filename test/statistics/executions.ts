import type { Execution } from '../../src/statistics/execution.js';

/** An execution with these values, and plain ones for the rest. */
export const execution = (given: Partial<Execution>): Execution => ({
  digest: 'a', digestText: 'SELECT ?', sql: 'SELECT 1', atMs: 1000, rows: 1, bytes: 10, largestRowBytes: 10,
  firstRowMs: 1,
  durationMs: 2, stallMs: 0, fate: 'passed', hasResult: true, isLowerBound: false, user: 'app', schema: 'shop',
  program: '',
  client: '::1', requestBytes: 20, heaviestColumn: null, affectedRows: 0, tags: new Map(),
  ...given,
});
