import type { Baseline } from './baseline.js';
import type { FindingKind } from './findingKind.js';

/** The conditions that break a build. */
export interface FailPolicy {
  readonly failOn: ReadonlySet<FindingKind>;
  /** The most rows and bytes of a result that is not read as a stream; Infinity for any number. */
  readonly maxRows: number;
  readonly maxBytes: number;
  /** The most executions of a digest in one trace or transaction; more are `repeated`. Infinity for any number. */
  readonly maxExecutions: number;
  /** The known digests; null without a baseline, so that each digest is new. */
  readonly baseline: Baseline | null;
  /** The factor by which a known digest may grow beyond its baseline. */
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
