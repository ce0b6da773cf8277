import type { Baseline } from './baseline.js';
import type { FindingKind } from './findingKind.js';

/** What breaks a build. */
export interface FailPolicy {
  readonly failOn: ReadonlySet<FindingKind>;
  /** The most rows and bytes of a result that is not read as a stream; Infinity for any number. */
  readonly maxRows: number;
  readonly maxBytes: number;
  /** The most executions of a digest in one trace or transaction; more are `repeated`. Infinity for any number. */
  readonly maxExecutions: number;
  /** The digests that are known; null without a baseline, where everything is new. */
  readonly baseline: Baseline | null;
  /** By which factor a known digest may grow beyond its baseline. */
  readonly growth: number;
}

/** Whether nothing can break it. */
export function isEmpty({ failOn, baseline }: FailPolicy): boolean {
  return failOn.size === 0 && baseline === null;
}

/** Whether it fails on any digest that is new or has grown, because it names only a baseline. */
export function failsOnAny({ failOn, baseline }: FailPolicy): boolean {
  return failOn.size === 0 && baseline !== null;
}

/** The policy without conditions: it is never broken. */
export const NO_POLICY: FailPolicy = {
  failOn: new Set(), maxRows: Infinity, maxBytes: Infinity, maxExecutions: Infinity, baseline: null, growth: 1,
};
