import type { FailPolicy } from '../../src/report/failPolicy.js';
import { FindingTable } from '../../src/report/findingTable.js';
import { verdictOn, type Verdict } from '../../src/report/verdict.js';
import { auditRecord } from '../support/auditRecords.js';
import { enterWorld, world } from '../../src/world/world.js';

/** Noon of the day on which the tests' records are judged. */
export const NOW_MS = Date.parse('2026-11-20T12:00:00Z');

export const FOLDER = '/home/ci/shop';

/** A policy with these conditions alone. */
export const policy = (given: Partial<FailPolicy> = {}): FailPolicy => ({
  failOn: new Set(), maxRows: Infinity, maxBytes: Infinity, maxExecutions: Infinity, baseline: null, growth: 2,
  ...given,
});

/** A sample of a small result. */
export const sample = (given: object = {}): Record<string, unknown> =>
  auditRecord({ action: 'sample', reason: 'chance', rows: 1, bytes: 50, ...given });

export const refusal = (given: object = {}): Record<string, unknown> => {
  const { rows: _rows, bytes: _bytes, ...rest } = auditRecord({ event: 'refused', action: 'refuse', ...given });
  return rest;
};

/** What a policy says of these records. */
export const judge = (given: Partial<FailPolicy>, records: readonly object[]): Verdict => {
  const table = new FindingTable(policy(given), FOLDER);
  const before = enterWorld({ ...world, dateMs: () => NOW_MS });
  for (const record of records) table.add(record);
  enterWorld(before);
  return verdictOn(table, policy(given), NOW_MS);
};
